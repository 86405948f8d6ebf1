"""What a store says of a study: one row for each design, chip or layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bitline.config.former_name import FormerName
from bitline.evaluation.chip_spread import ChipSpread
from bitline.evaluation.layer_errors import LayerError
from bitline.measures import ACCURACY, Measure
from bitline.numerics.confidence import deviation, half_width
from bitline.numerics.garbage import without_collection
from bitline.numerics.shares import mean_share
from bitline.numerics.summary import counted, cut
from bitline.study import shown, table
from bitline.study.forms import note_on_earlier, told_apart
from bitline.study.point import in_line
from bitline.study.stored_json import number_at
from bitline.study.study import Study
from bitline.study.task import FLOAT
from bitline.study.words import in_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray


@dataclass(frozen=True)
class DesignResult:
    """One design.

    Attributes:
        key: identifies the design, whatever its name.
        name: name of the design.
        settings: what the axes set, by dotted name and as the study writes it.
        design: all settings, as `Design.model_dump` gives them.
        images: number of images that every chip classified, or that the design was screened on.
        chip_values: of each chip that counts: the fraction right, or what else was measured.
        reference_value: of the quantised reference, or None where that is not finished.
        cost: the cost as `NetworkCost.to_dict` gives it, or None where it is not known.
        screened: of the first images on the first chip; None for a design with a finished chip.
        layers: errors of the layers over all chips.
        seconds: computing time.
        finished: whether nothing is left to do.
        error: what went wrong; empty if nothing.
        measure: what was measured.

    Examples:
        >>> design = DesignResult(
        ...     key="a1", name="", settings={"cell.time": "1 day"}, design={"cell": {"time": 86400.0}},
        ...     images=1000, chip_values=(0.90, 0.92),
        ... )
        >>> design.values, round(design.mean, 3), round(design.std, 4)
        ({'cell.time': 86400.0}, 0.91, 0.0141)
    """

    key: str
    name: str
    settings: dict[str, Any]
    design: Mapping[str, Any]
    images: int = 0
    chip_values: tuple[float, ...] = ()
    reference_value: float | None = None
    cost: Mapping[str, Any] | None = None
    screened: float | None = None
    layers: Sequence[LayerError] = ()
    seconds: float = 0.0
    finished: bool = False
    error: str = ""
    measure: Measure = ACCURACY

    accuracies = FormerName("chip_values")
    reference = FormerName("reference_value")

    def __repr__(self) -> str:
        return shown.name_of_design(self)

    @property
    def costs(self) -> Mapping[str, Any]:
        """The cost, empty where it is not known."""
        return self.cost or {}

    @property
    def values(self) -> dict[str, Any]:
        """The settings as the design reads them: the number 86400.0 (s) for '1 day'."""
        return {name: self.value(name) for name in self.settings}

    def value(self, setting: str) -> Any:
        """One of the settings as the design reads it."""
        value = self.settings[setting]
        number = number_at(self.design, setting) if isinstance(value, str) else None
        return value if number is None else number

    @property
    def mean(self) -> float:
        """Mean over chips; NaN where no chip is finished."""
        return mean_share(self.chip_values, self.images)

    @property
    def rank(self) -> float:
        """A number to sort by, the best mean first; infinite where no chip is finished."""
        return self.measure.rank(self.mean)

    @property
    def std(self) -> float:
        """Standard deviation over chips; NaN for fewer than two."""
        return deviation(self.chip_values)

    @property
    def half_width(self) -> float:
        """Half of the 95 % confidence interval of the mean; NaN for fewer than two chips, or a few that are equal."""
        equal = ChipSpread(self.measure, self.chip_values).says_nothing
        return math.nan if equal else half_width(self.chip_values)


@dataclass(frozen=True)
class StudyResult:
    """All that a store knows.

    Attributes:
        study: the study that was run last on the store.
        facts: what the results depend on besides the designs, by name.
        sessions: versions and hardware of every run.
        designs: results in the order of the study, then those that other axes gave.
        float_value: of the float network, or None where that is not finished.
        notes: what is to be known of the results, such as what they were computed with.
        error: what went wrong with the float network; empty if nothing.
        earlier: results of earlier forms of the study, whose [design] was another one; see `with_earlier`.

    Examples:
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, images=1000, chip_values=(share,), finished=True)
        ...     for key, bits, share in (("a", 8, 0.91), ("b", 5, 0.82))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [8, 5]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> result.settings, result.levels("adc.bits")
        (('adc.bits',), [5, 8])
        >>> result.to_frame()[["adc.bits", "accuracy", "chips", "finished"]]
           adc.bits  accuracy  chips  finished
        0         8      0.91      1      True
        1         5      0.82      1      True
        >>> result
        StudyResult('study', 2 designs)
        >>> print(result)
        study: 2 designs, 2 finished
        design    accuracy %  chips  energy µJ  area mm²  latency µs
        bits = 8       91.00      1
        bits = 5       82.00      1
        floating point 92.00 %
    """

    study: Study
    facts: dict[str, str]
    sessions: tuple[dict[str, Any], ...]
    designs: tuple[DesignResult, ...]
    float_value: float | None
    notes: tuple[str, ...] = ()
    error: str = ""
    earlier: tuple[DesignResult, ...] = ()

    float_accuracy = FormerName("float_value")

    def __repr__(self) -> str:
        return f"StudyResult({cut(self.study.name, 20)!r}, {counted(len(self.designs), 'design')})"

    def __str__(self) -> str:
        return shown.text_of_study(self)

    @property
    def measure(self) -> Measure:
        """What was measured."""
        return self.study.measure

    @property
    def failures(self) -> tuple[str, ...]:
        """What went wrong, each reason once, with the first design that it happened to."""
        failed = {self.error: FLOAT} if self.error else {}
        for design in self.designs:
            if design.error:
                failed.setdefault(design.error, in_line(design.settings) or design.name)
        return tuple(f"{name}: {error}" for error, name in failed.items())

    def with_earlier(self) -> StudyResult:
        """The same with the designs of earlier forms of the study, and with the settings that these differ in."""
        if not self.earlier:
            return self
        notes = tuple(note for note in self.notes if note != note_on_earlier(len(self.earlier)))
        return replace(self, designs=told_apart(self.designs, self.earlier), notes=notes, earlier=())

    def to_frame(self) -> pd.DataFrame:
        """One row for each design: settings (times in seconds), accuracy or another measure over chips, cost."""
        with without_collection():  # of many designs the search takes longer than everything else here
            import pandas as pd  # here, for the start-up of what prints results

            return pd.DataFrame(table.columns(self))

    def to_xarray(self) -> xarray.Dataset:
        """Labelled arrays with a dimension for each setting that differs, or one for the designs if they are no grid.

        Beside the columns of `to_frame` that are numbers there is the measure by chip, as `chip_accuracy`.

        Raises:
            StudyError: xarray is not installed (`pip install 'bitline[xarray]'`), or there are no designs.
        """
        from bitline.study.labelled import labelled

        return labelled(self)

    def chips_frame(self) -> pd.DataFrame:
        """One row for each design and chip."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "design": design.name,
                    **design.values,
                    "chip": chip,
                    "images": design.images,
                    self.measure.key: value,
                }
                for design in self.designs
                for chip, value in enumerate(design.chip_values)
            ]
        )

    def layers_frame(self) -> pd.DataFrame:
        """One row for each design and layer."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"design": design.name, **design.values, "layer": layer.name, **_without_name(layer)}
                for design in self.designs
                for layer in design.layers
            ]
        )

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that differ between designs."""
        names = dict.fromkeys(name for design in self.designs for name in design.settings)
        return tuple(name for name in names if len({repr(design.settings.get(name)) for design in self.designs}) > 1)

    def levels(self, setting: str) -> list[float | str]:
        """The different values of a setting in order: numbers by size, then words as the study lists them.

        Numbers are as in `DesignResult.values`; everything that is not a number is in words.
        """
        met = dict.fromkeys(in_words(design.value(setting)) for design in self.designs if setting in design.settings)
        steps = (step for axis in self.study.axes for step in axis.steps())
        written = [in_words(step[setting]) for step in steps if setting in step]
        names = [value for value in dict.fromkeys(written) if value in met]
        words = [value for value in dict.fromkeys([*names, *met]) if isinstance(value, str)]
        return [*sorted(value for value in met if not isinstance(value, str)), *words]

    def _repr_html_(self) -> str:
        return shown.html_of_study(self)


def _without_name(layer: LayerError) -> dict[str, Any]:
    return {key: value for key, value in vars(layer).items() if key != "name"}
