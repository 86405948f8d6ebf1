"""Converters with circuit errors: ideal without them, lawful with them, exact in every plan."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import designs, inputs_for, matrices

from bitline import AnalogCore, Design
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.readout import TransferTable, lookup_and_add
from bitline.readout.curves import curves_of
from bitline.readout.lookup import plain_lookup_and_add

KINDS = ["ramp", "sar", "split-sar", "pipeline", "cyclic", "flash"]


def converter(kind, **settings):
    return Design().with_settings({"adc": {"kind": kind, **settings}}).adc


def error_of(kind, size):
    return {"flash": {"resistor_mismatch": size}}.get(kind, {"capacitor_mismatch": size})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [2, 3, 7, 8, 11])
def test_without_errors_every_code_is_the_ideal_one(kind, bits):
    adc = converter(kind, bits=bits)
    assert adc.is_ideal
    table = adc.tables(2, 3, Draws((0,)))
    signals = torch.arange(-2 * 16, (2**bits + 1) * 16, dtype=torch.float64) / 16 + 0.01
    expected = signals.round().clamp(0, 2**bits - 1)
    assert torch.equal(table.convert(signals.expand(2, 3, -1)), expected.expand(2, 3, -1))


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(2, 9), st.floats(0.001, 0.2), st.floats(0, 2), st.integers(0, 1000))
@settings(max_examples=25)
def test_curves_are_tables_of_steps(kind, bits, mismatch, offset, seed):
    adc = converter(kind, bits=bits, comparator_offset_steps=offset, **error_of(kind, mismatch))
    table = adc.tables(2, 2, Draws((seed,)))
    finite = table.edges.nan_to_num(posinf=1e9)
    assert bool((finite[..., 1:] >= finite[..., :-1]).all())
    assert table.codes.min() >= 0 and table.codes.max() <= 2**bits - 1
    assert bool((table.codes == table.codes.round()).all())
    if kind in ("ramp", "flash", "sar", "split-sar"):
        assert bool((table.codes.diff(dim=-1) >= 0).all())


@pytest.mark.parametrize("kind", ["sar", "split-sar"])
@given(st.integers(2, 8), st.floats(0.0, 0.4), st.integers(0, 1000))
@settings(max_examples=30)
def test_sar_edges_are_those_of_the_search(kind, bits, mismatch, seed):
    """Against the search itself, bit by bit with the actual capacitors."""
    adc = converter(kind, bits=bits, capacitor_mismatch=mismatch)
    draws = Draws((seed,))
    weights = adc._weights(draws, 1, 1)[0, 0].numpy()
    signals = np.random.default_rng(seed).uniform(-1, 2**bits, 300)
    codes = np.zeros(300, int)
    for bit in reversed(range(bits)):
        tried = codes | (1 << bit)
        dac = sum(((tried >> k) & 1) * weights[k] for k in range(bits))
        codes = np.where(signals >= dac - 0.5, tried, codes)
    table = adc.tables(1, 1, draws)
    found = table.convert(torch.from_numpy(signals)[None, None])[0, 0].numpy()
    edges = table.edges[0, 0].double().numpy()
    clear = np.abs(signals[:, None] - edges).min(1) > 1e-4
    np.testing.assert_array_equal(found[clear], codes[clear])


@pytest.mark.parametrize("kind", ["pipeline", "cyclic"])
@given(st.integers(2, 9), st.floats(0.0, 0.2), st.floats(0, 20), st.integers(0, 1000))
@settings(max_examples=30)
def test_pipeline_curves_are_those_of_the_stages(kind, bits, mismatch, offset, seed):
    """Against the residues themselves, stage by stage."""
    adc = converter(kind, bits=bits, capacitor_mismatch=mismatch, comparator_offset_steps=offset, amplifier_gain=100.0)
    draws = Draws((seed,))
    count = bits - 1 if kind == "pipeline" else 1
    gains = (1 + mismatch * draws.normal((1, 1, count), "capacitors").double().numpy()[0, 0]) * (1 - 2 / 100)
    offsets = offset * 2 / 2**bits * draws.normal((1, 1, count, 2), "comparators").double().numpy()[0, 0]
    last = offset * 2 / 2**bits * draws.normal((1, 1), "last comparator").double().numpy()[0, 0]
    signals = np.random.default_rng(seed).uniform(-0.5, 2**bits - 0.5, 400)
    residue = (signals + 0.5) / 2 ** (bits - 1) - 1
    digits = np.zeros(400)
    for stage in range(bits - 1):
        low, high = offsets[stage % count]
        decision = np.where(residue >= 0.25 + high, 1.0, np.where(residue >= -0.25 + low, 0.0, -1.0))
        digits += 2.0 ** (bits - 2 - stage) * decision
        residue = (2 * residue - decision) * gains[stage % count]
    expected = np.clip(digits + (residue >= last) + 2 ** (bits - 1) - 1, 0, 2**bits - 1)
    table = adc.tables(1, 1, draws)
    found = table.convert(torch.from_numpy(signals)[None, None])[0, 0].numpy()
    edges = table.edges[0, 0].double().numpy()
    clear = np.abs(signals[:, None] - edges[np.isfinite(edges)]).min(1) > 1e-3
    np.testing.assert_array_equal(found[clear], expected[clear])


def test_redundancy_corrects_offsets_of_the_comparators():
    steps = 0.1 * 2**8 / 2  # a tenth of the reference, below the quarter that the digits correct
    offset = converter("pipeline", comparator_offset_steps=steps / 3)
    flash = converter("flash", comparator_offset_steps=steps / 3)
    assert float(curves_of(offset).effective_bits.median()) > 7
    assert float(curves_of(flash).effective_bits.median()) < 6


def test_known_figures_of_merit():
    ideal = curves_of(converter("uniform"))
    assert float(ideal.inl.abs().max()) < 1e-6
    assert float(ideal.dnl.abs().max()) < 1e-6
    assert float(ideal.effective_bits[0]) == pytest.approx(8, abs=0.03)
    # the middle of a ramp of n units has INL sigma / 2 sqrt(n) (bridge of a random walk)
    ramp = curves_of(converter("ramp", capacitor_mismatch=0.05), converters=800)
    assert float(ramp.inl[:, 127].std()) == pytest.approx(0.05 * math.sqrt(256) / 2, rel=0.1)
    # noise of half a step against 1/sqrt(12): effective bits fall by log2 of the ratio of the sums
    noisy = curves_of(converter("uniform", noise_steps=0.5))
    expected = 8 - 0.5 * math.log2((1 / 12 + 0.25) * 12)
    assert float(noisy.effective_bits.mean()) == pytest.approx(expected, abs=0.1)


def test_thermal_noise_is_kt_over_c():
    adc = converter("uniform", bits=10, thermal_noise={"capacitance_fF": 10.0, "full_scale_V": 0.5, "samples": 8})
    volts = math.sqrt(8 * 1.380649e-23 * 300 / 10e-15)
    assert adc.noise == pytest.approx(volts * 1024 / 0.5)


def test_columns_share_converters_and_ramps():
    ramp = converter("ramp", capacitor_mismatch=0.05, comparator_offset_steps=0.5).tables(2, 5, Draws((0,)))
    difference = ramp.edges[0, 1] - ramp.edges[0, 0]
    assert float(difference.std()) < 0.05 < float((ramp.edges[0, 0] - ramp.edges[1, 0]).std())
    matrix = np.tile(np.random.default_rng(0).standard_normal((1, 50)), (6, 1)).astype(np.float32)
    inputs = inputs_for(50, 200, 0, False)
    base = {"adc": {"kind": "sar", "bits": 6, "capacitor_mismatch": 0.3, "columns_per_adc": 3}}
    outputs = AnalogCore(matrix, Design().with_settings(base), calibration=inputs) @ inputs
    assert np.array_equal(outputs[0], outputs[1]) and np.array_equal(outputs[0], outputs[2])
    assert not np.array_equal(outputs[0], outputs[3])


@settings(max_examples=100)
@given(
    designs(adc=True),
    matrices(),
    st.sampled_from(KINDS),
    st.integers(2, 7),
    st.integers(1, 3),
    st.integers(0, 1000),
    st.booleans(),
)
def test_every_plan_equals_the_literal_chain_with_real_converters(design, matrix, kind, bits, share, seed, signed):
    adc = {"kind": kind, "bits": bits, "comparator_offset_steps": 0.3, "columns_per_adc": share, **error_of(kind, 0.1)}
    design = design.with_settings({"adc": {**adc, "range": "calibrated" if seed % 2 else "full"}})
    inputs = inputs_for(matrix.shape[1], 3, seed, signed)
    core = AnalogCore(matrix, design, calibration=inputs, seed=seed)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max(initial=1e-6) + 1e-6
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()


@settings(max_examples=40)
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(2, 6), st.integers(0, 99)
)
def test_kernel_equals_the_readable_lookup(groups, conversions, columns, positions, bits, seed):
    generator = torch.Generator().manual_seed(seed)
    edges = (torch.rand(groups * conversions, 2, 2**bits - 1, generator=generator) * 2**bits).sort(-1).values
    codes = torch.randint(0, 2**bits, (groups * conversions, 2, 2**bits), generator=generator).float()
    table = TransferTable(edges, codes)
    signals = torch.randn(2 * groups, conversions, columns, positions, generator=generator) * 2**bits
    shape = (groups, conversions, columns)
    owner = torch.randint(0, 2 * groups * conversions, shape, generator=generator)
    scale, low, factor = torch.rand(shape) + 0.5, torch.randn(shape).round(), torch.rand(shape)
    signals[torch.rand(signals.shape, generator=generator) < 0.1] = torch.nan
    arguments = (signals, table, owner, scale, low, factor)
    torch.testing.assert_close(lookup_and_add(*arguments), plain_lookup_and_add(*arguments))


def test_a_signal_on_an_edge_has_the_code_above_it():
    edges = torch.tensor([0.5, 1.75, 2.5])
    table = TransferTable.monotonic(edges[None, None])
    assert table.convert(edges[None, None]).flatten().tolist() == [1, 2, 3]
    ones = torch.ones(1, 1, 1)
    arguments = (edges[None, None, None], table, torch.zeros(1, 1, 1, dtype=torch.long), ones, 0 * ones, ones)
    for convert in (lookup_and_add, plain_lookup_and_add):
        assert convert(*arguments).flatten().tolist() == [1, 2, 3]


def test_converter_noise_has_its_spread():
    matrix = np.eye(4, dtype=np.float32)
    inputs = np.tile(np.array([[0.1], [0.4], [0.7], [1.0]], dtype=np.float32), (1, 4000))
    base = {"adc": {"kind": "uniform", "bits": 12, "range": "full", "noise_steps": 5.0}, "array.rows": 4}
    core = AnalogCore(matrix, Design().with_settings(base), calibration=inputs[:, :10])
    unit = 255 * core.calibration.inputs.step  # output of a signal of 1: the largest weight, 1, and the largest input
    spread = (core @ inputs).std(1) / (core.calibration.levels.step[0] * unit)
    np.testing.assert_allclose(spread, math.sqrt(25 + 1 / 12), rtol=0.05)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "sar", "bits": 15}, "adc.bits is 15"),
        ({"kind": "sar", "capacitor_mismatch": -0.1}, "adc.capacitor_mismatch is -0.1"),
        ({"kind": "ramp", "range": "guaranteed"}, "adc.kind = 'uniform'"),
        ({"kind": "pipeline", "amplifier_gain": 1.0}, "adc.amplifier_gain is 1.0"),
    ],
)
def test_impossible_converters_are_refused(settings, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings({"adc": settings})


def test_choosing_another_converter_keeps_its_resolution():
    design = Design().with_settings({"adc.bits": 6, "adc.range": "full"}).with_settings({"adc.kind": "sar"})
    assert (design.adc.kind, design.adc.bits, design.adc.range.kind) == ("sar", 6, "full")
    assert design.with_settings({"adc": "none"}).adc.kind == "none"


@settings(max_examples=60)
@given(designs(adc=True), matrices(), st.lists(st.integers(0, 2), min_size=1, max_size=4), st.integers(0, 1000))
def test_coarser_conversions_of_low_order_bits_equal_the_literal_chain(design, matrix, saved, seed):
    accumulation = "digital" if design.inputs.accumulation == "analog" else design.inputs.accumulation
    most = max(1, design.inputs.bits // 2)  # two conversions or more
    slicing = {"inputs.slice_bits": min(design.inputs.slice_bits, most), "inputs.analog_slices": 1}
    design = design.with_settings({"inputs.accumulation": accumulation, "adc.range": "full", "adc.bits": 7, **slicing})
    design = design.with_settings({"adc.bits_saved": saved})
    inputs = inputs_for(matrix.shape[1], 3, seed, False)
    core = AnalogCore(matrix, design, calibration=inputs, seed=seed)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max(initial=1e-6) + 1e-6
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()


@pytest.mark.parametrize("changed", [{"adc.skip_zero_inputs": True}, {"adc.ranges_per": ["column"]}])
def test_coarser_conversions_have_the_noise_of_their_converter(changed):
    """It is in steps of the whole converter; with levels of columns it was 2^saved times as large."""
    inputs = {"bits": 6, "slice_bits": 2, "accumulation": "digital"}
    adc = {"bits": 8, "noise_steps": 2.0, "bits_saved": [3, 3, 3]}
    plain = Design().with_settings({"cell.device": "none", "inputs": inputs, "adc": adc})
    matrix, inputs = (torch.rand(shape, generator=torch.Generator().manual_seed(0)) for shape in ((12, 40), (40, 64)))
    errors = [
        float((AnalogCore(matrix, design, calibration=inputs) @ inputs - matrix @ inputs).std())
        for design in (plain, plain.with_settings(changed))
    ]
    assert errors[1] == pytest.approx(errors[0], rel=0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"adc.bits_saved": [1]}, "use inputs.accumulation = 'digital'"),
        ({"adc.bits_saved": [8], "inputs.accumulation": "digital"}, "has none left"),
        ({"adc.bits_saved": [3], "inputs.accumulation": "digital", "inputs.slice_bits": 8}, "have one conversion"),
        ({"adc.bits_saved": [3], "inputs.accumulation": "mixed", "inputs.analog_slices": 8}, "have one conversion"),
        (
            {"adc": {"kind": "sar", "bits_saved": [1]}, "inputs.accumulation": "digital"},
            "for adc.kind = 'uniform' only",
        ),
    ],
)
def test_impossible_savings_are_refused(settings, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings(settings)


def test_a_converter_of_the_users_is_found_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "mylab_adc.py").write_text(
        "from bitline.readout import CircuitAdc, TransferTable, ideal_edges\n"
        "class Shifted(CircuitAdc):\n"
        "    bits: int = 5\n"
        "    shift: float = 0.25\n"
        "    @property\n"
        "    def is_ideal(self):\n"
        "        return self.shift == 0\n"
        "    def tables(self, arrays, converters, draws):\n"
        "        return TransferTable.monotonic(ideal_edges(self.bits).expand(arrays, converters, -1) + self.shift)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    design = Design(adc={"kind": "mylab_adc:Shifted", "shift": 0.5})
    assert design.adc.bits == 5  # the default of the class
    edges = design.adc.tables(1, 1, Draws((0,))).edges.flatten()
    assert torch.equal(edges, torch.arange(2**5 - 1) + 1.0)
    assert Design.from_toml(design.to_toml()) == design
    assert design.with_settings({"adc.shift": 0}).adc.is_ideal
    assert not design.with_settings({"adc.bits": 6}).adc.is_ideal


def test_a_converter_of_the_users_without_errors_gives_the_ideal_result(tmp_path, monkeypatch):
    (tmp_path / "mylab_ideal.py").write_text(
        "from bitline.readout import CircuitAdc, TransferTable, ideal_edges\n"
        "class Plain(CircuitAdc):\n"
        "    @property\n"
        "    def is_ideal(self):\n"
        "        return False\n"
        "    def tables(self, arrays, converters, draws):\n"
        "        return TransferTable.monotonic(ideal_edges(self.bits).expand(arrays, converters, -1))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    torch.manual_seed(0)
    matrix, inputs = torch.randn(8, 60), torch.rand(60, 20)
    uniform = Design(adc={"bits": 6})
    cores = [
        AnalogCore(matrix, design, calibration=inputs)
        for design in (uniform, uniform.with_settings({"adc.kind": "mylab_ideal:Plain"}))
    ]
    assert torch.allclose(cores[0] @ inputs, cores[1] @ inputs)


@pytest.mark.parametrize(
    ("adc", "words"),
    [
        ({"kind": "nolab:Shifted"}, "nolab cannot be imported"),
        ({"kind": "bitline.readout:Adc"}, r"no class 'Adc' derived from bitline\.readout\.CircuitAdc"),
        ({"kind": "bitline.readout.architectures:RampAdc", "bend": 1}, "bend: Extra inputs"),
        ({"kind": "bitline.readout.architectures:RampAdc", "range": "guaranteed"}, r"^[^V]*adc\.range is 'guaranteed'"),
        ({"kind": "bent"}, "use one of uniform, ramp, .*package.module:Class"),
    ],
)
def test_impossible_converters_of_the_users_are_refused(adc, words):
    with pytest.raises(DesignError, match=words):
        Design(adc=adc)
