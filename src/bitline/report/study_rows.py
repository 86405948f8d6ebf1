"""The table of designs in the report of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit

from bitline.design import Design
from bitline.numerics.labels import COMPARED, COSTS, label_of_cost
from bitline.report.labels import label_of_setting
from bitline.report.shown_designs import MANY
from bitline.study.results import StudyResult


def columns_of(result: StudyResult) -> list[str]:
    """Names of the columns: settings (or the design's name), accuracy, costs that some design has.

    Very many designs have the columns by which one chooses among them.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> columns_of(result)[:5]
        ['adc.bits', 'accuracy (%)', 'std (%)', 'chips', 'energy_uJ']
    """
    unit = f" ({result.measure.unit})" if result.measure.unit else ""
    screened = [f"screened{unit}"] if _has_screened(result) else []
    settings = result.settings or ("design",)
    return [*settings, result.measure.head, f"std{unit}", "chips", *screened, *_costs(result)]


def head_of(column: str, sample: str) -> str:
    """What stands above a column.

    Args:
        column: name, as `columns_of` gives it, which filters and downloads use.
        sample: what a sample is called.

    Examples:
        >>> [head_of(column, "image") for column in ("adc.bits", "latency_us", "accuracy (%)", "std (%)")]
        ['ADC resolution (bits)', 'latency of an image (µs)', 'accuracy (%)', 'std over chips (%)']
    """
    if column in COSTS:
        return label_of_cost(column, sample).head
    if column.partition(" ")[0] == "std":
        return column.replace("std", "std over chips", 1)
    return label_of_setting(column).head if "." in column else column


def designs_of(result: StudyResult, shown: StudyResult) -> tuple[dict[str, Any], list[str]]:
    """Designs in full, by key, and lines of TOML: the `row` of each, and its `design`, places of its lines.

    Args:
        result: whose rows are counted.
        shown: the designs that are written in full.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(DesignResult(f"{bits}", "", {}, {"adc": {"bits": bits}}) for bits in (5, 8))
        >>> result = StudyResult(Study(), facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> found, lines = designs_of(result, result)
        >>> found["8"]["row"], [lines[place] for place in found["8"]["design"] if "bits = 8" in lines[place]][-1][:8]
        (1, 'bits = 8')
    """
    numbers: dict[str, int] = {}
    places = {design.key: place for place, design in enumerate(result.designs)}
    found = {
        design.key: {
            "row": places[design.key],
            "design": [numbers.setdefault(line, len(numbers)) for line in _toml(design.design).split("\n")],
        }
        for design in shown.designs
    }
    return found, list(numbers)


def stored_design(settings: Mapping[str, Any]) -> Design | None:
    """The design that a store has the settings of, or None where it cannot be had on this machine.

    Args:
        settings: all of them, as `Design.model_dump` gives them. A class of a user's that they name need not be here:
            it is not imported. Where it is at hand, it may be another one by now, which does not accept its settings.

    Examples:
        >>> stored_design({"adc": {"bits": 6}}).adc.bits
        6
        >>> stored_design({"cell": {"device": {"kind": "strangers_lab:Device"}}}).is_loaded
        False
        >>> stored_design({"adc": {"bits": "many"}}) is None
        True
    """
    try:
        return Design.from_dict(dict(settings))
    except Exception:  # a user's class can raise anything
        return None


def _toml(settings: Mapping[str, Any]) -> str:
    """A design with the meaning of its settings, or as it is stored where it cannot be had on this machine."""
    design = stored_design(settings)
    return tomlkit.dumps(_known(settings)) if design is None else design.to_toml()


def _known(settings: Any) -> Any:
    """Settings without those that are None, which TOML has no word for."""
    if isinstance(settings, Mapping):
        return {name: _known(value) for name, value in settings.items() if value is not None}
    return [_known(value) for value in settings if value is not None] if isinstance(settings, list) else settings


def _has_screened(result: StudyResult) -> bool:
    return any(design.screened is not None for design in result.designs)


def _costs(result: StudyResult) -> list[str]:
    names = COSTS if len(result.designs) <= MANY else COMPARED
    return [name for name in names if any(name in design.costs for design in result.designs)]
