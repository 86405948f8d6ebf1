"""Several designs of one network on the same chips and images, and how sure their differences are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from bitline.cost import NetworkCost, library_of
from bitline.design import Design, views
from bitline.design.settings import flat
from bitline.errors import DataError
from bitline.evaluation.evaluate import Metric, Procedure
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.sample_values import tables
from bitline.evaluation.subject import Given, Labels, Subject
from bitline.measures import ACCURACY, Measure, measure_of
from bitline.measures.measure import Values
from bitline.numerics.summary import counted, cut
from bitline.numerics.two_way import Estimate, estimate


@dataclass(frozen=True, repr=False)
class MeasuredDesign:
    """What one of several designs did.

    Attributes:
        design: the accelerator.
        chips: values of each sample on each chip, (samples, columns), of which the measure is made.
        measure: what was measured.
        cost: energy, area and latency; None where the design has no converters.
        notes: what is to be known of it.

    Examples:
        >>> import numpy as np
        >>> measured = MeasuredDesign(Design(), (np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])))
        >>> measured.quality.value
        0.75
        >>> measured
        MeasuredDesign('unnamed', 2 chips)
    """

    design: Design
    chips: tuple[Values, ...]
    measure: Measure = ACCURACY
    cost: NetworkCost | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"MeasuredDesign({cut(self.design.name, 20)!r}, {counted(len(self.chips), 'chip')})"

    @property
    def quality(self) -> Estimate:
        """The measure of all chips together, with what the choice of chips and samples does to it."""
        return estimate(self.measure.combine, tables(self.measure, self.chips))

    def less(self, other: MeasuredDesign) -> Estimate:
        """The measure of this design less that of another one on the same chips and samples.

        Args:
            other: measured together with this one.

        Examples:
            >>> import numpy as np
            >>> first = MeasuredDesign(Design(), (np.array([[1.0], [1.0], [1.0], [0.0]]),))
            >>> second = MeasuredDesign(Design(), (np.array([[1.0], [0.0], [1.0], [0.0]]),))
            >>> first.less(second).value
            0.25
        """
        measure, own = self.measure, tables(self.measure, self.chips)

        def difference(means: Values) -> float:
            return measure.combine(means[: len(own)]) - measure.combine(means[len(own) :])

        return estimate(difference, [*own, *tables(measure, other.chips)])


@torch.no_grad()
def compare_designs(
    model: nn.Module,
    designs: Sequence[Design | str],
    images: Any,
    labels: Labels | None,
    calibration: Any,
    procedure: Procedure | None = None,
    batch: int = 64,
    metric: Metric = "accuracy",
) -> tuple[MeasuredDesign, ...]:
    """Measure the same network on several designs with the same samples.

    Chips of the same number have the same random draws in all designs, and every design meets every sample, so that
    differences between designs are paired: see `MeasuredDesign.less`.

    Args:
        model: float network.
        designs: two or more accelerators, or names of presets.
        images, labels, calibration, batch, metric: as for `evaluate`.
        procedure: chips, seed, what is done to every chip, and who is told how far the work is.

    Raises:
        DataError, NetworkError, ConversionError, CalibrationError: see `evaluate`.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> first, second = compare_designs(network, ["differential", "offset"], images, labels, images)
        >>> second.less(first).value  # 20 images tell little of others, though all are right
        0.0
        >>> [round(end, 2) for end in second.less(first).interval()]
        [-0.15, 0.15]
    """
    procedure = procedure or Procedure()
    chosen = [Design.of(design) for design in designs]
    if len(chosen) < 2:
        raise DataError(f"designs has {len(chosen)}: give two or more to compare")
    found: list[MeasuredDesign] = []
    measure = measure_of(metric)
    earlier: Prepared | None = None
    for design in chosen:
        subject = Subject.of(model, design, Given(images, labels, calibration, measure, batch))
        library_of(design)  # refuse a bad one now
        known = Known(earlier=earlier)
        data = subject.data
        procedure.progress(f"calibrate {design.name}", 0, 1)
        earlier = Prepared.of(subject.model, design, subject.calibration, procedure.seed, data.samples, known)
        measured = _measured(earlier, data, procedure)
        found.append(replace(measured, notes=(*subject.notes, *measured.notes)))
    return tuple(found)


def _measured(prepared: Prepared, data: MeasuredSamples, procedure: Procedure) -> MeasuredDesign:
    design = prepared.design
    chips = []
    for chip in range(procedure.chips):
        what = f"{design.name}, chip {chip + 1} of {procedure.chips}"
        prepared.program(chip)
        procedure.after_programming(prepared.analog, prepared.reference)
        values = prepared.values(data, lambda done, what=what: procedure.progress(what, done, len(data)))  # type: ignore[misc]
        data.measure.of(values, f"{design.name}, chip {chip + 1},")  # refuse what has none
        chips.append(values)
    cost, why = prepared.cost_or_reason(design, prepared.skipped(data))
    notes = (*prepared.notes(design), *why)
    return MeasuredDesign(design, tuple(chips), data.measure, cost, notes)


def differing_settings(designs: Sequence[Design | str]) -> dict[str, tuple[Any, ...]]:
    """Settings that are not the same in all designs: their values, None where a design has no such setting.

    What only one kind of a table has, such as settings of a SAR beside a uniform ADC, is listed where it differs from
    its default: the other design cannot have it, and the kinds are listed.

    Args:
        designs: or names of presets, in the order in which the values are given.

    Examples:
        >>> differing_settings([Design(), Design().with_settings({"adc.bits": 6})])
        {'adc.bits': (8, 6)}
        >>> differing_settings([Design(), Design().with_settings({"adc.kind": "sar"})])
        {'adc.kind': ('uniform', 'sar')}
    """
    chosen = [Design.of(design) for design in designs]
    content = [flat(views.whole(design)) for design in chosen]
    names = dict.fromkeys(name for settings in content for name in settings)
    values = {name: tuple(settings.get(name) for settings in content) for name in names}
    differing = {name: of_each for name, of_each in values.items() if len(set(map(repr, of_each))) > 1}
    return {
        name: of_each
        for name, of_each in differing.items()
        if not _is_of_another_kind(name, differing) or not all(map(partial(_is_usual, name=name), chosen))
    }


def _is_of_another_kind(name: str, differing: Collection[str]) -> bool:
    """Whether a setting stands in a table of which the designs have different kinds."""
    parts = name.split(".")
    tables = (".".join(parts[:depth]) for depth in range(1, len(parts)))
    return parts[-1] != "kind" and any(f"{table}.kind" in differing for table in tables)


def _is_usual(design: Design, name: str) -> bool:
    """Whether a design has no such setting, or has its default; a setting without a default is never usual."""
    owner: Any = design
    *tables, last = name.split(".")
    for table in tables:
        owner = getattr(owner, table, None)
    fields = getattr(type(owner), "model_fields", {})
    return last not in fields or bool(fields[last].get_default(call_default_factory=True) == getattr(owner, last))
