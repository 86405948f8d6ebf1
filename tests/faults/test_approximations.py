"""What a design's approximations are said to cost, against the nodal analysis of whole arrays."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from bitline import AnalogCore, Design, presets
from bitline.arrays import GateDrivenArray
from bitline.arrays.circuit import solve
from bitline.arrays.circuit.elements import Builder, link
from bitline.design.approximations import APPROXIMATIONS, approximations
from bitline.errors import ApproximationWarning
from bitline.evaluation.ir_drop import ir_drop

EXACT = {"adc": "none", "cell.device": "none", "weights.bits": 8, "inputs.slice_bits": 1, "array.columns": 8}
NOISY = {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.1}}


def spread(rows: int, where: str) -> np.ndarray:
    cells = np.random.default_rng(rows).random((rows, 8))
    inside = {"evenly": slice(0, rows), "at the head": slice(0, rows // 4), "at the foot": slice(3 * rows // 4, rows)}
    kept = np.zeros((rows, 1))
    kept[inside[where]] = 1
    return cells * kept + (0.5 * kept if where == "evenly" else 0)


def currents_of_a_core(cells: np.ndarray, inputs: np.ndarray, design: Design) -> np.ndarray:
    """Output currents that a core gives for cells of a positive matrix, and the cells that it has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ApproximationWarning)
        core = AnalogCore(cells.T, design, calibration=np.ones(len(cells)))
    unit = core.layer.step.numpy() * core.calibration.inputs.step * design.weights.top_digit
    return core @ inputs / unit / core.calibration.inputs.high * (1 - design.cell.window_low)


def texts(settings: dict) -> str:
    return " ".join(approximations(Design().with_settings(settings)))


@pytest.mark.parametrize("where", ["evenly", "at the head", "at the foot"])
@pytest.mark.parametrize(("rows", "segment"), [(64, 5e-5), (288, 1e-5), (288, 5e-5), (576, 1e-6)])
@pytest.mark.parametrize("source_share", [0.2, 0.5, 1.0])
def test_source_lines_fed_at_the_head(where, rows, segment, source_share):
    """Networks took array.source_feed = "head" as "foot" (5.4 % of the largest output), and no note said so."""
    wires = {"bit_line": {"segment": segment * (1 - source_share)}, "source_line": {"segment": segment * source_share}}
    array = {"kind": "gate-driven", "rows": rows, "columns": 8, "source_feed": "head", **wires}
    design = Design().with_settings({**EXACT, "inputs.bits": 1, "array": array})
    wanted = spread(rows, where)
    held = np.round(wanted / wanted.max() * 127) / 127
    exact = ir_drop(held, np.ones(rows), design.array)
    found = currents_of_a_core(held, np.ones(rows), design)
    assert np.abs(found - exact.outputs).max() <= 1e-6 * exact.ideal.max()
    assert texts({"array": {**array, "kind": "gate-driven"}, "adc": "none"}) == ""


@pytest.mark.parametrize("volts", [0.2, 0.5])
@pytest.mark.parametrize(("rows", "segment"), [(16, 1e-4), (40, 1e-3)])
def test_nonlinear_cells_on_resistive_rows(volts, rows, segment):
    """Wires of nonlinear cells were solved as those of ohmic ones (3 % of the largest output)."""
    array = {"kind": "row-driven", "rows": rows, "columns": 8}
    array |= {"word_line": {"segment": segment}, "bit_line": {"segment": segment}}
    curve = {"kind": "milo-2021", "read_voltage_V": volts}
    cell = {"on_off_ratio": 4.0, "current_voltage": curve}
    design = Design().with_settings({**EXACT, "array": array, "cell": cell, "inputs.bits": 2, "inputs.slice_bits": 2})
    wanted = spread(rows, "evenly")
    codes = np.round(wanted / wanted.max() * 127)
    inputs = np.random.default_rng(1).choice([0.0, 1 / 3, 2 / 3, 1.0], rows)
    ends = [1 / 4 + 3 / 4 * codes / 127, np.full_like(codes, 1 / 4)]
    plus, minus = (ir_drop(held, inputs, design.array, None, design.cell.current_voltage) for held in ends)
    found = currents_of_a_core(codes / 127, inputs, design)
    assert np.abs(found - (plus.outputs - minus.outputs)).max() <= 1e-6 * plus.ideal.max()
    assert texts({"array": array, "cell": cell, "adc": "none"}) == ""


