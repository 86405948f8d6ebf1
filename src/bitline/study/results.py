"""What a store says of a study: one row for each design, chip or layer."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from bitline.config.files import replacing, write_csv, write_values
from bitline.errors import StudyError
from bitline.evaluation.layer_errors import LayerError, LayerSums, layer_errors
from bitline.numerics.confidence import deviation, half_width, known
from bitline.numerics.text import number
from bitline.study.agenda import Coverages, enough
from bitline.study.store import Shard, Store
from bitline.study.study import Study

COSTS = (
    "energy_uJ", "energy_per_mac_fJ", "TOPS_per_W", "area_mm2", "TOPS_per_mm2", "latency_us", "images_per_s", "power_W",
    "arrays", "cells_used", "conversions",
)  # fmt: skip
"""Numbers of the cost that result tables have."""


@dataclass(frozen=True)
class DesignResult:
    """One design.

    Attributes:
        key: what identifies it.
        name: of the design.
        settings: what the axes set.
        design: all its settings.
        images: images that every chip classified, or that a design was screened on.
        accuracies: fraction right of each chip that counts.
        reference: fraction right of the quantised reference, or none.
        cost: as `NetworkCost.to_dict` gives it, or none.
        screened: fraction right of the first images on the first chip, where the design is not finished; or none.
        layers: errors of the layers over all chips.
        seconds: computing time.
        finished: whether nothing is left to do.
        error: what went wrong, or nothing.
    """

    key: str
    name: str
    settings: dict[str, Any]
    design: dict[str, Any]
    images: int
    accuracies: tuple[float, ...]
    reference: float | None
    cost: dict[str, Any] | None
    screened: float | None
    layers: tuple[LayerError, ...]
    seconds: float
    finished: bool
    error: str

    @property
    def values(self) -> dict[str, Any]:
        """The settings, but numbers that are written in words as the design reads them: '1 day' as 86400.0 (s)."""
        return {name: _read(value, name, self.design) for name, value in self.settings.items()}

    @property
    def mean(self) -> float:
        """Mean accuracy over chips; NaN where none is finished."""
        return sum(self.accuracies) / len(self.accuracies) if self.accuracies else math.nan

    @property
    def std(self) -> float:
        """Standard deviation over chips; NaN for fewer than two."""
        return deviation(self.accuracies)

    @property
    def half_width(self) -> float:
        """Half of the 95 % confidence interval of the mean; NaN for fewer than two chips."""
        return half_width(self.accuracies)


@dataclass(frozen=True)
class StudyResult:
    """All that a store knows.

    Attributes:
        study: the study that was run last on it.
        facts: what the results depend on besides the designs.
        sessions: versions and hardware of every run.
        designs: in the order of the study, then those of earlier studies.
        float_accuracy: fraction right of the float network, or none.
    """

    study: Study
    facts: dict[str, str]
    sessions: tuple[dict[str, Any], ...]
    designs: tuple[DesignResult, ...]
    float_accuracy: float | None

    def to_frame(self) -> pd.DataFrame:
        """One row for each design: settings (times in seconds), accuracy over chips, cost."""
        return pd.DataFrame([self._row(one) for one in self.designs])

    def chips_frame(self) -> pd.DataFrame:
        """One row for each design and chip."""
        return pd.DataFrame(
            [
                {"design": one.name, **one.values, "chip": chip, "images": one.images, "accuracy": accuracy}
                for one in self.designs
                for chip, accuracy in enumerate(one.accuracies)
            ]
        )

    def layers_frame(self) -> pd.DataFrame:
        """One row for each design and layer."""
        return pd.DataFrame(
            [
                {"design": one.name, **one.values, **{"layer": layer.name}, **_without_name(layer)}
                for one in self.designs
                for layer in one.layers
            ]
        )

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that differ between designs."""
        names = dict.fromkeys(name for one in self.designs for name in one.settings)
        return tuple(name for name in names if len({repr(one.settings.get(name)) for one in self.designs}) > 1)

    def levels(self, setting: str) -> list[float | str]:
        """The different values of a setting in order: numbers by size, then words as the study lists them.

        Numbers are as in `DesignResult.values`; everything that is not a number is in words.
        """
        met = dict.fromkeys(in_words(one.values[setting]) for one in self.designs if setting in one.settings)
        steps = (step for axis in self.study.axes for step in axis.steps())
        written = [in_words(step[setting]) for step in steps if setting in step]
        names = [value for value in dict.fromkeys(written) if value in met]
        words = [value for value in dict.fromkeys([*names, *met]) if isinstance(value, str)]
        return [*sorted(value for value in met if not isinstance(value, str)), *words]

    def _row(self, one: DesignResult) -> dict[str, Any]:
        cost = one.cost or {}
        return {
            "design": one.name,
            **one.values,
            "accuracy": one.mean,
            "screened_accuracy": math.nan if one.screened is None else one.screened,
            "std": one.std,
            "half_width_95": one.half_width,
            "chips": len(one.accuracies),
            "images": one.images,
            "reference_accuracy": math.nan if one.reference is None else one.reference,
            "float_accuracy": math.nan if self.float_accuracy is None else self.float_accuracy,
            **{name: cost.get(name, math.nan) for name in COSTS},
            "seconds": one.seconds,
            "finished": one.finished,
            "error": one.error,
            "key": one.key,
        }

    def _repr_html_(self) -> str:
        shown = ["design", *self.settings, "accuracy", "std", "chips", "energy_uJ", "area_mm2", "latency_us"]
        frame = self.to_frame()
        html: str = frame[[name for name in dict.fromkeys(shown) if name in frame]].to_html(
            index=False, float_format=number, na_rep=""
        )
        return f"<b>{escape(self.study.name)}</b>, {len(self.designs)} designs{html}"


