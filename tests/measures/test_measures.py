"""Measures equal what is computed naively of all outputs at once, however the samples are cut into batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from bitline.data.batch import Batch
from bitline.data.call import Call
from bitline.errors import DataError, NetworkError
from bitline.evaluation.chip_spread import ChipSpread
from bitline.measures import MEASURES, ErrorRate, FunctionMeasure, Measure, PositionAccuracy, measure_of
from bitline.numerics.two_way import estimate

GENERATOR = torch.Generator().manual_seed(0)
SCORES = torch.randn(60, 4, generator=GENERATOR)
CLASSES = torch.randint(0, 4, (60,), generator=GENERATOR)
NUMBERS = torch.randn(60, 2, generator=GENERATOR)
WANTED = torch.randn(60, 2, generator=GENERATOR) + 1
LOGITS = torch.randn(12, 7, 5, generator=GENERATOR)
TOKENS = torch.randint(0, 5, (12, 7), generator=GENERATOR).masked_fill(torch.arange(7) > 4, -100)


def by_sample(measure, outputs, targets, batch=7):
    """The measure of samples that come in batches."""
    parts = [
        measure.values(outputs[start : start + batch], targets[start : start + batch])
        for start in range(0, len(outputs), batch)
    ]
    return measure.of(torch.cat(parts).double().numpy())


def f1_of_class(found, wanted, number):
    right = int(((found == number) & (wanted == number)).sum())
    return 2 * right / (int((found == number).sum()) + int((wanted == number).sum()))


def iou(found, wanted):
    shares = []
    for number in range(5):
        both, either = ((found == number) & (wanted == number)), ((found == number) | (wanted == number))
        counted = wanted != -100
        shares.append(float((both & counted).sum() / (either & counted).sum()))
    return sum(shares) / 5


def area(scores, labels):
    highs, lows = scores[labels == 1], scores[labels == 0]
    return float(((highs[:, None] > lows) + 0.5 * (highs[:, None] == lows)).double().mean())


COUNTED = TOKENS != -100
NAIVE = {
    "accuracy": (SCORES, CLASSES, float((SCORES.argmax(1) == CLASSES).double().mean())),
    "top-2": (SCORES, CLASSES, float((SCORES.topk(2, 1).indices == CLASSES[:, None]).any(1).double().mean())),
    "position-accuracy": (LOGITS, TOKENS, float((LOGITS.argmax(2) == TOKENS)[COUNTED].double().mean())),
    "f1": (SCORES, CLASSES, sum(f1_of_class(SCORES.argmax(1), CLASSES, number) for number in range(4)) / 4),
    "iou": (LOGITS.movedim(2, 1), TOKENS, iou(LOGITS.argmax(2), TOKENS)),
    "auc": (SCORES[:, 0].round(decimals=1), CLASSES % 2, area(SCORES[:, 0].round(decimals=1), CLASSES % 2)),
    "mse": (NUMBERS, WANTED, float((NUMBERS - WANTED).double().square().mean())),
    "mae": (NUMBERS, WANTED, float((NUMBERS.double() - WANTED.double()).abs().mean())),
    "r2": (
        NUMBERS,
        WANTED,
        1 - float((NUMBERS - WANTED).double().square().sum() / (WANTED - WANTED.mean()).double().square().sum()),
    ),
    "perplexity": (LOGITS, TOKENS, math.exp(functional.cross_entropy(LOGITS.flatten(0, 1), TOKENS.flatten()))),
}


@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_measures_equal_naive_computations(name, batch):
    outputs, targets, expected = NAIVE[name]
    assert by_sample(measure_of(name), outputs, targets, batch) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_names_of_top_measures_say_how_many_count(k):
    ranks = torch.arange(8.0).expand(6, 8)  # class 7 is best
    labels = torch.arange(2, 8)
    right = float((7 - labels < k).double().mean())
    assert by_sample(measure_of(f"top-{k}"), ranks, labels) == pytest.approx(right)


def test_f1_of_two_classes_is_that_of_class_1():
    found, wanted = SCORES[:, :2].argmax(1), CLASSES % 2
    expected = f1_of_class(found, wanted, 1)
    assert expected != pytest.approx(f1_of_class(found, wanted, 0), rel=0.01)
    assert by_sample(measure_of("f1"), SCORES[:, :2], wanted) == pytest.approx(expected)


def test_outputs_of_one_axis_are_one_number_for_each_sample():
    assert by_sample(measure_of("mae"), NUMBERS[:, 0], WANTED[:, 0]) == pytest.approx(
        float((NUMBERS[:, 0] - WANTED[:, 0]).abs().double().mean())
    )


def test_a_function_may_keep_the_axis_of_its_numbers():
    kept, flat = (measure_of(lambda outputs, targets, keep=keep: outputs.amax(1, keep)) for keep in (True, False))
    assert torch.equal(kept.values(SCORES, CLASSES), flat.values(SCORES, CLASSES))


def test_one_hot_labels_along_either_axis_are_refused():
    with pytest.raises(DataError, match="have a single 1 along the second axis and along the last"):
        measure_of("position-accuracy").values(torch.rand(2, 3, 3), torch.eye(3).expand(2, 3, 3))


def test_every_measure_has_a_name_and_what_is_better():
    for make in MEASURES.values():
        measure = make()
        assert measure.name and measure.direction in ("higher", "lower") and measure.key.isidentifier()


def test_the_interval_of_the_area_is_that_of_delong():
    scores, labels = NAIVE["auc"][0].double().numpy(), NAIVE["auc"][1].numpy()
    measure = measure_of("auc")
    sums = measure.sums(np.stack([scores, labels], 1))
    found = estimate(measure.combine, [column[None] for column in sums.T])
    highs, lows = scores[labels == 1], scores[labels == 0]
    wins = (highs[:, None] > lows) + 0.5 * (highs[:, None] == lows)
    variance = wins.mean(1).var(ddof=1) / len(highs) + wins.mean(0).var(ddof=1) / len(lows)
    assert found.value == pytest.approx(wins.mean())
    assert found.spreads[0].variance == pytest.approx(variance, rel=0.3)  # groups of samples are left out


def test_outputs_of_other_shapes_are_never_broadcast():
    column, row = torch.zeros(6, 1), torch.zeros(6)
    assert by_sample(measure_of("mse"), column, row) == 0
    with pytest.raises(DataError, match="a target for each output"):
        measure_of("mse").values(torch.zeros(6, 3), row)


def test_hugging_face_outputs_and_labels():
    """Labels that are the inputs are those of the next token, and padding does not count."""
    tokens = torch.tensor([[1, 2, 3, 0], [2, 2, 0, 0]])
    call = Call((), {"input_ids": tokens, "attention_mask": torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])})
    labels = tokens.masked_fill(~call.real, -100)
    measure = measure_of("perplexity")
    wanted = [[2, 3, -100, -100], [2, -100, -100, -100]]
    for given in (labels, None):
        reading = measure.reading([Batch(call, given)])
        assert reading.of(call, given).tolist() == wanted and "next token" in reading.note
    masked = labels.clone()
    masked[0, 0] = 3  # a masked language model has other labels than inputs
    assert measure.reading([Batch(call, masked)]).of(call, masked) is masked
    logits = torch.randn(2, 4, 5, generator=GENERATOR)
    assert torch.equal(measure.values({"logits": logits}, labels), measure.values((logits, "state"), labels))


@pytest.mark.parametrize(("name", "shape"), [("accuracy", (3, 2)), ("top-1", (3, 2)), ("f1", (3, 2)), ("auc", (3, 2))])
def test_scores_that_are_nan_are_no_class(name, shape):
    """The largest of them is that which is NaN: some samples counted as wrong, or as right."""
    scores = torch.rand(shape, generator=GENERATOR)
    scores[2, 1] = float("nan")
    with pytest.raises(NetworkError, match="scores are NaN"):
        measure_of(name).values(scores, torch.tensor([0, 1, 1]))


def test_scores_of_padding_may_be_nan():
    """As PyTorch's attention gives them where everything is masked."""
    scores = torch.rand(1, 3, 4, generator=GENERATOR)
    scores[0, 2] = float("nan")
    values = measure_of("position-accuracy").values(scores, torch.tensor([[1, 2, -100]]))
    assert values[0, 1] == 2


