"""What the paper's studies are run on, and how they measure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bitline.cost import Statistics, gather_statistics
from bitline.data.labels import class_count
from bitline.errors import StudyError
from bitline.networks import find_network
from bitline.study import DesignResult, Study, StudyResult, read_results, sweep
from bitline.study.sweep import Launch, Report, Workload, load


@dataclass(frozen=True)
class Subject:
    """A network of a comparison.

    Attributes:
        model, weights, data: as for `Experiment`.
    """

    model: str
    weights: Path | None = None
    data: str | None = None


def read_subjects(path: Path) -> tuple[Subject, ...]:
    """Networks of a TOML file: tables [[network]] with model, weights and data, files relative to it.

    Raises:
        StudyError: the file cannot be read, or does not say that.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"cannot read networks from {path}: {error}") from None
    tables = content.get("network")
    keys = {"model", "weights", "data"}
    if set(content) != {"network"} or not isinstance(tables, list):
        raise StudyError(f"{path}: networks are tables [[network]] with {', '.join(sorted(keys))}")
    found = []
    for table in tables:
        strange = [name for name, value in table.items() if name not in keys or not isinstance(value, str)]
        if strange or "model" not in table:
            what = f"{strange[0]!r} is not one of them, or no text" if strange else "model is missing"
            raise StudyError(f"{path}: a [[network]] has model, weights and data: {what}")
        weights, data = (path.parent / table[name] if name in table else None for name in ("weights", "data"))
        source = str(data) if data is not None and data.exists() else table.get("data")
        found.append(Subject(table["model"], weights, source))
    return tuple(found)


@dataclass(frozen=True)
class Experiment:
    """Network, data and size of all studies; one store for each network keeps what they have in common.

    Attributes:
        out: folder of figures, data and the store.
        model: a network that comes with bitline, or package.module:function.
        weights: its weights.
        data: labelled images.
        images: images to classify.
        calibration_images: images that set ranges.
        chips: independently programmed chips.
        seed: of the chips.
        workers: processes.
        launch: starts other workers instead.
        others: networks that studies of several networks compare with this one.
        report: told how far the work is.
    """

    out: Path
    model: str = "fashion-resnet"
    weights: Path | None = None
    data: str | None = None
    images: int = 500
    calibration_images: int = 200
    chips: int = 5
    seed: int = 0
    workers: int = 1
    launch: Launch | None = None
    others: tuple[Subject, ...] = ()
    report: Report = field(default=lambda done, total, what: None)

    def each(self) -> tuple[Experiment, ...]:
        """This experiment and those of the other networks."""
        return (self, *(replace(self, **vars(one), others=()) for one in self.others))

    @property
    def source(self) -> str:
        """Name of the images."""
        return Path(find_network(self.model).images(self.data)).name

    def measure(
        self,
        name: str,
        axes: Sequence[dict[str, Any]],
        settings: dict[str, Any] | None = None,
        base: str = "ideal",
        chips: int | None = None,
    ) -> Measurements:
        """Evaluate designs; what an earlier study measured is not measured again.

        Args:
            name: of the study.
            axes: as in a study file.
            settings: what all designs have in common, by dotted name.
            base: the base design.
            chips: how many; those of the experiment if not given.
        """
        study = Study(
            name=name,
            model={"name": self.model, "weights": self.weights},
            data={"source": self.data, "images": self.images, "calibration_images": self.calibration_images},
            design={"base": base, "set": settings or {}},
            axes=list(axes),
            run={"chips": chips or self.chips, "seed": self.seed, "layer_errors": False},
        )
        store = self.out / f"measurements-{re.sub(r'[^A-Za-z0-9.-]+', '-', self.model)}.sqlite"
        points = study.points()
        summary = sweep(study, store, workers=self.workers, launch=self.launch, report=self.report, points=points)
        result = read_results(store)
        keys = {point.key: point.settings for point in points}
        designs = tuple(replace(one, settings=keys[one.key]) for one in result.designs if one.key in keys)
        return Measurements(replace(result, designs=designs), summary.failures)

    @cached_property
    def loaded(self) -> Workload:
        """Network and images."""
        study = Study(
            model={"name": self.model, "weights": self.weights},
            data={"source": self.data, "images": self.images, "calibration_images": self.calibration_images},
        )
        return load(study)

    @property
    def caption(self) -> str:
        """What is under every figure."""
        return (
            f"{self.model}, {self.images} images, {self.chips} chips, seed {self.seed}; bars are two sigma over chips"
        )

    @property
    def classes(self) -> int:
        """Classes that the network tells apart."""
        return class_count(self.loaded.context.model, self.loaded.context.images)

    @cached_property
    def statistics(self) -> Statistics:
        """Weights and activity of the network, for costs."""
        return gather_statistics(self.loaded.context.model, "sonos-a", self.loaded.context.calibration[:32])


@dataclass(frozen=True)
class Measurements:
    """Designs of one study."""

    result: StudyResult
    failures: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each design."""
        return self.result.to_frame()

    @property
    def baseline(self) -> float:
        """Accuracy of the quantised reference with most bits: what errors are measured against."""
        known = [one.reference for one in self.result.designs if one.reference is not None]
        return max(known)

    def designs(self, **settings: Any) -> list[DesignResult]:
        """Designs with these settings (dots written as two underscores), in the order of the axes."""
        wanted = {name.replace("__", "."): value for name, value in settings.items()}
        return [
            one for one in self.result.designs if all(one.settings.get(name) == value for name, value in wanted.items())
        ]

    def curves(self, designs: Sequence[DesignResult], setting: str) -> tuple[list[float], list[list[float]]]:
        """Accuracy of every chip over a setting: its values, ascending, and for each chip the accuracies."""
        ordered = sorted(designs, key=lambda one: float(one.settings[setting]))
        chips = min(len(one.accuracies) for one in ordered)
        return (
            [float(one.settings[setting]) for one in ordered],
            [[one.accuracies[chip] for one in ordered] for chip in range(chips)],
        )
