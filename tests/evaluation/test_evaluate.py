"""Accuracy over chips: the numbers, their spread, and what they must not depend on."""

from __future__ import annotations

import copy
import math
import statistics
from dataclasses import replace

import pytest
import torch
from torch import nn

from bitline import Design, age, analog_layers, convert, evaluate, evaluate_times, program
from bitline.design import reference
from bitline.errors import DataError, DesignError
from bitline.evaluation.comparison import compare_designs
from bitline.evaluation.evaluate import Procedure
from bitline.evaluation.result import Evaluation

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randn(90, 1, 6, 6, generator=GENERATOR)
LABELS = torch.randint(0, 5, (90,), generator=GENERATOR)
CALIBRATION = torch.randn(30, 1, 6, 6, generator=GENERATOR)
NOISY = Design().with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.3}, "adc.bits": 5})


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 5)).eval()


def run(model, design=NOISY, **options):
    return evaluate(model, design, IMAGES, LABELS, CALIBRATION, **{"chips": 2, **options})


def test_baselines_are_those_of_the_networks(model):
    result = run(model)
    right = lambda network: float((network(IMAGES).argmax(1) == LABELS).double().mean())  # noqa: E731
    assert result.float_accuracy == pytest.approx(right(model))
    assert result.reference_accuracy == pytest.approx(right(convert(model, reference(NOISY), CALIBRATION)))
    analog = program(convert(model, NOISY, CALIBRATION), chip=1)
    assert result.chip_accuracies[1] == pytest.approx(right(analog))


@pytest.mark.parametrize("settings", [{}, {"cell.read_noise": {"kind": "state-independent", "alpha": 0.05}}])
def test_numbers_do_not_depend_on_batches_or_on_other_trials(model, settings):
    design = NOISY.with_settings(settings)
    one, other = run(model, design, batch=7, chips=3), run(model, design, batch=64, chips=2)
    assert one.chip_accuracies[:2] == other.chip_accuracies
    for first, second in zip(run(model, design, batch=7).layers, other.layers, strict=True):
        assert first.own_db == pytest.approx(second.own_db, rel=1e-4)
        assert first.accumulated_db == pytest.approx(second.accumulated_db, rel=1e-4)


def test_other_seeds_are_other_chips(model):
    assert run(model, seed=1).layers != run(model, seed=2).layers


def test_layer_errors_are_signal_over_error(model):
    result = run(model, chips=1)
    digital = convert(model, reference(NOISY), CALIBRATION)
    analog = program(convert(model, NOISY, CALIBRATION), chip=0)
    layers = [dict((one.name, one) for one in analog_layers(network)) for network in (digital, analog)]
    x = IMAGES[:64]
    first = [one["0"](x) for one in layers]
    ratio = lambda signal, other: 10 * math.log10(float(signal.square().sum() / (other - signal).square().sum()))  # noqa: E731
    with torch.no_grad():
        assert result.layers[0].own_db == pytest.approx(ratio(*first), rel=1e-4)
        assert result.layers[0].accumulated_db == pytest.approx(result.layers[0].own_db)
        hidden = model[2](model[1](first[1]))
        own = [one["3"](hidden) for one in layers]
        assert result.layers[1].own_db == pytest.approx(ratio(*own), rel=1e-4)
        accumulated = [digital(x), own[1]]
        assert result.layers[1].accumulated_db == pytest.approx(ratio(*accumulated), rel=1e-4)


def test_without_errors_the_analog_network_is_the_digital_one(model):
    result = run(model, Design().with_settings({"adc": "none"}))
    assert set(result.chip_accuracies) == {result.reference_accuracy}
    assert all(layer.own_db > 100 for layer in result.layers)


def made(*accuracies: float) -> Evaluation:
    return Evaluation(Design(), 10, 0, 0.9, 0.8, accuracies, ())


