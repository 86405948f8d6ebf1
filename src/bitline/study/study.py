"""A study: a network, data, a base design and what changes, as a TOML file holds it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from bitline.config import toml
from bitline.config.messages import explain
from bitline.config.part import Part
from bitline.design import Design, views
from bitline.errors import DesignError, StudyError
from bitline.study.axes import BASE, Axis, crossed, flat


class ModelSource(Part):
    """The network."""

    name: str = "fashion-resnet"
    """A network that comes with bitline, or package.module:function."""
    weights: Path | None = None
    """Weights file, relative to the study file."""


class DataSource(Part):
    """Labelled images."""

    source: str | None = None
    """'fashion-mnist', an .npz, .png or .zip file or a folder, relative to the study file."""
    images: Annotated[int, Field(ge=1)] | None = None
    """Images to classify, a fair sample; all if not given."""
    calibration_images: Annotated[int, Field(ge=1)] = 200
    """Images that set quantisation and ADC ranges."""


class BaseDesign(Part):
    """What all designs have in common."""

    base: str = "differential"
    """A preset or a .toml file, relative to the study file."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ from it, by dotted name."""


class EarlyStop(Part):
    """When enough chips have been measured."""

    RENAMED: ClassVar[dict[str, str]] = {"min_trials": "min_chips"}

    half_width: Annotated[float, Field(gt=0)]
    """Half of the 95 % confidence interval of the mean accuracy, in per cent, that is tight enough."""
    min_chips: Annotated[int, Field(ge=2)] = 3
    """Chips that are measured in any case."""


class Run(Part):
    """How much is measured."""

    RENAMED: ClassVar[dict[str, str]] = {"trials": "chips"}

    chips: Annotated[int, Field(ge=1)] = 3
    """Independently programmed chips of each design."""
    seed: int = 0
    """Seed of the chips."""
    batch: Annotated[int, Field(ge=1)] = 64
    """Images at once; does not change results."""
    shard: Annotated[int, Field(ge=1)] = 1000
    """Images of one piece of work; what is finished is kept piece by piece; does not change results."""
    layer_errors: bool = True
    """Measure the signal-to-error ratio of every layer."""
    stop: EarlyStop | None = None
    """Measure fewer chips where the mean is certain enough."""


class Search(Part):
    """How `bitline explore` looks for the best designs."""

    objectives: tuple[str, ...] = ("accuracy", "energy_uJ", "area_mm2")
    """What to trade off: 'accuracy' (large), and numbers of the cost (small but for TOPS_per_W, TOPS_per_mm2 and
    images_per_s)."""
    designs: Annotated[int, Field(ge=1)] = 100
    """Designs to look at."""
    population: Annotated[int, Field(ge=2)] = 20
    """Designs of one generation, which are measured at the same time."""
    screening_images: Annotated[int, Field(ge=1)] = 64
    """Images on which every design is measured at first, with one chip."""
    screening: Literal["signal-to-error", "accuracy"] = "signal-to-error"
    """What stands for accuracy then: the signal-to-error ratio of the network's last analog layer, which says more on
    few images, or the accuracy on them."""
    survivors: Annotated[int, Field(ge=1)] = 20
    """Designs at most that are then measured in full: those of the best fronts."""
    seed: int = 0
    """Seed of the search."""


