"""Normal numbers many at a time: those of NumPy, one by one, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.numerics import normal_stream
from bitline.numerics.draws import Draws
from bitline.numerics.normal_stream import ENOUGH, NormalStream, is_numpys, standard_normals
from bitline.numerics.normals_numba import INSIDE, PIECE, TAIL, WIDTH

pytestmark = pytest.mark.skipif(not is_numpys(), reason="the stream is used on x86 alone")


def numpys(seed, count):
    return np.random.Generator(np.random.SFC64(seed)).standard_normal(count, dtype=np.float32)


def same(one, other):
    return np.array_equal(one.view(np.int32), other.view(np.int32))


@settings(max_examples=40)
@given(st.integers(0, 2**64), st.lists(st.integers(0, 3 * PIECE), min_size=1, max_size=12))
def test_pieces_of_any_size_are_numpys_numbers(seed, sizes):
    stream, taken = NormalStream(np.random.SFC64(seed)), [np.empty(size, np.float32) for size in sizes]
    for numbers in taken:
        stream.take(numbers)
    assert same(np.concatenate(taken), numpys(seed, sum(sizes)))


def test_millions_of_numbers_are_numpys_in_the_tail_too():
    numbers = standard_normals(np.random.SFC64(7), 4_000_000)
    assert same(numbers, numpys(7, 4_000_000))
    assert 600 < (np.abs(numbers) > TAIL).sum() < 1500  # 1048 of a normal distribution


def test_widths_and_limits_of_layers_are_numpys():
    """A generator that is handed 32 bits gives the width of a layer for place 1, and takes more beyond the limit."""
    generator = np.random.Generator(np.random.SFC64(0))
    fresh = generator.bit_generator.state

    def draw(layer, place):
        generator.bit_generator.state = {**fresh, "has_uint32": 1, "uinteger": place << 9 | layer}
        number = generator.standard_normal(dtype=np.float32)
        now = generator.bit_generator.state
        return number, all(now["state"]["state"] == fresh["state"]["state"])

    for layer in range(256):
        limit = int(INSIDE[layer])
        assert layer == 1 or draw(layer, 1) == (WIDTH[layer], True)
        assert limit == 0 or draw(layer, limit - 1)[1]
        assert not draw(layer, limit)[1]


@pytest.mark.parametrize("shape", [(3,), (ENOUGH - 1,), (ENOUGH,), (2, 3, 2000), (0, 4)])
def test_draws_have_the_same_numbers_with_the_stream_and_without(shape, monkeypatch):
    draws = Draws((0, 3, "conv1"))
    fast = draws.normal(shape, "programming error")
    monkeypatch.setattr(normal_stream, "is_numpys", lambda: False)
    plain = draws.normal(shape, "programming error")
    assert fast.shape == plain.shape == shape
    assert same(fast.numpy(), plain.numpy())


def test_a_stream_that_is_not_numpys_is_not_used(monkeypatch):
    monkeypatch.setattr(NormalStream, "take", lambda self, numbers: numbers.fill(0))
    monkeypatch.setattr(normal_stream, "is_numpys", is_numpys.__wrapped__)
    assert not normal_stream.is_numpys()
    assert same(standard_normals(np.random.SFC64(1), 5000), numpys(1, 5000))