def test_labels_of_a_decoder_stand_at_its_own_tokens():
    """A network that copies its input has labels that are the encoder's tokens, in their places already."""
    tokens = torch.tensor([[3, 4, 5, 1]])
    call = Call((), {"input_ids": tokens, "decoder_input_ids": torch.tensor([[0, 3, 4, 5]])})
    measure = measure_of("perplexity")
    assert measure.reading([Batch(call, tokens)]).of(call, tokens) is tokens
    assert measure.reading([Batch(call, None)]).of(call, None).tolist() == [[3, 4, 5, -100]]


def test_whether_labels_are_the_tokens_is_asked_of_all_samples():
    """Batches of a few samples that are their tokens by chance were shifted, and batches of few answers were not."""
    answers = torch.full((9, 4), -100)
    tokens = torch.arange(36).reshape(9, 4)
    answers[:, -1] = tokens[:, -1]
    pairs = [(Batch(Call((row[None],), {}), label[None])) for row, label in zip(tokens, answers, strict=True)]
    reading = measure_of("perplexity").reading(pairs)
    assert [int(reading.of(pair.call, pair.targets)[0, 2]) for pair in pairs] == tokens[:, -1].tolist()
    reading = measure_of("perplexity").reading([*pairs, Batch(pairs[0].call, torch.zeros(1, 4).long())])
    assert all(reading.of(pair.call, pair.targets) is pair.targets for pair in pairs)


