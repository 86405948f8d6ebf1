"""What classes of users return is checked before anything is computed with it, and errors name their lines."""

import math

import pytest
import torch

from bitline import AnalogCore, Design
from bitline.design.approximations import device_notes
from bitline.errors import DesignError, DeviceError

HEAD = """\
import math
import torch
from bitline.devices import CurrentVoltage, Device

class Mine(Device):
    def program(self, target, draws):
        return target
"""
LINE = HEAD.count("\n") + 1
AGED = {"cell.time": "1 day", "cell.drift_compensation": "column"}
VERIFIED = {"cell.programming": {"kind": "write-verify", "tolerance": 0.01}}
NOISE = {"cell.read_noise": {"kind": "state-independent", "alpha": 0.01}}
WIRES = {"array": {"kind": "row-driven", "bit_line": {"segment": 1e-3}}}


@pytest.fixture
def mine(tmp_path, monkeypatch, request):
    """The design of a device that has one method of this text."""

    def design(text, section="cell.device", **settings):
        name = f"users_{abs(hash((request.node.name, text)))}"
        base = "CurrentVoltage" if section == "cell.current_voltage" else "Mine"
        (tmp_path / f"{name}.py").write_text(f"{HEAD}class Own({base}):\n    {text}\n")
        monkeypatch.syspath_prepend(tmp_path)
        return Design.load("differential").with_settings({section: {"kind": f"{name}:Own"}, **settings})

    return design


def outputs(design):
    matrix = torch.linspace(-1, 1, 6 * 40).reshape(6, 40)
    inputs = torch.linspace(0, 1, 40 * 20).reshape(40, 20)
    return AnalogCore(matrix, design, calibration=inputs) @ inputs


PROGRAM = "def program(self, target, draws): return "
AGE = "def aged(self, programmed, target, seconds, draws): return "
READ = "def read_noise(self, conductance, programmed, seconds): return "
CURVE = "def current(self, conductance, voltage): return "


@pytest.mark.parametrize("more", [{}, AGED, VERIFIED], ids=["once", "aged", "verified"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            PROGRAM + "target * math.nan",
            "returned nan for 480 of 480 cells, first for target = 0: return G/G_max, a finite",
        ),
        (PROGRAM + "target.where(target < 1, math.inf)", r"returned inf for \d of 480 cells, first for target = 1: "),
        (PROGRAM + "1e30 * target", r"returned .*e\+27 for .*: return conductances as fractions of G_max"),
        (PROGRAM + "None", "returned None: return a torch.Tensor of the shape of target"),
        (PROGRAM + "0.5", "returned 0.5: return a torch.Tensor"),
        (PROGRAM + "target.numpy()", "returned an ndarray: return a torch.Tensor"),
        (PROGRAM + "target.transpose(-1, -2)", r"returned a tensor of the shape \(2, 1, 1, 6, 40\) for target of the"),
        (PROGRAM + "target[..., :1]", r"the shape \(2, 1, 1, 40, 1\) for target of the shape \(2, 1, 1, 40, 6\)"),
        (PROGRAM + "target.mean()", r"the shape \(\) for target"),
        (PROGRAM + "target * 1j", "returned complex numbers"),
        (PROGRAM + "target.to_sparse()", "is a sparse tensor"),
        (PROGRAM + "target.mul_(0.5)", r"changes its argument target: start with target.clone\(\)"),
        (AGE + "programmed * math.nan", "returned nan for 480 of 480 cells, first for programmed = "),
        (AGE + "programmed[..., :1]", "for programmed of the shape"),
        (AGE + "programmed.mul_(0.5)", "changes its argument programmed"),
        (AGE + "target.mul_(0.5)", "changes its argument target"),
        (
            READ + "conductance * math.nan",
            "returned nan for 480 of 480 cells, first for conductance = 0: return the stand",
        ),
        (READ + "conductance[..., :1]", r"the shape \(2, 1, 1, 40, 1\) for conductance"),
        (READ + "0.01", "returned 0.01: return a torch.Tensor"),
        (READ + "-0.1 * conductance", r"first for conductance = .*: return what is at least 0, such as with .abs\(\)"),
    ],
)
def test_what_no_cell_can_have_is_refused(mine, text, words, more):
    """NaN ended as an accuracy of 10 %; a column was broadcast over all without a word."""
    name = text.split("(")[0].removeprefix("def ")
    with pytest.raises(DeviceError, match=words) as error:
        outputs(mine(text, **more))
    if "sparse" not in words:
        error.match(rf"whose {name} \(.*users_\d+.py:{LINE + 1}\)")


