"""Any measure of any data: pairing with the reference, intervals, and results that speak of the measure."""

from __future__ import annotations

import pandas
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from bitline import Design, convert, evaluate, program
from bitline.design import reference
from bitline.errors import CalibrationError, DataError
from bitline.evaluation.comparison import compare_designs
from bitline.evaluation.remedies import fine_tune
from bitline.evaluation.subject import Given, Subject
from bitline.measures import ACCURACY, Measure
from bitline.nn import Inputs, analog_layers, record

GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.randn(60, 6, generator=GENERATOR)
TARGETS = torch.randn(60, 2, generator=GENERATOR)
CLASSES = torch.randint(0, 3, (60,), generator=GENERATOR)
CALIBRATION = torch.randn(20, 6, generator=GENERATOR)
NOISY = Design().with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.2}, "adc.bits": 6})


@pytest.fixture(scope="module")
def regression():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)).eval()


@pytest.fixture(scope="module")
def errors(regression):
    data = DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=7)
    return evaluate(regression, NOISY, data, metric="mse", calibration=CALIBRATION, chips=3)


def test_values_are_those_of_the_networks(regression, errors):
    mean = lambda network: float((network(INPUTS) - TARGETS).double().square().mean())  # noqa: E731
    with torch.no_grad():
        assert errors.float_value == pytest.approx(mean(regression))
        assert errors.reference_value == pytest.approx(mean(convert(regression, reference(NOISY), CALIBRATION)))
        chip = program(convert(regression, NOISY, CALIBRATION), chip=2)
        assert errors.chip_values[2] == pytest.approx(mean(chip))


def test_losses_are_paired_with_the_reference(errors):
    """Samples that are hard for both networks do not widen the interval."""
    loss = errors.loss
    assert loss.value == pytest.approx(errors.mean - errors.reference_value)  # lower is better: more is a loss
    low, high = loss.interval()
    assert high - low < errors.quality.interval()[1] - errors.quality.interval()[0]


def test_results_speak_of_their_measure(errors):
    assert str(errors).splitlines()[0] == "unnamed, 60 samples"
    assert str(errors).splitlines()[1].startswith("mean squared error  ") and "%" not in str(errors).splitlines()[2]
    frame = errors.to_frame()
    assert {"mean_squared_error", "reference_mean_squared_error", "float_mean_squared_error"} <= set(frame)
    content = errors.to_dict()
    assert content["measure"] == {"name": "mean squared error", "unit": "", "better": "lower"}
    assert content["mean_squared_error"]["float"] == errors.float_value and "accuracy" not in content
    with pytest.raises(AttributeError, match="mean squared error was measured, not accuracy"):
        _ = errors.chip_accuracies


def test_forms_of_data_and_of_metrics_give_the_same_accuracies():
    torch.manual_seed(0)
    network = nn.Linear(6, 3).eval()
    options = {"calibration": CALIBRATION, "chips": 2, "compared_images": 8}
    old = evaluate(network, NOISY, INPUTS, CLASSES, CALIBRATION, chips=2, compared_images=8)
    right = lambda outputs, targets: (outputs.argmax(1) == targets).double()  # noqa: E731
    for data, labels, metric in (
        ((INPUTS, CLASSES), None, "accuracy"),
        ({"input": INPUTS, "labels": CLASSES}, None, "accuracy"),
        (DataLoader(TensorDataset(INPUTS, CLASSES), batch_size=9), None, "accuracy"),
        (INPUTS, CLASSES, "top-1"),
        (INPUTS, CLASSES, right),
    ):
        found = evaluate(network, NOISY, data, labels, metric=metric, **options)
        assert found.chip_values == old.chip_accuracies and found.reference_value == old.reference_accuracy
        assert found.layers == old.layers and str(found.cost) == str(old.cost)


def test_some_samples_are_set_apart_where_nobody_gives_others(regression):
    found = evaluate(regression, NOISY, (INPUTS, TARGETS), metric="mae", chips=1, compared_images=0)
    assert found.images == 30 and found.notes[0].startswith("the last 30 samples set ranges")
    given = evaluate(
        regression,
        NOISY,
        (INPUTS[:30], TARGETS[:30]),
        metric="mae",
        calibration=INPUTS[30:],
        chips=1,
        compared_images=0,
    )
    assert found.chip_values == given.chip_values


def test_measures_without_targets_are_refused_before_the_work(regression):
    for data in (INPUTS, DataLoader(INPUTS, batch_size=8)):
        with pytest.raises(DataError, match="mean squared error needs targets"):
            evaluate(regression, NOISY, data, metric="mse", calibration=CALIBRATION)
    with pytest.raises(DataError, match="needs a target for each output"):
        evaluate(regression, NOISY, INPUTS, CLASSES, CALIBRATION, metric="mse")
    with pytest.raises(DataError, match="give data"):
        evaluate(regression, NOISY)


