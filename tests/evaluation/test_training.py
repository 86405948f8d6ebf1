"""Training under the hardware: gradients are those that are promised, and small networks gain what they should."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, conversion_of, convert, evaluate
from bitline.errors import CalibrationError, DataError, DesignError
from bitline.evaluation.remedies import (
    CalibratedRanges,
    LearntRanges,
    ProgrammedWeights,
    WholeChip,
    fine_tune,
    likely_loss,
)
from bitline.measures.accuracy import Accuracy
from bitline.nn import computing
from bitline.quantize import straight_through

PASSES = [WholeChip(), ProgrammedWeights()]
ROUGH = {"cell.device": {"kind": "state-independent", "alpha": 0.05}, "adc": "none"}


def images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def network(layer: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for weight in layer.parameters():
        nn.init.uniform_(weight, -1, 1, generator=generator)
    return layer.eval()


@pytest.mark.parametrize(
    ("labels", "metric", "words"),
    [
        (None, "accuracy", "training needs targets, and the data has none: give labels="),
        (["cat", "dog"] * 4, "mse", "training needs targets that are numbers, not names such as 'cat'"),
    ],
)
def test_training_without_numbers_to_learn_is_refused(labels, metric, words):
    """It ended in a RuntimeError of PyTorch's."""
    with pytest.raises(DataError, match=words):
        fine_tune(nn.Linear(4, 3), Design(), images(8, 4), labels, images(4, 4), metric=metric)


def test_the_gradient_of_a_range_is_that_of_finite_differences():
    """With many codes rounding is nothing, and clipping is left."""
    x, top = torch.randn(200, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), 2**40
    logarithm = torch.tensor(-0.3, dtype=torch.float64, requires_grad=True)

    def loss(logarithm: torch.Tensor) -> torch.Tensor:
        return (straight_through(x, logarithm.exp() / top, -top, top) - 0.7).square().sum()

    loss(logarithm).backward()
    with torch.no_grad():
        slope = (loss(logarithm + 1e-6) - loss(logarithm - 1e-6)) / 2e-6
    assert float(logarithm.grad) == pytest.approx(float(slope), rel=1e-6)


def test_the_gradient_of_a_step_is_that_of_its_source():
    """Esser et al. 2020, eq. 3."""
    x, step = torch.tensor([-9.0, -0.3, 0.2, 0.62, 9.0]), torch.tensor(0.5, requires_grad=True)
    straight_through(x, step, -7, 7).backward(torch.ones(5))
    assert float(step.grad) == pytest.approx(-7 + 0.6 - 1 - 0.4 + 1 - 1.24 + 7, abs=1e-6)


@pytest.mark.parametrize("passes", PASSES, ids=lambda passes: type(passes).__name__)
def test_learnt_ranges_get_that_gradient_through_the_layer(passes):
    layer = network(nn.Linear(6, 3, bias=False))
    analog = convert(layer, Design.load("ideal").with_settings({"inputs.bits": 4}), images(20, 6))
    moving = LearntRanges().begin(analog)
    (logarithm,) = moving.learnt()[0]["params"]
    x = 2 * images(5, 6)
    with computing(analog, passes.of_step(moving)):
        analog(x).sum().backward()
    scale = analog.calibration.inputs
    codes = x / scale.step
    by_step = torch.where(codes > scale.high, torch.tensor(float(scale.high)), codes.round() - codes)
    weights = layer.weight if isinstance(passes, WholeChip) else analog(torch.eye(6) * scale.step).T / scale.step
    expected = scale.step * (by_step @ weights.T).sum()  # the range is the exponential of what is learnt
    assert float(logarithm.grad) == pytest.approx(float(expected.detach()), rel=1e-4)