def test_padding_predicts_nothing():
    """Left padding: the token after it counted."""
    call = Call((), {"attention_mask": torch.tensor([[0, 0, 1, 1]]), "tokens": torch.tensor([[9, 9, 3, 4]])})
    for given in (None, torch.tensor([[-100, -100, 3, 4]])):
        reading = measure_of("perplexity").reading([Batch(call, given)])
        assert reading.of(call, given).tolist() == [[-100, -100, 4, -100]]


def test_error_rates_count_edits():
    rate = ErrorRate("phoneme error rate", decode=lambda outputs: outputs.argmax(2))
    outputs = functional.one_hot(torch.tensor([[1, 2, 3], [4, 4, 4]]), 5).float()
    values = rate.values(outputs, torch.tensor([[1, 3, -100], [4, 4, 4]]))
    assert values.tolist() == [[1, 2], [0, 3]] and rate.of(values.numpy()) == 0.2
    with pytest.raises(DataError, match="returns scores"):
        ErrorRate().values(outputs, ["a", "b"])


def test_the_nearest_of_several_right_answers_counts():
    rate = ErrorRate("phoneme error rate")
    found = torch.tensor([[1, 2, 3], [4, -100, -100]])
    several = [[[1, 2, 9], [1, 9]], [[5, 6], [4]]]  # 1 edit of 3 rather than 2 of 2, 0 of 1 rather than 2 of 2
    assert rate.values(found, several).tolist() == [[1, 3], [0, 1]]
    assert rate.values(found, [right[:1] for right in several]).tolist() == [[1, 3], [2, 2]]
    assert rate.values(["a cat"], [["a", "cat"]]).tolist() == [[0, 2]]  # a list of words is one answer


def test_functions_are_measures():
    def margin(outputs, targets):
        return outputs.amax(1)

    assert by_sample(measure_of(margin), SCORES, CLASSES) == pytest.approx(float(SCORES.amax(1).double().mean()))
    assert measure_of(margin).name == "margin" and measure_of(margin).direction == "higher"
    for wrong, words in (
        (lambda outputs, targets: outputs.mean(), r"\(.*test_measures.py:\d+\) returns .* one real number for each"),
        (lambda outputs, targets: targets.nothing, r"fails with AttributeError: .* \(.*test_measures.py:\d+\)"),
        (lambda outputs, targets: None, "returns a NoneType: return one real number for each sample"),
        (lambda outputs, targets: {"share": 1.0}, "returns a dict: return one real number for each sample"),
        (lambda outputs, targets: ["right"] * len(outputs), "returns a list: return one real number for each"),
        (lambda outputs, targets: "right", "returns a str: return one real number for each sample"),
    ):
        with pytest.raises(DataError, match=words):
            measure_of(wrong).values(SCORES, CLASSES)
    with pytest.raises(DataError, match="use 'higher' or 'lower'"):
        FunctionMeasure(margin, direction="up")


