"""oneDNN's packed weights come back as they were; kernels of several matrices stay beside."""

from __future__ import annotations

import pytest
import torch

from bitline.arrays.integer import onednn
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.onednn import OnednnMultiply
from bitline.arrays.integer.windows import Windows

SHAPES = {
    "matrix": ((64, 96, 1, 1), Windows(), 1),
    "matrices": ((60, 20, 1, 1), Windows(), 3),
    "kernels": ((24, 5, 3, 3), Windows((2, 1), (1, 1)), 1),
    "groups": ((24, 4, 3, 3), Windows(padding=(1, 1)), 3),
    "depthwise": ((12, 1, 3, 3), Windows(padding=(1, 1)), 12),
}


def products(shape, windows, matrices, zero, pixels=(6, 5)):
    """Both ways to multiply, and images for them."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randint(-128, 128, shape, generator=generator).to(torch.int8) for _ in range(2)]
    pieces = [(weights[0], 1.0), (weights[1], 256.0)]
    images = torch.randint(0, 256, (7, matrices * shape[1], *pixels), generator=generator).to(torch.uint8)
    images = images.contiguous(memory_format=torch.channels_last)
    return [kind(list(pieces), windows, matrices, zero) for kind in (OnednnMultiply, FloatingMultiply)], images


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("zero", [0, 128])
def test_batches_of_many_sizes_have_the_same_products_whatever_is_kept(name, zero):
    (fast, plain), images = products(*SHAPES[name], zero)
    for size in (7, 2, 1, 5, 7):
        assert torch.equal(fast(images[:size]), plain(images[:size]))
        assert (fast._weights is None) == (name in ("matrix", "matrices", "kernels"))
        assert len(fast._packed) <= onednn.PACKED


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("comes", ["nothing", "something else"])
def test_plain_weights_stay_where_they_do_not_come_back(monkeypatch, comes):
    (fast, plain), images = products(*SHAPES["matrix"], 128)
    other = None if comes == "nothing" else [torch.zeros(SHAPES["matrix"][0], dtype=torch.int8)] * 2
    monkeypatch.setattr(onednn, "_unpacked", lambda packed: other)
    for size in (7, 2, 5):
        assert torch.equal(fast(images[:size]), plain(images[:size]))
        assert fast._weights is not None


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("described", [True, False])
def test_weights_are_packed_once_for_all_shapes_that_want_the_same_format(monkeypatch, described):
    packs = []
    pack = onednn._pack
    monkeypatch.setattr(onednn, "_pack", lambda weights, *others: packs.append(weights.shape) or pack(weights, *others))
    if not described:
        monkeypatch.setattr(torch.ops.mkldnn, "_get_mkldnn_serialized_md", None)
    onednn._format.cache_clear()
    (fast, plain), images = products((384, 64, 1, 1), Windows(), 1, 128, pixels=(200, 1))
    for positions in (200, 150, 1, 3, 180, 2, 200):
        part = images[:, :, :positions].contiguous(memory_format=torch.channels_last)
        assert torch.equal(fast(part), plain(part))
    onednn._format.cache_clear()
    pieces = 2
    if described:
        assert len(packs) <= pieces * onednn.PACKED + 6
    else:
        assert len(packs) == pieces * 7