LAYERS = {
    "linear": (lambda: nn.Linear(6, 4), (5, 6)),
    "convolution": (lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 5, 5)),
    "transposed": (lambda: nn.ConvTranspose1d(3, 2, 3, stride=2), (2, 3, 6)),
}
DESIGNS = {
    "differential": {},
    "slices": {"weights.bits_per_cell": 2},
    "per vector": {"inputs.range": "per-vector", "weights.scale": "channel"},
    "offset": {"weights.kind": "offset", "weights.subtraction": "unit-column", "cell.on_off_ratio": 10},
    "drift": {"cell.device": "pcm-joshi-2020", "cell.time": "1 day", "cell.drift_compensation": "column"},
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("linear", name) for name in ("slices", "offset", "drift", "per vector")]
    + [("convolution", "offset"), ("convolution", "per vector"), ("transposed", "differential")],
)
def test_programmed_weights_are_those_of_the_chip_in_both_directions(kind, name):
    make, shape = LAYERS[kind]
    settings = {**ROUGH, **DESIGNS[name], "cell.read_noise": "none"}
    analog = convert(network(make()), Design.load("differential").with_settings(settings), images(8, *shape[1:]))
    ranges = CalibratedRanges().begin(analog)
    x = (0.9 * images(*shape)).requires_grad_()
    with computing(analog, ProgrammedWeights().of_step(ranges)):
        trained = analog(x)
    with torch.no_grad():
        computed = analog(x)
    torch.testing.assert_close(trained, computed, rtol=1e-4, atol=1e-4 * float(computed.abs().max()))
    if name == "per vector":
        return  # one input moves the codes of all others
    (layer,) = analog_layers(analog)
    code, direction, place = layer.calibration.inputs.step, images(*computed.shape), (0,) * len(shape)
    (by_input,) = torch.autograd.grad(trained, x, direction)
    before, after = x.detach().clone(), x.detach().clone()
    before[place], after[place] = 40 * code, 41 * code
    with torch.no_grad():
        slope = ((analog(after) - analog(before)) * direction).sum() / code
    assert float(by_input[place]) == pytest.approx(float(slope), rel=0.02, abs=0.02)


def test_the_gradient_of_programmed_weights_goes_straight_to_the_float_weights():
    layer = network(nn.Linear(6, 4))
    analog = convert(layer, Design.load("differential").with_settings(ROUGH), images(8, 6))
    x = 0.9 * images(5, 6)
    with computing(analog, ProgrammedWeights().of_step(CalibratedRanges().begin(analog))):
        analog(x).sum().backward()
    step = analog.calibration.inputs.step
    torch.testing.assert_close(analog.weight.grad, ((x / step).round() * step).sum(0).expand(4, 6))
    torch.testing.assert_close(analog.bias.grad, torch.full((4,), 5.0))


def outlying() -> tuple[torch.Tensor, torch.Tensor]:
    """Points whose small coordinates tell their class, and whose first one is large and tells nothing."""
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(256, 6, generator=generator)
    labels = (x[:, 1:].sum(1) > 0).long()
    x[:, 0] = torch.where(torch.arange(256) % 8 == 0, 40.0, 0.0)
    return x, labels


@pytest.mark.parametrize("passes", PASSES, ids=lambda passes: type(passes).__name__)
def test_a_small_network_learns_ranges_that_outliers_do_not_decide(passes):
    x, labels = outlying()
    given = {"inputs.bits": 5, "inputs.range": {"kind": "percentile", "percentile": 100.0}, **ROUGH}
    design = Design.load("differential").with_settings(given)
    options = {"epochs": 4, "learning_rate": 0.1, "batch": 64, "forward": passes}
    trained = {
        ranges: fine_tune(network(nn.Linear(6, 2)), design, x, labels, x[:64], ranges=ranges, **options)
        for ranges in (CalibratedRanges(), LearntRanges(learning_rate=0.3))
    }
    kept, learnt = trained.values()
    assert kept.design == design
    accuracies = [evaluate(each.network, each.design, x, labels, x[:64], chips=1).mean for each in (kept, learnt)]
    assert accuracies[1] > max(accuracies[0] + 0.1, 0.85)
    high = learnt.design.for_layer("linear").inputs.range.high
    assert high < 20
    scale = conversion_of(convert(learnt.network, learnt.design, x[:64])).calibration.layers["linear"].inputs
    assert scale.step * scale.high == pytest.approx(high)


def test_adc_ranges_follow_the_ranges_of_inputs():
    x, labels = outlying()
    design = Design.load("differential").with_settings({"inputs.bits": 5, "cell.device": "none"})
    options = {"epochs": 2, "ranges": LearntRanges(0.2), "validation": (x, labels), "learning_rate": 1e-9}
    learnt = fine_tune(network(nn.Linear(6, 2)), design, x, labels, x[:64], **options)
    result = evaluate(learnt.network, learnt.design, x, labels, x[:64], chips=1)
    assert result.chip_values[0] == pytest.approx(learnt.history[learnt.best].value, abs=0.02)


class Counting(Accuracy):
    """Accuracy that counts how often targets are checked."""

    times = 0

    def checked(self, outputs, targets):
        self.times += 1
        return super().checked(outputs, targets)


def test_stored_targets_are_checked_once_and_those_of_a_loader_in_every_batch():
    x, labels = outlying()
    design, model = Design.load("differential").with_settings(ROUGH), network(nn.Linear(6, 2))
    stored, loaded = Counting(), Counting()
    fine_tune(model, design, x, labels, metric=stored, epochs=2)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, labels), batch_size=64)
    fine_tune(model, design, loader, metric=loaded, epochs=2)
    assert (stored.times, loaded.times) == (1, 8)