@pytest.mark.parametrize("metric", ["acuracy", "top-0", "os:abort", "nowhere_at_all:f", 7, None, int, Measure])
def test_what_is_no_measure_is_refused(metric):
    with pytest.raises(DataError):
        measure_of(metric)


@pytest.mark.parametrize("name", [*MEASURES])
def test_measures_that_compare_need_targets(name):
    with pytest.raises(DataError, match="needs targets"):
        measure_of(name).values([] if "error-rate" in name else torch.cat([SCORES, SCORES], 1), None)


def test_values_are_shown_as_their_measure_says():
    assert measure_of("accuracy").shown(0.912) == "91.20 %" and measure_of("accuracy").head == "accuracy (%)"
    assert measure_of("perplexity").shown(19.23) == "19.23" and measure_of("perplexity").head == "perplexity"
    assert PositionAccuracy().key == "position_accuracy"


def test_an_interval_of_a_share_ends_where_shares_do():
    """A report said that the mean accuracy lies between -21.69 and 48.19 %; the command line said 0 to 48.19."""
    ends = (-0.2169, 0.4819, 1.2)
    assert [MEASURES["accuracy"]().possible(end) for end in ends] == [0.0, 0.4819, 1.0]
    assert [MEASURES["mse"]().possible(end) for end in ends] == list(ends)
    assert math.isnan(MEASURES["accuracy"]().possible(math.nan))
    assert [MEASURES[name]().possible_change(-1.7) for name in ("accuracy", "mse")] == [-1.0, -1.7]