class Language(nn.Module):
    """A language model with the interface of Hugging Face's."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.hidden, self.head = nn.Linear(8, 16), nn.Linear(16, 11)

    def forward(self, input_ids, attention_mask=None, labels=None):
        assert labels is None  # what it is to say is not for it
        return {"logits": self.head(torch.relu(self.hidden(self.embedding(input_ids))))}


def text(samples, filling):
    mask = torch.arange(9) < torch.randint(4, 10, (samples, 1), generator=torch.Generator().manual_seed(1))
    tokens = torch.randint(1, 11, (samples, 9), generator=torch.Generator().manual_seed(2)).masked_fill(~mask, filling)
    return {"input_ids": tokens, "attention_mask": mask.long(), "labels": tokens.masked_fill(~mask, -100)}


def test_padding_enters_neither_calibration_nor_measures():
    """Whatever stands where there is nothing, every number is the same."""
    torch.manual_seed(0)
    network = Language().eval()
    with torch.no_grad():
        network.embedding.weight[0] = 100.0  # the padding token would widen every range
        network.embedding.weight[10] *= 1.0
    found = [
        evaluate(network, NOISY, text(20, filling), metric="perplexity", calibration=text(12, filling), chips=2)
        for filling in (0, 5)
    ]
    assert found[0].chip_values == found[1].chip_values and found[0].float_value == found[1].float_value
    assert [layer.own_db for layer in found[0].layers] == [layer.own_db for layer in found[1].layers]
    assert any("next token" in note for note in found[0].notes)
    seen = [record(network, NOISY, text(12, filling)).layers["hidden"].scale for filling in (0, 5)]
    assert seen[0] == seen[1]


def test_a_loader_calibrates_like_a_tensor(regression):
    loader = DataLoader(TensorDataset(CALIBRATION, TARGETS[:20]), batch_size=8)
    scales = [
        [layer.calibration for layer in analog_layers(convert(regression, NOISY, given))]
        for given in (CALIBRATION, loader, (CALIBRATION, TARGETS[:20]))
    ]
    assert scales[0] == scales[1] == scales[2]
    assert len(Inputs.of(CALIBRATION, regression).first(5)) == 5


def test_a_measure_without_a_value_is_refused_before_the_chips(regression):
    """Its cells were empty, its intervals '( to )' and without an end, and nothing said why."""
    told = []

    def progress(what, done, total):
        told.append(what)

    options = {"calibration": CALIBRATION, "metric": "r2"}
    constant = torch.ones(60, 2)
    with pytest.raises(DataError, match="R2 of the float network has no value: it needs targets that differ"):
        evaluate(regression, NOISY, INPUTS, constant, **options, progress=progress)
    assert set(told) == {"calibrate", "float"}
    with pytest.raises(DataError, match="R2 of unnamed, chip 1, has no value"):
        compare_designs(regression, [NOISY, Design()], INPUTS, constant, **options)
    with pytest.raises(DataError, match="R2 of the network has no value"):
        fine_tune(regression, NOISY, INPUTS, TARGETS, CALIBRATION, metric="r2", validation=(INPUTS, constant))


def test_a_chip_without_a_value_is_named(regression):
    with torch.no_grad():
        said = regression(INPUTS)

    def near(outputs, targets):
        return torch.where((outputs - targets).abs().amax(1) < 0.1, 1.0, torch.nan)

    with pytest.raises(DataError, match="near of chip 1 has no value: that of sample "):
        evaluate(regression, NOISY, (INPUTS, said), calibration=INPUTS, metric=near)


class Sum(nn.Module):
    """Of two layers, the second of which has nothing to do where there is one input."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 2), nn.Linear(6, 2)

    def forward(self, left, right=None):
        return self.first(left) + (0 if right is None else self.second(right))


def test_nested_batches_and_samples_calibrate_like_tensors():
    """Of ((left, right), label) it was said that a list is no loader, though it was one."""
    torch.manual_seed(0)
    network, right = Sum(), 2 * CALIBRATION
    pairs = [((a, b), 0) for a, b in zip(CALIBRATION, right, strict=True)]
    named = [({"left": a, "right": b}, 0) for (a, b), _ in pairs]
    scales = [
        [layer.calibration for layer in analog_layers(convert(network, NOISY, given))]
        for given in ((CALIBRATION, right), DataLoader(pairs, batch_size=8), DataLoader(named, batch_size=8), pairs)
    ]
    assert len(scales[0]) == 2 and all(found == scales[0] for found in scales)
    images = torch.rand(20, 1, 6, 6, generator=GENERATOR)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(32, 2))
    scales = [
        [layer.calibration for layer in analog_layers(convert(network, NOISY, given))]
        for given in (images, TensorDataset(images, CLASSES[:20]), list(zip(images, CLASSES[:20], strict=True)))
    ]
    assert all(found == scales[0] for found in scales)
    with pytest.raises(CalibrationError, match="a batch of the calibration inputs is a list of str, str: give batches"):
        convert(network, NOISY, DataLoader(["cat", "dog"], batch_size=2))