def test_what_cannot_be_learnt_is_refused_in_one_line():
    x, labels = outlying()
    design, model = Design.load("differential").with_settings(ROUGH), network(nn.Linear(6, 2))
    with pytest.raises(DesignError, match=r"per-vector.*no range to learn"):
        per_vector = design.with_settings({"inputs.range": "per-vector"})
        fine_tune(model, per_vector, x, labels, ranges=LearntRanges())
    known = conversion_of(convert(model, design, x)).calibration
    with pytest.raises(CalibrationError, match="learnt from inputs"):
        fine_tune(model, design, x, labels, known, ranges=LearntRanges())
    with pytest.raises(DataError, match="positive number"):
        LearntRanges(learning_rate=0.0)
    with pytest.raises(DataError, match="fine_tune: ranges is 'learnt'"):
        fine_tune(model, "differential", x, labels, ranges="learnt")
    bent = design.with_settings({"cell.current_voltage": "sinh"})
    with pytest.raises(DesignError, match="not linear in their inputs"):
        fine_tune(model, bent, x, labels, forward=ProgrammedWeights())


@pytest.mark.parametrize("last", [nn.Identity(), nn.Flatten(0)], ids=["(samples, 1)", "(samples,)"])
def test_whole_numbers_are_learnt_by_one_output(last):
    """They ended in an IndexError of the cross-entropy."""
    x, years = images(40, 4), torch.randint(20, 60, (40,), generator=torch.Generator().manual_seed(0))
    told = [
        fine_tune(nn.Sequential(network(nn.Linear(4, 1)), last).eval(), Design(), x, targets, metric="mse", epochs=3)
        for targets in (years, years.float())
    ]
    assert told[0].history == told[1].history and told[0].history[2].loss < told[0].history[0].loss


class Positions(nn.Sequential):
    def forward(self, input: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        return super().forward(input)[..., 0]


def test_targets_at_padding_do_not_count():
    """They became NaN, and the loss with them."""
    x, mask = images(32, 5, 4), torch.ones(32, 5)
    mask[:, 3:] = 0
    data = {"input": x, "attention_mask": mask, "labels": x.sum(-1)}
    other = {**data, "labels": torch.where(mask.bool(), x.sum(-1), 99.0)}
    told = [
        fine_tune(network(Positions(nn.Linear(4, 1))), Design(), each, metric="mse", epochs=2) for each in (data, other)
    ]
    assert told[0].history == told[1].history
    scores, targets = torch.tensor([1.0, 2.0]), torch.tensor([torch.nan, 4.0])
    assert float(likely_loss(scores, targets)) == 4
    with pytest.raises(DataError, match="no target of a batch counts"):
        likely_loss(scores[:1], targets[:1])


def fails(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return {}["scores"]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (fails, "the loss 'fails' fails with KeyError: 'scores'"),
        (nn.BCEWithLogitsLoss(), "the loss 'BCEWithLogitsLoss' fails with ValueError: Target size"),
        (nn.CrossEntropyLoss(reduction="none"), r"the loss is a tensor of the shape \(8,\)"),
        (lambda outputs, targets: 3.0, "the loss is 3.0: training needs one finite number, as a tensor"),
        (lambda outputs, targets: outputs.detach().sum(), "does not depend on what is trained"),
        (lambda outputs, targets: outputs.sum() * torch.nan, "the loss is nan: .* a smaller learning_rate"),
    ],
)
def test_losses_that_nothing_can_be_learnt_from_are_refused(loss, words):
    with pytest.raises(DataError, match=words):
        fine_tune(nn.Linear(4, 3), Design(), images(8, 4), torch.arange(8) % 3, loss=loss)


def test_frozen_weights_are_refused_where_nothing_else_is_trained():
    """They ended in a RuntimeError of PyTorch's."""
    given = Design(), images(8, 4), torch.arange(8) % 3
    frozen = network(nn.Linear(4, 3)).requires_grad_(False)
    with pytest.raises(DataError, match="all weights of the network are frozen"):
        fine_tune(frozen, *given)
    tuned = fine_tune(frozen, *given, epochs=1, ranges=LearntRanges())
    assert torch.equal(tuned.network.weight, frozen.weight)
    half = nn.Sequential(network(nn.Linear(4, 5)).requires_grad_(False), network(nn.Linear(5, 3))).eval()
    tuned = fine_tune(half, *given, epochs=1)
    assert torch.equal(tuned.network[0].weight, half[0].weight) and not torch.equal(
        tuned.network[1].weight, half[1].weight
    )