@pytest.mark.parametrize("how", ["interleaved", "signed inputs"])
@pytest.mark.parametrize("source_share", [0.2, 0.5, 0.99])
def test_source_lines_of_two_supplies(how, source_share):
    """Source lines of both supplies count as one wire with the net current, and no note said so."""
    rows, segment = 288, 5e-5
    random = np.random.default_rng(2)
    matrix, sign = random.standard_normal((rows, 8)).clip(-3, 3) / 3, random.choice([-1.0, 1.0], (rows, 1))
    signed = matrix if how == "interleaved" else np.abs(matrix) * sign
    plus, minus = signed.clip(0, 1), (-signed).clip(0, 1)
    bit, source = segment * (1 - source_share), segment * source_share
    array = GateDrivenArray(rows=rows, bit_line={"segment": bit}, source_line={"segment": source}, lines="interleaved")
    exact = _two_source_lines(plus, minus, bit, source)
    solved = ir_drop(plus, np.ones(rows), array, minus)
    np.testing.assert_allclose(solved.outputs, exact, rtol=1e-9, atol=1e-9 * np.abs(exact).max())
    cells, codes = torch.from_numpy(np.stack([plus, minus])[:, None]), torch.ones(1, rows)
    if how == "signed inputs":
        array = array.model_copy(update={"lines": "separate"})
        cells, codes = torch.from_numpy(np.abs(matrix))[None, None], torch.from_numpy(sign.T)
    place = torch.zeros(1, dtype=torch.int64)
    found = array.bit_lines(cells, cells, 1).currents(codes, torch.arange(rows), place, 1)[0, :, 0]
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-7 * np.abs(exact).max())


def _two_source_lines(plus: np.ndarray, minus: np.ndarray, bit: float, source: float) -> np.ndarray:
    """Outputs of bit lines whose cells hang on source lines of both supplies, all fed at the foot."""
    builder = Builder()
    bits, above, below = (builder.grid(*plus.shape) for _ in range(3))
    outputs: list[list[int]] = [[] for _ in plus.T]
    for nodes, segment, voltage in ((bits, bit, 0.0), (above, source, 1.0), (below, source, -1.0)):
        builder.connect(nodes[:-1], nodes[1:], link(segment))
        for column in range(plus.shape[1]):
            terminal = builder.terminal(voltage, f"{voltage} {column}")
            builder.connect(nodes[-1, column : column + 1], np.array([terminal]), link(segment))
            outputs[column] += [terminal] if voltage == 0 else []
    places = np.arange(plus.size).reshape(plus.shape)
    builder.connect(above, bits, plus, places)
    builder.connect(below, bits, minus, places)
    return solve(builder.circuit(outputs, bits)).outputs


@pytest.mark.parametrize("volts", [0.1, 0.5])
@pytest.mark.parametrize("slice_bits", [1, 2])
def test_read_noise_of_nonlinear_cells(volts, slice_bits):
    """The noise of a nonlinear cell's current is sigma dI/dG; on ideal lines it was sigma V, up to 0.86 of it off."""
    curve = {"kind": "milo-2021", "read_voltage_V": volts}
    settings = {
        **NOISY,
        "cell.current_voltage": curve,
        "cell.on_off_ratio": 3.0,
        "inputs": {"bits": 5, "slice_bits": slice_bits},
    }
    design = Design().with_settings({**settings, "adc": "none"})
    assert texts({**settings, "adc": "none"}) == ""
    random = np.random.default_rng(3)
    matrix, columns = random.standard_normal((4, 5)), random.standard_normal((5, 3))
    wires = {"kind": "row-driven", "word_line": {"segment": 1e-9}, "bit_line": {"segment": 1e-9}}
    ideal, solved = (
        AnalogCore(matrix, each, calibration=columns) @ columns
        for each in (design, design.with_settings({"array": wires}))
    )
    quiet = AnalogCore(matrix, design.with_settings({"cell.read_noise": "none"}), calibration=columns) @ columns
    np.testing.assert_allclose(ideal, solved, atol=2e-4 * np.abs(ideal - quiet).max())