@dataclass(frozen=True)
class Point:
    """One design of a study.

    Attributes:
        settings: what the axes set, by dotted name.
        design: the whole design.
        key: what identifies the design, name and description apart.
        accuracy_key: what identifies all of it that accuracy depends on.
    """

    settings: dict[str, Any]
    design: Design = field(repr=False)
    key: str
    accuracy_key: str

    @classmethod
    def of(cls, settings: dict[str, Any], design: Design) -> Point:
        """A point with its keys."""
        whole = views.key(design.model_dump(mode="json", exclude={"name", "description"}))
        return cls(settings, design, whole, views.key(views.answers(design)))

    @property
    def reference_key(self) -> str:
        """What identifies the quantised reference."""
        return views.key(views.answers(views.reference(self.design)))

    def label(self) -> str:
        """The settings in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.settings.items()) or self.design.name


class Study(Part):
    """A study. Read one with `load`, run it with `sweep`."""

    name: str = "study"
    """Name in tables and reports."""
    description: str = ""
    """What it is about."""
    model: ModelSource = ModelSource()
    """The network."""
    data: DataSource = DataSource()
    """Labelled images."""
    design: BaseDesign = BaseDesign()
    """What all designs have in common."""
    axes: tuple[Axis, ...] = ()
    """What changes."""
    skip_impossible: bool = False
    """Leave impossible combinations out instead of refusing the study."""
    run: Run = Run()
    """How much is measured."""

    RENAMED: ClassVar[dict[str, str]] = {"trials": "chips"}
    search: Search = Search()
    """How `bitline explore` looks for the best designs."""

    def __init__(self, **sections: Any) -> None:
        try:
            super().__init__(**sections)
        except ValidationError as error:
            named = {**sections, "name": ""}
            raise StudyError(f"study {sections.get('name', '')!r}: {explain(error, type(self), named)}") from None

    @model_validator(mode="after")
    def _check_axes(self) -> Self:
        names = [name for axis in self.axes if not axis.when for name in axis.settings]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two axes set {twice!r}: put all its values on one axis")
        return self

    @classmethod
    def load(cls, source: str | Path) -> Study:
        """Read a study from a TOML file; its file names count from its folder.

        Raises:
            StudyError: the file cannot be read or is not a valid study.
        """
        path = Path(source)
        try:
            content = toml.parse(toml.read(path), str(path))
        except DesignError as error:
            raise StudyError(str(error)) from None
        study = cls(**{"name": path.stem, **content})
        return study._beside(path.parent)

    def to_toml(self) -> str:
        """The study as TOML; reads back as an equal study."""
        import tomlkit

        content = json.loads(self.model_dump_json(exclude_none=True, exclude_defaults=True))
        return tomlkit.dumps({"name": self.name, **content})

    def points(self) -> tuple[Point, ...]:
        """All designs of the study, those that differ in nothing but names only once.

        Raises:
            StudyError: a combination is impossible, or nothing is left.
        """
        found: dict[str, Point] = {}
        try:
            known = self.known()
        except DesignError as error:
            raise StudyError(f"study {self.name!r}: {error}") from None
        for settings in crossed(self.axes, known):
            try:
                point = self.point(settings)
            except DesignError as error:
                if self.skip_impossible:
                    continue
                label = ", ".join(f"{name} = {value}" for name, value in settings.items())
                raise StudyError(
                    f"study {self.name!r}, {label or 'base design'}: {error}; to leave impossible combinations out, "
                    "set skip_impossible = true"
                ) from None
            found.setdefault(point.key, point)
        if not found:
            raise StudyError(f"study {self.name!r} has no possible design: check its axes")
        return tuple(found.values())

    def point(self, settings: dict[str, Any]) -> Point:
        """One design: the base with these settings.

        Raises:
            DesignError: an unknown setting or an impossible design.
        """
        changes = {name: value for name, value in settings.items() if name != BASE}
        base = _loaded(str(settings.get(BASE, self.design.base)))
        design = base.with_settings({**self.design.set, **changes})
        return Point.of(settings, design)

    def known(self) -> dict[str, Any]:
        """Settings of the base design by dotted name, for the conditions of axes."""
        if any(BASE in axis.settings for axis in self.axes):
            return dict(self.design.set)
        return flat(self.point({}).design.model_dump(mode="json")) | {BASE: self.design.base}

    def _beside(self, folder: Path) -> Study:
        """The same study with file names that count from the folder of its file."""

        def found(name: str) -> str:
            near = folder / name
            return str(near) if not Path(name).is_absolute() and near.exists() else name

        weights = None if self.model.weights is None else Path(found(str(self.model.weights)))
        source = None if self.data.source is None else found(self.data.source)
        axes = tuple(
            axis.model_copy(update={"values": tuple(found(str(one)) for one in axis.values)})
            if axis.setting == BASE and axis.values
            else axis
            for axis in self.axes
        )
        return self.model_copy(
            update={
                "model": self.model.model_copy(update={"weights": weights}),
                "data": self.data.model_copy(update={"source": source}),
                "design": self.design.model_copy(update={"base": found(self.design.base)}),
                "axes": axes,
            }
        )


@lru_cache(maxsize=64)
def _loaded(base: str) -> Design:
    return Design.load(base)