@pytest.mark.parametrize(
    "result",
    ["target + 0.1", "target.double() + 0.1", "target.half().float() + 0.1", "(target + 0.1).requires_grad_()"],
)
def test_any_real_type_will_do(mine, result):
    assert torch.allclose(outputs(mine(PROGRAM + result)), outputs(mine(PROGRAM + "target + 0.1")), atol=0.1)


def test_whole_numbers_and_truth_values_are_conductances(mine):
    wanted = outputs(mine(PROGRAM + "(target > 0.5).float()"))
    for kind in ("(target > 0.5)", "(target > 0.5).int()", "(target > 0.5).double()"):
        assert torch.equal(outputs(mine(PROGRAM + kind)), wanted)


@pytest.mark.parametrize(("name", "value"), [("default_on_off_ratio", "math.nan"), ("default_on_off_ratio", "'20'")])
def test_ratios_that_are_no_numbers_are_refused(mine, name, value):
    with pytest.raises(DesignError, match=rf"whose {name} \(.*:{LINE + 1}\) is .*: make it a @property that returns"):
        mine(f"{name} = property(lambda self: {value})")


@pytest.mark.parametrize("name", ["default_on_off_ratio", "is_exact"])
def test_methods_in_the_place_of_properties_are_refused(mine, name):
    """A method is true, so that all cells were taken for exact."""
    with pytest.raises(DesignError, match=rf"whose {name} .* is a method: make it a @property"):
        mine(f"def {name}(self): return False")


@pytest.mark.parametrize("more", [{}, WIRES], ids=["ideal", "wires"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CURVE + "conductance * voltage * math.nan", "returned nan for .* of .* cells, first for conductance = "),
        (CURVE + "(conductance * voltage).sum()", r"returned a tensor of the shape \(\) for conductance"),
        (CURVE + "(conductance * voltage)[..., :1]", "returned a tensor of the shape"),
        (CURVE + "None", "returned None: return a torch.Tensor"),
    ],
)
def test_currents_that_no_cell_can_have_are_refused(mine, text, words, more):
    with pytest.raises(DeviceError, match=words) as error:
        outputs(mine(text, "cell.current_voltage", **{"inputs.slice_bits": 8, **more}))
    error.match(rf"whose current \(.*users_\d+.py:{LINE + 1}\)")


def test_currents_must_have_slopes_where_they_are_used(mine):
    text = CURVE + "conductance.detach() * torch.as_tensor(voltage).detach()"
    with pytest.raises(DeviceError, match="cannot be differentiated by PyTorch"):
        outputs(mine(text, "cell.current_voltage", **{"inputs.slice_bits": 8, **NOISE}))


def test_current_takes_a_conductance_and_a_voltage(mine):
    with pytest.raises(
        DesignError, match=r"takes \(self, volts\), but bitline calls it with \(self, conductance, volt"
    ):
        mine("def current(self, volts): return volts", "cell.current_voltage")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("target", None),
        ("1.5 * target", None),
        ("target + 0.2 * draws.normal(target.shape, 'error')", None),
        ("-5 * target", "typical cells -5 times"),
        ("25e-6 * target", "typical cells 2.5e-05 times"),
        ("100 * target", "typical cells 100 times"),
        ("target + torch.randn(target.shape)", "other cells each time it is called with the same draws"),
    ],
)
def test_what_hardly_any_device_does_is_told(mine, result, words):
    """Dead cells may be meant, so that results are there; their readers know."""
    notes = device_notes(mine(PROGRAM + result))
    assert (not notes) if words is None else any(words in note for note in notes)


def test_a_class_that_knows_its_layer_only_is_left_in_peace(mine):
    design = mine(PROGRAM + "target * torch.ones(2, 1, 1, 40, 6)")
    assert device_notes(design) == ()
    assert bool(outputs(design).isfinite().all())


def test_currents_without_a_voltage_are_told(mine):
    design = mine(CURVE + "conductance * voltage + 0.1", "cell.current_voltage", **{"inputs.slice_bits": 8})
    assert any("gives a current of up to 0.1 G_max V_read at 0 V" in note for note in device_notes(design))
    assert math.isfinite(float(outputs(design).std()))