def test_spread_and_confidence_interval():
    result = made(0.5, 0.6, 0.8, 0.7)
    assert result.mean == pytest.approx(0.65)
    assert result.std == pytest.approx(statistics.stdev([0.5, 0.6, 0.8, 0.7]))
    low, high = result.confidence_interval
    assert (low + high) / 2 == pytest.approx(0.65)
    assert high - low == pytest.approx(2 * 3.182446 * result.std / 2)  # Student's t, 3 degrees of freedom, 97.5 %
    assert made(0.9, 1.0).confidence_interval[1] == 1.0  # no network classifies more than all images


def test_one_trial_has_no_spread():
    result = made(0.5)
    assert math.isnan(result.std)
    assert result.to_dict()["accuracy"]["std"] is None


@pytest.mark.parametrize(
    "result",
    [
        made(0.9, 0.92),
        made(0.5),
        made(*([0.999999, 1.0] * 1000)),
        made(0.0, 1.0),
        replace(made(0.1, 0.2), design=Design(name="a very long name of a design " * 9), notes=("long " * 99,) * 12),
        replace(made(0.1, 0.2), design=Design(name="x" * 200).with_settings({"cell.time": 123456789.0}), images=10**9),
    ],
    ids=lambda result: result.design.name[:8],
)
def test_printed_results_fit_a_terminal(result):
    lines = str(result).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["accuracy", "reference", "float", "notes"]
    assert max(map(len, [*lines, repr(result)])) <= 80
    assert "\n" not in repr(result)


def test_printed_results_say_what_their_numbers_mean():
    result = replace(made(0.5, 0.6, 0.8, 0.7), notes=("layer fc stays digital",))
    title, accuracy, reference, original, notes = str(result).splitlines()
    half = 100 * (result.confidence_interval[1] - result.mean)
    assert title == "unnamed, 10 images"
    assert accuracy.split(maxsplit=1)[1] == f"65.00 ± {half:.2f} %  mean of 4 chips, 95 % confidence interval"
    assert "80.00 %" in reference and "90.00 %" in original
    assert notes.split() == ["notes", "1", "in", ".notes"]
    assert "±" not in str(made(0.5)) and "one chip" in str(made(0.5))
    assert str(replace(result, design=Design().with_settings({"cell.time": "1 hour"}))).startswith(
        "unnamed after 1 hour"
    )


def test_frames_have_a_row_for_each_trial_and_layer(model):
    result = run(model, chips=3)
    frame = result.to_frame()
    assert frame["accuracy"].tolist() == list(result.chip_accuracies)
    assert frame["chip"].tolist() == [0, 1, 2]
    assert result.layers_frame()["name"].tolist() == ["0", "3"]


def test_progress_goes_forward_to_the_end(model):
    seen: dict[str, list[tuple[int, int]]] = {}
    run(model, progress=lambda what, done, total: seen.setdefault(what, []).append((done, total)), batch=40)
    assert {"calibrate", "float", "reference", "chip 1 of 2", "chip 2 of 2"} <= set(seen)
    for steps in seen.values():
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
        assert steps[-1][0] == steps[-1][1]


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (IMAGES, LABELS[:5], "90 samples and 5 labels"),
        (IMAGES[:0], LABELS[:0], "0 samples"),
        (IMAGES * float("nan"), LABELS, "NaN or infinite"),
    ],
)
def test_unusable_images_are_refused(model, images, labels, words):
    with pytest.raises(DataError, match=words):
        evaluate(model, NOISY, images, labels, CALIBRATION)


@pytest.mark.parametrize(("options", "words"), [({"chips": 0}, "chips is 0"), ({"batch": 0}, "batch is 0")])
def test_nothing_is_not_measured(model, options, words):
    with pytest.raises(DataError, match=words):
        run(model, **options)


# -- time


