"""Results that no network gives, whose numbers span many decades: any fault in formatting or order shows."""

from __future__ import annotations

import math

import torch
from torch import nn

from bitline import Design
from bitline.cost import LayerCost, NetworkCost
from bitline.data.preprocess import FASHION_MNIST
from bitline.evaluation.layer_errors import LayerError
from bitline.evaluation.result import Evaluation
from bitline.networks.network import Network
from bitline.numerics.labels import COSTS
from bitline.study import Study
from bitline.study.results import DesignResult, StudyResult

NUMBERS = (
    1029.7, 1360.0, 1e-7, 10, 100, 103000, 999.96, 1e9, -1234.5, -0.0, 0.0, 9.9996e-5, 123456789, 0.1, 999950.0, -1e-7,
    40.0, 1.5e16, 99995.0, None, math.nan, 7,
)  # fmt: skip
"""Values of any cost; None is missing."""
SIZES = (1e-7, 1029.7, 1360.0, 10.0, 100.0, 103000.0, 999.96, 1e9, 0.1, 20.0)
"""Values of costs that have a logarithmic axis."""
ACCURACIES = ((0.99996, 0.99996), (1.0, 1.0), (0.9, 0.91), (0.00004, 0.0), (0.0, 0.0), (0.5,), (), (0.8765, 0.8767))
DRAWN = ("energy_uJ", "area_mm2", "latency_us")
LAYERS = ("1.1", "1.10", "2")
"""Names that are different names and the same number."""
TIMES = ("1 day", "1 s", "30 days", "1 hour")
"""In the order of the alphabet, and of the study, accuracy would rise with time."""


def small_network() -> nn.Module:
    """One layer on images of 28 x 28 pixels."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def small_fashion() -> Network:
    """Two layers on the images that come with bitline, for commands that do more than the test needs."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(1, 4, 4, 4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 10))
    return Network("synthetic:small_fashion", lambda: made, FASHION_MNIST, data="fashion-mnist")


def study_result(designs: int | None = None) -> StudyResult:
    """A study over a time, a ratio with infinity, bits and words."""
    study = Study(
        name="synthetic",
        design={"set": {"cell.device.alpha": 0.05}},
        axes=[
            {"setting": "cell.time", "values": TIMES},
            {"setting": "cell.on_off_ratio", "values": ["inf", 1000, 10]},
            {"zip": {"adc.bits": [10, 9], "adc.range": ["full", "calibrated"]}},
        ],
    )
    points = study.points()[:designs]
    return StudyResult(study, {}, (), tuple(_design(point, index) for index, point in enumerate(points)), 0.99996)


def _design(point, index: int) -> DesignResult:
    costs = {
        name: SIZES[(index + place) % len(SIZES)] if name in DRAWN else NUMBERS[(index + 3 * place) % len(NUMBERS)]
        for place, name in enumerate(COSTS)
    }
    parts = {"ADCs": 1e6 * SIZES[index % len(SIZES)], "rows": 1360e6, "registers": 1.0}
    cost = {name: value for name, value in costs.items() if value is not None}
    cost |= {"energies_pJ": parts, "areas_mm2": {"ADCs": 1.5, "rows": SIZES[index % len(SIZES)]}}
    cost |= {"adc_ranges": {name: [0.99996, 1e-5] for name in LAYERS}}
    ratios = (math.inf, 1029.7, -0.04, 12.34, math.nan)
    layers = [LayerError(name, 1029, 10, 1, ratios[(index + i) % 5], 1.0) for i, name in enumerate(LAYERS)]
    accuracies = ACCURACIES[index % len(ACCURACIES)]
    return DesignResult(
        point.key, "", point.settings, point.design.model_dump(mode="json"), 1000, accuracies, 0.5,
        cost if index != 1 else None, None if accuracies else 0.25, tuple(layers), 1.0, True, "",
    )  # fmt: skip


def evaluations() -> list[Evaluation]:
    """One evaluation at several times, not in their order."""
    layers = tuple(
        LayerError(name, 1029, 100, 10, own, accumulated)
        for name, own, accumulated in zip(LAYERS, (1029.7, -0.04, math.inf), (12.3, 45.6, 78.9), strict=True)
    )
    costs = tuple(
        LayerCost(name, 1e6, 1000, 1, 1, 0.9996, 103000.0, {"ADCs": 1e6 * size, "rows": 1360e6}, 1029.7, 1029.7)
        for name, size in zip(LAYERS, SIZES, strict=False)
    )
    areas = {"ADCs": 1e-7, "rows": 1029.7, "control": 100.0}
    cost = NetworkCost("synthetic", "none", costs, areas, 1000, 100, 1029700.0, 1e9)
    return [
        Evaluation(
            Design().with_settings({"cell.time": time}),
            1000,
            0,
            0.99996,
            1.0,
            (share, share - 0.001),
            layers,
            cost=cost,
        )
        for time, share in (("1 day", 0.8), ("1 s", 0.95), ("1 hour", 0.9))
    ]