NOTHING = {
    "position-accuracy": (LOGITS, torch.full((12, 7), -100), "needs labels other than -100"),
    "f1": (SCORES[:, :2], torch.zeros(60), "of two classes a label or an output that is class 1"),
    "iou": (LOGITS.movedim(2, 1), torch.full((12, 7), -100), "needs labels other than -100"),
    "auc": (SCORES[:, 0], torch.ones(60), "needs labels of both classes, 0 and 1"),
    "mse": (NUMBERS, NUMBERS * math.nan, "needs targets that are not NaN"),
    "mae": (NUMBERS, NUMBERS * math.nan, "needs targets that are not NaN"),
    "r2": (NUMBERS, torch.ones(60, 2), "needs targets that differ by more than a 300,000th of their size"),
    "perplexity": (LOGITS, torch.full((12, 7), -100), "needs labels other than -100"),
    "error-rate": (["a b", "c"], ["", ""], "needs targets that are not empty"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_measure_without_a_value_says_what_it_needs(name):
    """The area under a curve of one class was an empty cell in tables, and null in results."""
    outputs, targets, words = NOTHING[name]
    outputs = outputs.double() - 9.0 * torch.arange(2) if name == "f1" else outputs  # none is class 1
    measure = measure_of(name)
    values = measure.values(outputs, targets).double().numpy()
    assert math.isnan(measure.of_part(values))
    with pytest.raises(DataError, match=f"{measure.name} of chip 2 has no value: it .*{words}"):
        measure.of(values, "chip 2")


def test_every_measure_that_may_have_no_value_says_what_it_needs():
    assert {name for name in MEASURES if MEASURES[name]().requires} >= NOTHING.keys()
    shares_of_samples = {"accuracy", "top-5"}  # which always have a value
    assert {name for name in MEASURES if not MEASURES[name]().requires} == shares_of_samples


def test_a_sample_without_a_value_is_named():
    values = np.array([[1.0], [2.0], [math.nan], [math.nan]])
    with pytest.raises(DataError, match="margin of these samples has no value: that of sample 2 is NaN"):
        FunctionMeasure(lambda outputs, targets: outputs, "margin").of(values)


ONE_HOT = functional.one_hot(CLASSES, 4)


@pytest.mark.parametrize("name", ["f1", "iou", "accuracy", "perplexity", "position-accuracy"])
@pytest.mark.parametrize("labels", [ONE_HOT, ONE_HOT.double().tolist(), CLASSES[:, None], CLASSES[:, None].tolist()])
def test_labels_are_class_numbers_columns_or_one_hot(name, labels):
    """F1 and IoU refused what accuracy takes."""
    wanted = by_sample(measure_of(name), SCORES, CLASSES)
    assert by_sample(measure_of(name), SCORES, labels) == pytest.approx(wanted)


@pytest.mark.parametrize("axis", [1, -1])
def test_one_hot_labels_and_columns_of_positions(axis):
    scores, labels = LOGITS[:, :6].movedim(-1, axis), TOKENS[:, :6].clamp(min=0)
    wanted = by_sample(measure_of("iou"), scores, labels)
    for given in (functional.one_hot(labels, 5).movedim(-1, axis), labels.unsqueeze(axis)):
        assert by_sample(measure_of("iou"), scores, given) == pytest.approx(wanted)
    with pytest.raises(DataError, match="labels have the shape"):
        measure_of("iou").values(scores, functional.one_hot(labels, 5).movedim(-1, axis) + 1)


@pytest.mark.parametrize("batch", [1, 7, 60])
def test_one_hot_labels_of_two_classes_have_the_same_area(batch):
    """Every column was a label of its own: 0.72 instead of 0.90."""
    classes = (SCORES[:, 0] + torch.randn(60, generator=GENERATOR) > 0).long()
    area, pairs = measure_of("auc"), functional.one_hot(classes, 2)
    reading = area.reading([Batch(Call((), {}), part) for part in pairs.split(batch)])
    read = torch.cat([reading.of(None, part) for part in pairs.split(batch)])
    assert torch.equal(read, classes) and "one-hot" in reading.note
    assert by_sample(area, SCORES[:, 1:3], read) == by_sample(area, SCORES[:, 1:3], classes)
    several = torch.cat([pairs[:-1], torch.ones(1, 2).long()])  # two labels for each sample
    reading = area.reading([Batch(Call((), {}), part) for part in several.split(batch)])
    assert reading.of(None, several) is several and not reading.note


def test_a_change_has_its_sign_unless_it_reads_zero():
    """The studio wrote +0.00 points where `bitline compare` wrote 0.00."""
    share, error = measure_of("accuracy"), measure_of("mse")
    assert [share.text_of_change(change) for change in (0.0123, -0.0123, 0.00004, None)] == [
        "+1.23",
        "-1.23",
        "0.00",
        "",
    ]
    assert list(map(error.text_of_change, (1234.0, -0.5, 0.0))) == ["+1,234", "-0.5", "0"]
    assert (share.unit_of_change, error.unit_of_change) == ("points", error.unit)


@pytest.mark.parametrize(("offset", "known"), [(0.0, True), (1e4, True), (1e7, False), (1.7e9, False)])
def test_r2_of_targets_far_from_0_is_right_or_has_no_value(offset, known):
    """It was 0.99999 instead of 0.97 for Unix times, whose squares leave no digits for their variance."""
    targets = np.random.default_rng(0).normal(size=(200, 8)) + offset
    outputs = targets + 0.2 * np.random.default_rng(1).normal(size=(200, 8))
    measure = measure_of("r2")
    values = measure.values(torch.from_numpy(outputs), torch.from_numpy(targets)).numpy()
    if not known:
        with pytest.raises(DataError, match="differ by more than"):
            measure.of(values)
        return
    right = 1 - np.square(outputs - targets).sum() / np.square(targets - targets.mean()).sum()
    assert measure.of(values) == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "key"), [("top-5 accuracy", "top_5_accuracy"), ("worst case = a,b", "worst_case_a_b"), ("%", "measure")]
)
def test_the_key_of_a_measure_is_a_word(name, key):
    """'worst_case_=_a,b' could not be given to --pareto, which reads commas and signs."""
    assert FunctionMeasure(lambda outputs, targets: targets, name=name).key == key


def test_an_error_rate_can_be_above_one():
    """The interval of word error rates of 150 % ended at 100 %, so that it did not hold their own mean."""
    rate = MEASURES["word-error-rate"]()
    assert rate.possible(1.6) == 1.6 and rate.possible(-0.2) == 0.0 and rate.possible_change(-1.7) == -1.7
    low, high = ChipSpread(rate, (1.5, 1.6, 1.4)).interval
    assert low < 1.5 < high