def test_times_are_the_same_chips_as_alone(model):
    design = Design().with_settings({"cell.device": "pcm-joshi-2020"})
    together = evaluate_times(model, design, IMAGES, LABELS, CALIBRATION, times=(0, "1 hour", "1 day"), chips=2)
    alone = run(model, design.with_settings({"cell.time": "1 hour"}))
    assert [one.design.cell.time for one in together] == [0, 3600, 86400]
    assert together[1].chip_accuracies == alone.chip_accuracies
    assert together[1].layers == alone.layers
    assert together[0].layers[0].own_db > together[1].layers[0].own_db > together[2].layers[0].own_db


def test_an_impossible_time_is_refused_before_any_work(model):
    design = Design().with_settings({"cell.device": "reram-wan-2022"})
    with pytest.raises(DesignError, match="extrapolate"):
        evaluate_times(model, design, IMAGES, LABELS, CALIBRATION, times=(0, "1 year"))
    with pytest.raises(DesignError, match="extrapolate"):
        age(convert(model, design, CALIBRATION), "1 year")


def test_benchmark_cases_are_designs():
    from bitline.evaluation.speed import CASES

    assert len(CASES) >= 4
    for _, settings in CASES.values():
        Design().with_settings(settings)


# -- modes


@pytest.mark.parametrize("part", [nn.BatchNorm1d(96), nn.Dropout(0.9)], ids=["norm", "dropout"])
@pytest.mark.parametrize("as_list", [False, True], ids=["tensor", "list"])
def test_a_new_head_in_train_mode_is_measured_in_eval_mode_and_left_as_it_is(model, part, as_list):
    network = copy.deepcopy(model)
    network[3] = nn.Sequential(copy.deepcopy(part), network[3]).train()
    if isinstance(part, nn.BatchNorm1d):
        network[3][0].running_mean.fill_(1.0)
    before = copy.deepcopy(network.state_dict())
    with torch.no_grad():
        labels = copy.deepcopy(network).eval()(IMAGES).argmax(1)
    data = list(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(IMAGES, labels), 30)) if as_list else IMAGES
    result = evaluate(network, NOISY, data, None if as_list else labels, CALIBRATION, chips=1)
    assert result.float_accuracy == 1.0
    assert network[3].training and not network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


PCM = {"cell.device.kind": "pcm-joshi-2020"}


@pytest.mark.parametrize("old", [{"0": "1 day"}, {"3": "1 day"}, {"0": "1 day", "3": "1 hour"}])
def test_rules_for_some_layers_set_their_time(model, old):
    """Measures took all layers as old as the design; studies and costs took what rules say."""
    rules = [{"match": name, "set": {"cell.time": time}} for name, time in old.items()]
    design = Design(layers=rules).with_settings(PCM)
    network = program(convert(model, design, IMAGES), chip=0)
    with torch.no_grad():
        outputs = network(IMAGES)
    data = (IMAGES, outputs, IMAGES)
    assert evaluate(model, design, *data, metric="mse", chips=1).chip_values == (0.0,)
    others = [design, Design().with_settings(PCM)]
    same, young = compare_designs(model, others, *data, metric="mse", procedure=Procedure(chips=1))
    assert same.quality.value == 0.0 < young.quality.value


def test_times_that_are_asked_for_are_those_of_all_layers(model):
    young = Design(layers=[{"match": "0", "set": {"cell.time": "1 minute"}}]).with_settings(PCM)
    (later,) = evaluate_times(model, young, IMAGES, LABELS, IMAGES, times=["1 day"], chips=1)
    plain = evaluate(model, Design().with_settings({**PCM, "cell.time": "1 day"}), IMAGES, LABELS, IMAGES, chips=1)
    assert later.chip_values == plain.chip_values
    assert later.design.for_layer("0").cell.time == 86400.0


def test_results_say_when_adcs_were_calibrated_on_chips_of_another_age(model):
    design = Design().with_settings({**PCM, "adc.calibrated_on": "chip"})
    results = evaluate_times(model, design, IMAGES, LABELS, IMAGES, times=["0 s", "1 day"], chips=1)
    said = [any("0 s after programming and read 1 day after" in note for note in each.notes) for each in results]
    assert said == [False, True]