@pytest.mark.parametrize(
    ("kind", "lines", "over"),
    [
        ("gate-driven", "separate", "column"),
        ("gate-driven", "interleaved", "layer"),
        ("row-driven", "interleaved", "column"),
        ("row-driven, bent", "separate", "column"),
    ],
)
def test_drift_compensation_on_wires(kind, lines, over):
    """Gains against drift were those of cells without wires, up to half of what the wires cost off."""
    rows, curve = 14, {"kind": "sinh", "scale_V": 0.1} if kind.endswith("bent") else "ohmic"
    wires = {"bit_line": {"segment": 8e-3}} | ({"word_line": {"segment": 1e-2}} if "row" in kind else {})
    array = {"kind": kind.split(",")[0], "lines": lines, "rows": 8, "partitions": "full", "columns": 4, **wires}
    cell = {"device": "pcm-joshi-2020", "time": "1 day", "drift_compensation": over, "current_voltage": curve}
    design = Design().with_settings({"array": array, "cell": cell, "adc": "none", "inputs.slice_bits": 1})
    assert "drift" not in texts({"array": array, "cell": cell, "adc": "none", "inputs.slice_bits": 1})
    matrix = np.random.default_rng(0).standard_normal((4, rows))
    matrix[0], matrix[1] = 1.0, -1.0  # much current and little
    young = design.with_settings({"cell.time": 0.0})
    cores = [AnalogCore(matrix, each, calibration=np.ones(rows)) for each in (young, design)]
    alone = design.array.model_copy(update={"lines": "separate"})
    drawn = [
        sum(
            ir_drop(line[part], np.ones(len(line[part])), alone, None, design.cell.current_voltage).outputs
            for line in core.cells().on_the_array[:, 0, 0].double().numpy()
            for part in (slice(0, 8), slice(8, 14))
        )
        for core in cores
    ]
    before, now = drawn if over == "column" else [each.sum() for each in drawn]
    gain, ideal = (
        AnalogCore(matrix, each, calibration=np.ones(rows)).cells().drift_gain[0].numpy()
        for each in (design, design.with_settings({"array": {"kind": "ideal", "rows": 8, "columns": 4}}))
    )
    assert np.abs(gain - ideal).max() > 1e-2
    np.testing.assert_allclose(gain, before / now, rtol=1e-4)  # cells lie on a grid, gains do not


@pytest.mark.parametrize(("rows", "segment"), [(64, 1e-4), (288, 1e-5), (576, 1e-5)])
def test_ranges_on_wires(rows, segment):
    """Calibrated ranges are those of cells without wires."""
    array = GateDrivenArray(rows=rows, bit_line={"segment": segment})
    solved = ir_drop(np.random.default_rng(0).random((rows, 8)), np.ones(rows), array)
    assert 1 - solved.outputs.max() / solved.ideal.max() <= solved.worst
    assert "calibrated without wires" in texts({"array.kind": "gate-driven"})


def test_ranges_without_read_noise():
    """An end of a calibrated range moves by at most 4 standard deviations of the noise of an output."""
    random = np.random.default_rng(0)
    for signals in (random.standard_normal(100_000), random.random(100_000), random.random(100_000) ** 4):
        for sigma in (0.01, 0.1, 0.5):
            noisy = signals + sigma * random.standard_normal(len(signals))
            ends = [np.percentile(values, [0.01, 99.99]) for values in (signals, noisy)]
            assert (np.abs(ends[0] - ends[1]) <= 4 * sigma).all()
    for noisy in (NOISY, {"inputs.drivers.noise": 0.05}):
        assert "calibrated without the noise of reads" in texts(noisy)
    assert "calibrated without the noise" not in texts({"inputs.drivers.mismatch": 0.05})


def test_a_core_warns_of_every_approximation_and_exact_designs_of_none():
    """An approximation of which nothing says a word is a silent wrong number."""
    settings = {**EXACT, "array.kind": "gate-driven", "adc": {"kind": "uniform", "range": "calibrated"}}
    with pytest.warns(ApproximationWarning, match=r"core 'fc': ADC ranges are calibrated without wires") as seen:
        AnalogCore(np.eye(8), Design().with_settings(settings), calibration=np.ones(8), name="fc")
    assert [warning.filename for warning in seen] == [__file__] * len(seen)
    ideal = {"array": "ideal", "cell.read_noise": "none", "cell.current_voltage": "ohmic"}
    assert not any(approximations(Design.load(name).with_settings(ideal)) for name in presets())
    rule = {"match": "fc", "set": {**NOISY, "adc.range": "calibrated"}}
    assert len(approximations(Design(layers=[rule]))) == 1
    assert len(set(APPROXIMATIONS.values())) == len(APPROXIMATIONS)