@pytest.mark.parametrize(
    ("metric", "labels", "words"),
    [
        ("perplexity", None, "perplexity needs targets, and finds none: the inputs are no tokens"),
        ("position-accuracy", None, "position accuracy needs targets, and finds none: the inputs are no tokens"),
        ("accuracy", ["cat", "dog"] * 30, "labels are names such as 'cat': give one class number"),
        ("f1", pandas.Series(["cat", "dog"] * 30), "F1 needs targets that are numbers, not names such as 'cat'"),
    ],
)
def test_messages_about_labels_say_what_is_wrong(regression, metric, labels, words):
    with pytest.raises(DataError, match=words):
        evaluate(regression, NOISY, INPUTS, labels, CALIBRATION, metric=metric)


class Whole:
    """A loader of one batch, the user's own tensors."""

    def __init__(self, *tensors):
        self.tensors = tensors

    def __iter__(self):
        yield self.tensors

    def __len__(self):
        return 1


def test_functions_that_work_in_place_change_no_labels(regression):
    """A metric that multiplied targets by 0 made the user's labels 0."""
    targets = TARGETS.clone()

    def wiped(outputs, targets):
        return targets.mul_(0).sum(1)

    def wiped_loss(outputs, targets):
        return (outputs - targets.mul_(0)).square().mean()

    found = evaluate(regression, NOISY, INPUTS, targets, CALIBRATION, metric=wiped, chips=1, compared_images=0)
    assert found.float_value == 0 and torch.equal(targets, TARGETS)
    fine_tune(regression, NOISY, Whole(INPUTS, targets), loss=wiped_loss, metric=wiped, epochs=1)
    assert torch.equal(targets, TARGETS)


def test_a_measure_of_another_form_is_refused(regression):
    class Listed(Measure):
        name = "listed"

        def values(self, outputs, targets):
            return [[0.0]] * len(outputs)

    with pytest.raises(
        DataError, match=r"measure 'listed' \(.*:\d+\) has a list for 2 samples: give a tensor with one row"
    ):
        evaluate(regression, NOISY, INPUTS, TARGETS, CALIBRATION, metric=Listed())


def test_a_measure_that_fails_is_named(regression):
    class Absent(Measure):
        name = "absent"

        def values(self, outputs, targets):
            return targets.nothing

    with pytest.raises(DataError, match="measure 'absent' fails with AttributeError: 'Tensor' object has no attribute"):
        evaluate(regression, NOISY, INPUTS, TARGETS, CALIBRATION, metric=Absent())


def test_data_in_the_order_of_its_classes_is_measured_on_all_of_them():
    """The last samples set ranges, and of sorted data they were whole classes, which were then not measured on."""
    labels = torch.arange(5).repeat_interleave(20)
    network, images = nn.Linear(6, 5).eval(), torch.rand(100, 6)
    found = evaluate(network, "ideal", images, labels, chips=1)
    assert found.notes[0].startswith("50 samples, drawn evenly over the classes as the data is in their order, set")
    subject = Subject.of(network, Design(), Given(images, labels, None, ACCURACY, batch=64))
    targets = subject.data.samples.targets
    assert targets.tolist() == sorted(targets.tolist()) and targets.bincount().tolist() == [10] * 5


def test_conversions_left_out_do_not_depend_on_what_is_compared():
    """The energy followed from the images and chips that layer errors were compared on."""
    torch.manual_seed(0)
    network, images = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).eval(), torch.rand(90, 6).relu()
    images[::2] *= 0.02
    labels, design = torch.arange(90) % 3, Design().with_settings({"adc.skip_zero_inputs": True})
    given = (network, design, images, labels, images[:20])
    costs = {
        evaluate(*given, chips=3, **options).cost.energy_uJ
        for options in ({}, {"compared_images": 1}, {"compared_images": 0}, {"compared_chips": 1})
    }
    assert len(costs) == 1


@pytest.mark.parametrize("form", ["tensors", "loader"])
def test_lazy_layers_learn_their_shapes_from_the_samples(form):
    """`convert` let them, and `evaluate` refused them."""
    network = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))
    data = (INPUTS, CLASSES) if form == "tensors" else DataLoader(TensorDataset(INPUTS, CLASSES), batch_size=7)
    measured = [evaluate(network, "ideal", data, calibration=CALIBRATION, chips=1) for _ in range(2)]
    assert measured[0].float_value == measured[1].float_value  # initialised alike
    assert [layer.rows for layer in measured[0].layers] == [6, 8]
    assert nn.parameter.is_lazy(network[0].weight)  # the original stays as it is
