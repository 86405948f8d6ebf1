"""Several designs of one network on the same chips and images, and how sure their differences are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bitline.cost import NetworkCost, library_of
from bitline.data.stored_images import StoredImages
from bitline.design import Design
from bitline.design.settings import flat
from bitline.errors import DataError
from bitline.evaluation.evaluate import Procedure
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.subject import Given, Labels, Subject
from bitline.measures import ACCURACY
from bitline.nn import age
from bitline.numerics.two_way import Estimate, estimate

NAMES = ("name", "description")
"""Settings of a design that change nothing."""


@dataclass(frozen=True)
class MeasuredDesign:
    """What one of several designs did.

    Attributes:
        design: the accelerator.
        right: whether each image was classified right on each chip, (chips, images).
        cost: energy, area and latency; None where the design has no converters.
        notes: what is to be known of it.

    Examples:
        >>> measured = MeasuredDesign(Design(), np.array([[True, False], [True, True]]))
        >>> measured.accuracy.value
        0.75
    """

    design: Design
    right: NDArray[np.bool_] = field(repr=False)
    cost: NetworkCost | None = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def accuracy(self) -> Estimate:
        """Fraction right, with what the choice of chips and images does to it."""
        return estimate(lambda means: means[0], [self.right.astype(float)])

    def less(self, other: MeasuredDesign) -> Estimate:
        """Accuracy of this design less that of another one on the same chips and images.

        Args:
            other: measured together with this one.

        Examples:
            >>> first = MeasuredDesign(Design(), np.array([[True, True, True, False]]))
            >>> second = MeasuredDesign(Design(), np.array([[True, False, True, False]]))
            >>> first.less(second).value
            0.25
        """
        return estimate(lambda means: means[0] - means[1], [self.right.astype(float), other.right.astype(float)])


@torch.no_grad()
def compare_designs(
    model: nn.Module,
    designs: Sequence[Design | str],
    images: Tensor | np.ndarray | StoredImages,
    labels: Labels,
    calibration: Any,
    procedure: Procedure | None = None,
    batch: int = 64,
) -> tuple[MeasuredDesign, ...]:
    """Classify the same images with the same network on several designs.

    Chips of the same number have the same random draws in all designs, and every design meets every image, so that
    differences between designs are paired: see `MeasuredDesign.less`.

    Args:
        model: float network that classifies.
        designs: two or more accelerators, or names of presets.
        images, labels, calibration, batch: as for `evaluate`.
        procedure: chips, seed, what is done to every chip, and who is told how far the work is.

    Raises:
        DataError, NetworkError, ConversionError, CalibrationError: see `evaluate`.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> first, second = compare_designs(network, ["differential", "offset"], images, labels, images)
        >>> second.less(first).interval()
        (0.0, 0.0)
    """
    procedure = procedure or Procedure()
    chosen = [Design.of(design) for design in designs]
    if len(chosen) < 2:
        raise DataError(f"designs has {len(chosen)}: give two or more to compare")
    found: list[MeasuredDesign] = []
    earlier: Prepared | None = None
    for design in chosen:
        subject = Subject.of(model, design, Given(images, labels, calibration, ACCURACY, batch))
        library_of(design)  # refuse a bad one now
        known = Known(earlier=earlier)
        data = subject.data
        procedure.progress(f"calibrate {design.name}", 0, 1)
        earlier = Prepared.of(subject.model, design, subject.calibration, procedure.seed, data.samples, known)
        found.append(_measured(earlier, data, procedure))
    return tuple(found)


def _measured(prepared: Prepared, data: MeasuredSamples, procedure: Procedure) -> MeasuredDesign:
    design = prepared.design
    right = []
    for chip in range(procedure.chips):
        what = f"{design.name}, chip {chip + 1} of {procedure.chips}"
        prepared.program(chip)
        age(prepared.analog, design.cell.time)
        procedure.after_programming(prepared.analog, prepared.reference)
        each = prepared.values(data, lambda done, what=what: procedure.progress(what, done, len(data)))  # type: ignore[misc]
        right.append(np.asarray(each).reshape(-1) > 0.5)
    cost, why = prepared.cost_or_reason(design, prepared.skipped(data))
    return MeasuredDesign(design, np.stack(right), cost, (*prepared.conversion.notes, *why))


def differing_settings(designs: Sequence[Design]) -> dict[str, tuple[Any, ...]]:
    """Settings that are not the same in all designs: their values, None where a design has no such setting.

    Args:
        designs: in the order in which the values are given.

    Examples:
        >>> differing_settings([Design(), Design().with_settings({"adc.bits": 6})])
        {'adc.bits': (8, 6)}
    """
    content = [flat(design.model_dump(mode="json", exclude=set(NAMES))) for design in designs]
    names = dict.fromkeys(name for settings in content for name in settings)
    values = {name: tuple(settings.get(name) for settings in content) for name in names}
    return {name: of_each for name, of_each in values.items() if len(set(map(repr, of_each))) > 1}