def in_words(value: Any) -> Any:
    """A value of a setting on an axis or in a table: numbers as they are, everything else in words."""
    return value if is_number(value) else str(value)


def is_number(value: Any) -> bool:
    """Whether a value is a number; True and False are words."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def _read(value: Any, name: str, design: Any) -> Any:
    """A value of a setting; where it is a word, the number that the design has in its place, if it is one."""
    if isinstance(value, str):
        for step in name.split("."):
            design = design.get(step) if isinstance(design, dict) else None
        return design if is_number(design) else value
    return value


def read_results(path: str | Path) -> StudyResult:
    """Read a store; another process may be writing to it.

    Raises:
        StudyError: there is no such store.
    """
    with Store.reading(Path(path)) as store:
        facts = store.facts()
        if "study" not in facts:
            raise StudyError(f"the store {path} holds no study yet: run one with 'bitline sweep'")
        study = Study(**_parsed(facts.pop("study")))
        shards, costs, failures = store.shards(), store.costs(), store.failures()
        images = int(facts.get("images", "0"))
        progress = Coverages(shards)
        layers = _layers(shards)
        seconds: dict[str, float] = defaultdict(float)
        for shard in shards:
            seconds[shard.key] += shard.seconds
        errors: dict[str, str] = {one["key"]: one["message"] for one in failures}
        wanted = json.loads(facts.pop("points", "[]"))
        order = {key: index for index, key in enumerate(wanted)}
        stored = sorted(store.designs(), key=lambda one: order.get(one["key"], len(order)))
        designs = []
        for one in stored:
            key = one["accuracy_key"]
            accuracies = progress.accuracies(key, images)
            count = enough(accuracies, study.run.chips, study.run.stop)
            chips = accuracies[: count or len(accuracies)]
            reach, right = progress.coverage["analog", key, 0].reach(images)
            designs.append(
                DesignResult(
                    key=one["key"],
                    name=one["name"],
                    settings=one["settings"],
                    design=one["design"],
                    images=images if chips else reach,
                    accuracies=tuple(chips),
                    reference=progress.coverage["reference", one["reference_key"], 0].accuracy(images),
                    cost=costs.get(one["key"]),
                    screened=right / reach if reach and not chips else None,
                    layers=layer_errors(runs for chip, runs in layers[key] if chip < max(1, len(chips))),
                    seconds=seconds[key],
                    finished=count is not None and one["key"] in costs,
                    error=errors.get(key, errors.get(one["reference_key"], "")),
                )
            )
        return StudyResult(
            study=study,
            facts=facts,
            sessions=tuple(store.sessions()),
            designs=tuple(designs),
            float_accuracy=progress.coverage["float", "", 0].accuracy(images),
        )


EXPORTS = ("csv", "parquet", "json")
"""Formats of `export`."""


def export(result: StudyResult, to: str, path: Path) -> None:
    """Write the table of designs.

    Args:
        result: of a study.
        to: 'csv', 'parquet' or 'json'; the last has everything, layers and costs by component too.
        path: file to write; an existing one is replaced in one step.

    Raises:
        StudyError: an unknown format, or Parquet without pyarrow.
    """
    check_export(to)
    if to == "csv":
        write_csv(path, result.to_frame())
    elif to == "json":
        write_values(path, to_dict(result), indent=1)
    else:
        frame = result.to_frame()
        mixed = [name for name in frame if frame[name].map(type).nunique() > 1 and frame[name].dtype == object]
        try:
            with replacing(path) as part:
                frame.astype(dict.fromkeys(mixed, "string")).to_parquet(part, index=False)
        except ImportError:
            raise StudyError("writing Parquet needs pyarrow: pip install pyarrow, or use --to csv") from None


def check_export(to: str) -> None:
    """Refuse what is not a format of `export`.

    Raises:
        StudyError: an unknown format, and the known ones.
    """
    if to not in EXPORTS:
        raise StudyError(f"there is no format {to!r}: use one of {', '.join(EXPORTS)}")


def to_dict(result: StudyResult) -> dict[str, Any]:
    """Everything as plain values, for JSON; unknown numbers are None."""
    return {
        "study": json.loads(result.study.model_dump_json()),
        "facts": result.facts,
        "sessions": list(result.sessions),
        "float_accuracy": result.float_accuracy,
        "designs": [
            {
                **{key: value for key, value in vars(one).items() if key != "layers"},
                "mean": known(one.mean),
                "std": known(one.std),
                "half_width_95": known(one.half_width),
                "layers": [{key: known(value) for key, value in vars(layer).items()} for layer in one.layers],
            }
            for one in result.designs
        ],
    }


def _layers(shards: list[Shard]) -> dict[str, list[tuple[int, list[LayerSums]]]]:
    layers: dict[str, list[tuple[int, list[LayerSums]]]] = defaultdict(list)
    for one in shards:
        if one.layers:
            layers[one.key].append((one.chip, [LayerSums(**layer) for layer in one.layers]))
    return layers


def _parsed(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def _without_name(layer: LayerError) -> dict[str, Any]:
    return {key: value for key, value in vars(layer).items() if key != "name"}
