"""What the paper's studies are run on, and how they measure."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bitline.config import toml
from bitline.config.near import near
from bitline.cost import Statistics, gather_statistics
from bitline.data.labels import class_count
from bitline.data.samples import Samples
from bitline.errors import DesignError, StudyError, TimeIsUp
from bitline.networks import find_network
from bitline.numerics.progress import Progress, silent
from bitline.numerics.summary import counted
from bitline.paper.measurements import Measurements, measured
from bitline.study import Study, forget_failures, sweep
from bitline.study.executors import Launch
from bitline.study.point import Point
from bitline.study.sweep import enter
from bitline.study.workload import Workload, load


@dataclass(frozen=True)
class Subject:
    """A network that a study compares with others.

    Examples:
        >>> Subject("fashion-resnet").model
        'fashion-resnet'

    Attributes:
        model: a network that comes with bitline, or package.module:function.
        weights: file of its weights, if it has no embedded ones.
        data: labelled images, if it has no embedded ones.
    """

    model: str
    weights: Path | None = None
    data: str | None = None


def read_subjects(path: Path) -> tuple[Subject, ...]:
    """Networks of a TOML file: tables [[network]] with model, weights and data; files are relative to it.

    Raises:
        StudyError: if the file cannot be read or does not have that form.

    Examples:
        >>> path = Path("networks.toml")
        >>> _ = path.write_text('[[network]]\\nmodel = "resnet18"\\ndata = "val.zip"\\n')
        >>> read_subjects(path)
        (Subject(model='resnet18', weights=None, data='val.zip'),)
    """
    try:
        content = toml.parse(toml.read(path), str(path))
    except DesignError as error:
        raise StudyError(f"cannot read networks from {path}: {error}") from None
    tables = content.get("network")
    keys = {"model", "weights", "data"}
    if (
        set(content) != {"network"}
        or not isinstance(tables, list)
        or not all(isinstance(table, dict) for table in tables)
    ):
        raise StudyError(f"{path}: networks are tables [[network]] with {', '.join(sorted(keys))}")
    found = []
    for table in tables:
        strange = [name for name, value in table.items() if name not in keys or not isinstance(value, str)]
        if strange or "model" not in table:
            what = f"{strange[0]!r} is another, or not a text" if strange else "model is missing"
            raise StudyError(f"{path}: a [[network]] has model, weights and data: {what}")
        weights = path.parent / table["weights"] if "weights" in table else None
        data = near(path.parent, table["data"]) if "data" in table else None
        found.append(Subject(near(path.parent, table["model"]), weights, data))
    return tuple(found)


@dataclass(frozen=True)
class Experiment:
    """What the studies of the paper are run on. All studies of a network share one store of measurements.

    Attributes:
        out: folder of figures, data and the store.
        model: a network that comes with bitline, or package.module:function.
        weights: file of its weights; None for the embedded ones.
        data: labelled images; None for the embedded ones.
        images: number of images to classify.
        calibration_images: number of images that set ranges.
        chips: number of independently programmed chips.
        seed: seed of the chips.
        workers: number of processes.
        threads: of each of them; see `sweep`.
        launch: starts workers elsewhere, in place of processes of this machine.
        others: networks that studies of several networks compare with this one.
        progress: is told how far the work is.
        until: when to stop measuring, on the clock of `time.monotonic` (s); studies then make do with what is there.

    Examples:
        >>> Experiment(out=Path("paper"), images=100, chips=3).caption
        'fashion-resnet, 100 images, 3 chips, seed 0; bands are two sigma over chips'
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
    threads: int | None = None
    launch: Launch | None = None
    others: tuple[Subject, ...] = ()
    progress: Progress = silent
    until: float = math.inf

    def each(self) -> tuple[Experiment, ...]:
        """This experiment and those of the other networks."""
        return (self, *(replace(self, **vars(subject), others=()) for subject in self.others))

    def rounds(self, count: int) -> tuple[Experiment, ...]:
        """This experiment after smaller ones, each with half the images and chips of the next.

        What a round measures, the next need not measure again; at least two chips show how they differ.

        Args:
            count: how many rounds there are.

        Examples:
            >>> experiment = Experiment(out=Path("paper"), images=1000, chips=10)
            >>> [(smaller.images, smaller.chips) for smaller in experiment.rounds(3)]
            [(250, 3), (500, 5), (1000, 10)]
        """
        return tuple(
            replace(self, images=_half(self.images, times), chips=max(_half(self.chips, times), min(2, self.chips)))
            for times in reversed(range(count))
        )

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
            name: name of the study.
            axes: what differs between designs, as in a study file.
            settings: what all designs have in common, by dotted name.
            base: the base design, a preset or a .toml file.
            chips: one where cells are exact, so that all chips are alike; otherwise that of the experiment.
        """
        design = {"base": base, "set": settings or {}}
        run = {"chips": chips or self.chips, "seed": self.seed, "layer_errors": False}
        study = self._study(name=name, design=design, axes=list(axes), run=run)
        store = self.out / f"measurements-{re.sub(r'[^A-Za-z0-9.-]+', '-', self.model)}.sqlite"
        points = study.points()
        forget_failures(store)
        failures = self._fill(study, store, points)
        return measured(store, points, failures, exact=chips == 1)

    def _fill(self, study: Study, store: Path, points: tuple[Point, ...]) -> tuple[str, ...]:
        """Measure what the store lacks, as long as there is time; what could not be measured, and why."""
        if time.monotonic() < self.until:
            with suppress(TimeIsUp):
                return sweep(
                    study,
                    store,
                    workers=self.workers,
                    threads=self.threads,
                    launch=self.launch,
                    progress=self._told,
                    points=points,
                ).failures
        return enter(study, store, points).failures

    def _told(self, what: str, done: int, total: int) -> None:
        """Pass on how far the work is, and end it when the time is up."""
        self.progress(what, done, total)
        if time.monotonic() >= self.until:
            raise TimeIsUp

    @cached_property
    def loaded(self) -> Workload:
        """Network and images."""
        return load(self._study())

    def _study(self, **settings: Any) -> Study:
        """A study of the network and the images."""
        data = {"source": self.data, "images": self.images, "calibration_images": self.calibration_images}
        return Study(model={"name": self.model, "weights": self.weights}, data=data, **settings)

    @property
    def caption(self) -> str:
        """The text under every figure."""
        bands = "; bands are two sigma over chips" if self.chips > 1 else ""
        return f"{self.model}, {self.images} images, {counted(self.chips, 'chip')}, seed {self.seed}{bands}"

    @property
    def classes(self) -> int:
        """Classes that the network tells apart."""
        images = self.loaded.context.images
        assert not isinstance(images, Samples)  # the networks of the paper are shown images
        return class_count(self.loaded.context.model, images)

    @cached_property
    def statistics(self) -> Statistics:
        """Weights and activity of the network, for costs."""
        return gather_statistics(self.loaded.context.model, "sonos-a", self.loaded.calibration[:32])


def _half(number: int, times: int) -> int:
    """Half of a number, several times, rounded up."""
    return -(-number >> times)
