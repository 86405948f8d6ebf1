"""Intervals over chips and images hold the truth as often as they say, and are those of the analysis of variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from bitline.numerics.two_way import Estimate, Spread, estimate


def classified(draws, chips, images, between_chips, rest):
    """Whether images were right without errors, (1, images), and on chips, (chips, images): thresholds of a sum."""
    hard = draws.normal(0, 1, images)
    reference = (1.0 + hard + draws.normal(0, 0.3, images)) > 0
    each_chip, each = draws.normal(0, between_chips, (chips, 1)), draws.normal(0, rest, (chips, images))
    return reference[None], (0.8 + hard + each_chip + each) > 0


def true_accuracies(between_chips, rest):
    return norm.cdf(1.0 / math.hypot(1, 0.3)), norm.cdf(0.8 / math.sqrt(1 + between_chips**2 + rest**2))


STATISTICS = {"loss": lambda means: means[0] - means[1], "log ratio": lambda means: math.log(means[0] / means[1])}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize(
    ("chips", "images", "between_chips", "rest"),
    [(1, 500, 0.0, 0.3), (3, 200, 0.2, 0.5), (5, 500, 0.1, 0.3), (10, 300, 0.3, 0.3)],
)
def test_95_per_cent_of_intervals_hold_the_truth(name, chips, images, between_chips, rest):
    draws, statistic = np.random.default_rng(chips), STATISTICS[name]
    truth = statistic(true_accuracies(between_chips, rest))
    intervals = [
        estimate(statistic, classified(draws, chips, images, between_chips, rest)).interval() for _ in range(500)
    ]
    share = np.mean([low <= truth <= high for low, high in intervals])
    assert 0.93 <= share <= 0.97


def few_wrong(draws, chips, images, share):
    """Images that were right without errors, a share of which is wrong on every second chip."""
    hard = draws.random(images) < share
    return np.ones((1, images)), 1.0 - (hard & (draws.random((chips, images)) < 0.5))


@pytest.mark.parametrize(
    ("share", "images", "chips"), [(0.01, 100, 5), (0.02, 100, 3), (0.01, 500, 5), (0.005, 1000, 10)]
)
def test_intervals_hold_the_truth_where_few_images_are_wrong(share, images, chips):
    """They held it in 59 to 91 % of cases, and had no width where no image was wrong."""
    draws = np.random.default_rng(chips)
    for statistic, truth in ((STATISTICS["loss"], share / 2), (lambda means: means[1], 1 - share / 2)):
        intervals = [estimate(statistic, few_wrong(draws, chips, images, share)).interval() for _ in range(400)]
        assert np.mean([low <= truth <= high for low, high in intervals]) >= 0.93


def test_two_images_more_are_those_of_bonett_and_price():
    """Their interval has (n12 + 1, n21 + 1) discordant images of n + 2; ours the same variance but for its centre."""
    shares = []
    for images in range(100, 150):
        counts = (images - 20, 15, 5)
        tables = np.repeat([1.0, 1.0, 0.0], counts)[None], np.repeat([1.0, 0.0, 1.0], counts)[None]
        (spread,) = estimate(STATISTICS["loss"], tables).spreads
        p12, p21 = 16 / (images + 2), 6 / (images + 2)
        shares.append(spread.from_images / ((p12 + p21 - (p12 - p21) ** 2) / (images + 2)))
    assert np.mean(shares) == pytest.approx(1, abs=0.06)  # groups of images are left out: each is off by a fifth


def test_images_of_which_none_is_lost_do_not_prove_that_none_would_be():
    found = estimate(lambda means: 100 * STATISTICS["loss"](means), [np.ones((1, 20)), np.ones((3, 20))])
    assert found.value == 0.0 and found.interval()[1] > 10
    assert found.p_value(0.5) > 0.5


def test_one_image_says_nothing_of_others():
    found = estimate(STATISTICS["loss"], [np.ones((1, 1)), np.zeros((3, 1))])
    assert found.value == 1.0 and found.interval() == (-math.inf, math.inf)


def test_the_variance_of_a_mean_is_that_of_the_analysis_of_variance():
    values = np.random.default_rng(0).normal(size=(6, 30)) + np.arange(6)[:, None] + np.arange(30) / 9
    rows, columns = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    of_chips = 30 * np.square(rows - values.mean()).sum() / 5
    of_images = 6 * np.square(columns - values.mean()).sum() / 29
    of_rest = np.square(values - rows - columns + values.mean()).sum() / (5 * 29)
    (spread,) = estimate(lambda means: means[0], [values]).spreads
    assert [spread.from_chips, spread.from_images, spread.from_both] == pytest.approx(
        [square / values.size for square in (of_chips, of_images, of_rest)]
    )


def test_pairing_removes_what_designs_share():
    reference, chips = classified(np.random.default_rng(1), 5, 400, 0.0, 0.2)
    paired = estimate(STATISTICS["loss"], [reference, chips]).spreads[0].variance
    apart = sum(spread.variance for spread in estimate(lambda a, b: a[0] - b[0], [reference], [chips]).spreads)
    assert paired < apart / 3


def test_exact_values_have_no_interval_and_single_ones_no_variance_of_their_kind():
    assert estimate(lambda means: means[0], [np.full((4, 10), 0.5)]).interval() == (0.5, 0.5)
    one_chip = estimate(lambda means: means[0], [np.arange(10.0)[None]]).spreads[0]
    assert one_chip.from_chips == one_chip.from_both == 0.0 < one_chip.from_images
    of_chips = estimate(lambda means: means[0], [np.repeat(np.arange(4.0)[:, None], 10, axis=1)])
    assert of_chips.interval() == pytest.approx((1.5 - 2.0542, 1.5 + 2.0542), abs=1e-3)  # Student, three degrees


def test_a_number_that_some_leave_outs_do_not_have_says_nothing():
    """A tolerance at the end of what was measured is unknown without some images, and was said to be certain."""
    right = np.random.default_rng(0).random((4, 60)) < 0.8
    found = estimate(lambda means: means[0] if means[0] < right.mean() + 1e-9 else math.nan, [right])
    assert math.isfinite(found.value)
    assert found.interval() == (-math.inf, math.inf)
    assert found.p_value(0.5) == 1.0
    assert found.needed(0.5) is None


def test_p_values_and_intervals_agree():
    found = Estimate(1.0, (Spread(5, 500, 0.03, 0.02, 0.01), Spread(3, 100, 0.01, 0.02, 0.0)))
    for confidence in (0.5, 0.95, 0.999):
        low, high = found.interval(confidence)
        assert found.p_value(low) == pytest.approx(1 - confidence)
        assert found.p_value(high) == pytest.approx(1 - confidence)
    assert found.p_value(1.0) == pytest.approx(1.0)


def test_as_many_images_as_were_asked_for_decide():
    draws = np.random.default_rng(2)
    small = estimate(STATISTICS["loss"], classified(draws, 5, 300, 0.02, 0.3))
    bound = small.value - 0.01
    chips, images = small.needed(bound)
    large = estimate(STATISTICS["loss"], classified(draws, chips, images, 0.02, 0.3))
    low, high = large.interval()
    assert (high - low) / 2 == pytest.approx(0.01, rel=0.3)


def test_tables_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="other chips or images"):
        estimate(lambda means: means[0], [np.ones((3, 4)), np.ones((2, 4))])


@pytest.mark.parametrize("classes", [2, 5, 10, 50])
def test_intervals_do_not_depend_on_the_order_of_images(classes):
    """Classes that take turns gave each group of images classes of its own, and intervals five times too wide."""
    hard = np.arange(10_000) % classes
    right = (np.random.default_rng(0).random((3, 10_000)) < np.linspace(0.5, 1.0, classes)[hard]).astype(float)
    found = estimate(lambda means: means[0], [right])
    assert found.spreads[0].from_images == pytest.approx(right.mean(axis=0).var() / 10_000, rel=0.5)
    for order in (np.argsort(hard, kind="stable"), np.random.default_rng(1).permutation(10_000)):
        assert estimate(lambda means: means[0], [right[:, order]]).interval() == found.interval()
