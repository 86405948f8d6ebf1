"""A study: a network, data, a base design and what changes, as a TOML file has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator

from bitline.config import toml
from bitline.config.arguments import checked
from bitline.config.imports import import_module
from bitline.config.messages import explain
from bitline.config.near import near, near_files
from bitline.config.part import Part
from bitline.config.trust import is_loadable, is_trusted, reading_a_file, trust
from bitline.cost import library_of
from bitline.design import Design
from bitline.design.settings import flat, overridden, refuse_twice
from bitline.errors import DataError, DesignError, StudyError
from bitline.measures import Measure
from bitline.numerics.text import type_in_words
from bitline.study.axes import BASE, Axis
from bitline.study.file_names import near_code
from bitline.study.measuring import measuring
from bitline.study.mishaps import described
from bitline.study.point import Point, in_line
from bitline.study.possible import possible
from bitline.study.sections import BaseDesign, DataSource, ModelSource, Run, Search
from bitline.study.varied import varied


class Study(Part):
    """A study. Read one with `load`, run it with `sweep`.

    Raises:
        StudyError: a section or an axis is not valid.

    Examples:
        >>> file = Path("readout.toml")
        >>> _ = file.write_text('''
        ... [design]
        ... base = "differential"
        ... [[axes]]
        ... setting = "adc.bits"
        ... range = { start = 5, stop = 8, points = 4 }
        ... [[axes]]
        ... setting = "array.rows"
        ... values = [144, 1152]
        ... ''')
        >>> study = Study.load(file)
        >>> study.name, len(study.points()), study.points()[0].settings
        ('readout', 8, {'adc.bits': 5, 'array.rows': 144})
        >>> Study(run={"chip": 3})
        Traceback (most recent call last):
        bitline.errors.StudyError: study '': unknown key 'run.chip': did you mean 'chips'? (in [run])
    """

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
    """Leave out impossible combinations instead of refusing the study; unknown settings and values are refused."""
    run: Run = Run()
    """How much is measured."""

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

    def model_post_init(self, context: Any) -> None:
        object.__setattr__(self, "run", measuring(self.model, self.run))

    @model_validator(mode="after")
    def _check_metric(self) -> Self:
        try:
            self.run.measure  # noqa: B018
        except DataError as error:
            raise ValueError(f"run.metric: {error}") from None
        return self

    @property
    def measure(self) -> Measure:
        """What is measured.

        Raises:
            DataError: there is no such measure.
        """
        return self.run.measure

    @classmethod
    @checked(StudyError)
    def load(cls, source: str | Path, *, allow_code: bool = False) -> Study:
        """Read a study from a TOML file; its file names count from its folder.

        Args:
            source: the file.
            allow_code: import the network and the classes that the study and its designs name by import path, which
                runs their modules; otherwise such a study can be read and planned only.

        Raises:
            StudyError: the file cannot be read or is not a valid study, or code that it names fails.
        """
        path = Path(source)
        try:
            content = toml.parse(toml.read(path), str(path))
        except DesignError as error:
            raise StudyError(str(error)) from None
        designs: dict[str, Any] = {
            part: near_files(path.parent, content[part]) for part in ("design", "axes") if part in content
        }
        with reading_a_file():
            study = cls(**{"name": path.stem, **content, **designs})._beside(path.parent)
        if allow_code:
            study.load_code()
        return study

    @classmethod
    def of(cls, study: Any) -> Study:
        """A study as it is.

        Raises:
            StudyError: it is something else, such as the path of one.
        """
        if not isinstance(study, Study):
            raise StudyError(f"the study is {type_in_words(study)}: give a Study, as Study.load reads it from a file")
        return study

    def to_toml(self) -> str:
        """The study as TOML; reads back as an equal study."""
        import tomlkit

        content = json.loads(self.model_dump_json(exclude_none=True, exclude_defaults=True))
        return tomlkit.dumps({"name": self.name, **content})

    def described(self) -> Study:
        """The same study, with what its measure is called written down: its results are read without its code."""
        own = self.run.own_metric
        if own is None:
            return self
        return self.model_copy(update={"run": self.run.model_copy(update={"metric": own.described()})})

    @property
    def code(self) -> tuple[str, ...]:
        """Import paths of code that the study and its designs name, none of which is bitline's.

        Raises:
            StudyError: a base design cannot be read.
        """
        bases = [path for base in self.bases() for path in base.code]
        axes = [path for axis in self.axes for path in axis.code]
        return tuple(dict.fromkeys((*self.called_code, *self.design.code, *axes, *bases)))

    @property
    def called_code(self) -> tuple[str, ...]:
        """Import paths of functions that the study itself calls: those of its network, its data and its measure."""
        return (*self.model.code, *self.data.code, *self.run.code)

    def refused_code(self) -> tuple[str, ...]:
        """Import paths of the code that the study or its designs name and nobody allowed."""
        called = self.called_code
        return tuple(path for path in self.code if not (is_trusted if path in called else is_loadable)(path))

    def load_code(self) -> None:
        """Import the modules of the code that the study and its designs name.

        Raises:
            StudyError: a module is not there, or fails.
        """
        trust(self.code)
        for path in self.code:
            try:
                import_module(path)
            except ValueError as error:
                raise StudyError(f"study {self.name!r} names {path!r}, but {error}") from error

    def bases(self) -> tuple[Design, ...]:
        """The designs that the study begins with.

        Raises:
            StudyError: one of them cannot be read.
        """
        named = [step[BASE] for axis in self.axes for step in axis.steps() if BASE in step]
        try:
            return tuple(varied(str(base)).base for base in dict.fromkeys([self.design.base, *named]))
        except DesignError as error:
            raise StudyError(f"study {self.name!r}: {error}") from None

    def points(self) -> tuple[Point, ...]:
        """All designs of the study, those that differ in nothing but names only once.

        Raises:
            StudyError: a combination is impossible, or nothing is left.
        """
        return possible(self).points

    @checked(StudyError)
    def point(self, settings: dict[str, Any]) -> Point:
        """One design: the base with these settings.

        Raises:
            DesignError: an unknown setting or an impossible design.
            StudyError: a class of the user's fails with it.
        """
        changes = {name: value for name, value in settings.items() if name != BASE}
        refuse_twice(changes)
        base = varied(str(settings.get(BASE, self.design.base)))
        try:
            with reading_a_file():  # whose word the settings are was noted when the study was made
                design = base.design(overridden(self.design.set, changes))
            if design.hardware.numbers:
                library_of(design)  # refuse a number that it has not
        except DesignError:
            raise
        except Exception as error:  # a user's class can raise anything where its settings are checked
            label = in_line(settings) or "base design"
            raise StudyError(f"study {self.name!r}, {label}: {described(error)}") from None
        return Point.of(settings, design)

    def known(self) -> dict[str, Any]:
        """Settings of the base design by dotted name, for the conditions of axes."""
        if any(BASE in axis.settings for axis in self.axes):
            return dict(self.design.set)
        return flat(self.point({}).design.model_dump(mode="json")) | {BASE: self.design.base}

    def _beside(self, folder: Path) -> Study:
        """The same study with file names that count from the folder of its file."""
        model = self.model.beside(folder)
        source = None if self.data.source is None else near(folder, self.data.source)
        source = source if source is None else near_code(folder, source, "data.source")
        return self.model_copy(
            update={
                "model": model,
                "data": self.data.model_copy(update={"source": source}),
                "design": self.design.model_copy(update={"base": near(folder, self.design.base)}),
                "run": measuring(model, self.run.beside(folder)),
            }
        )
