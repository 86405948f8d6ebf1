"""The sections of a study file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from bitline.config.code_names import import_path, is_code
from bitline.config.near import near
from bitline.config.part import Part
from bitline.config.trust import heed, is_import_path, is_trusted
from bitline.design.settings import code_in
from bitline.errors import DataError
from bitline.evaluation.chip_spread import ChipSpread
from bitline.evaluation.layer_errors import COMPARED_CHIPS
from bitline.measures import ACCURACY, Measure, measure_of
from bitline.measures.measure import Direction
from bitline.measures.named import NamedMeasure
from bitline.networks import NETWORKS
from bitline.networks.folder import is_folder_network
from bitline.numerics.confidence import half_width
from bitline.study.axes import plain_values
from bitline.study.file_names import near_code


class ModelSource(Part):
    """The network.

    Examples:
        >>> ModelSource(name="my_networks:lenet", weights="lenet.safetensors").weights.name
        'lenet.safetensors'
    """

    name: str = "fashion-resnet"
    """A network that comes with bitline; a folder as Hugging Face's hub has them or an .onnx file, relative to the
    study file; or package.module:function."""
    weights: Path | None = None
    """Weights file, relative to the study file."""

    @property
    def code(self) -> tuple[str, ...]:
        """Its import path, where it is a network of the user's."""
        return (self.name,) if is_import_path(self.name) else ()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of Hugging Face's."""
        return self.name not in NETWORKS and not self.code and is_folder_network(self.name)

    def beside(self, folder: Path) -> ModelSource:
        """The same with names of files that count from the folder of the study."""
        name = self.name if self.name in NETWORKS else near(folder, self.name)
        weights = None if self.weights is None else Path(near(folder, str(self.weights)))
        return self.model_copy(update={"name": name, "weights": weights})

    def model_post_init(self, context: Any) -> None:
        heed(self.code)


class DataSource(Part):
    """Labelled images, texts, recordings or signals, or samples of any kind that code of the user's makes.

    Examples:
        >>> DataSource(images=500).calibration_images
        200
        >>> DataSource(source="loader.py:make").code
        ('loader:make',)
    """

    source: str | None = None
    """'fashion-mnist', a file or a folder as `bitline run --data` takes it, relative to the study file; or the function
    that makes the samples, package.module:function or file.py:function."""
    images: Annotated[int, Field(ge=1)] | None = None
    """Images to classify, a fair sample, or the first samples; all if not given."""
    calibration_images: Annotated[int, Field(ge=1)] = 200
    """Images or samples that set quantisation and ADC ranges."""
    length: Annotated[int, Field(ge=1)] | None = None
    """Length of a sample: tokens of a window of text, or where texts are cut; values of a recording. What suits the
    network if not given."""

    @property
    def code(self) -> tuple[str, ...]:
        """Its import path, where code of the user's makes the samples."""
        return (import_path(str(self.source)),) if is_code(self.source) else ()

    def model_post_init(self, context: Any) -> None:
        heed(self.code)


class BaseDesign(Part):
    """What all designs have in common.

    Examples:
        >>> BaseDesign(base="sonos-a", set={"adc.bits": 7}).set
        {'adc.bits': 7}
    """

    base: str = "differential"
    """A preset or a .toml file, relative to the study file."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Settings that differ from it, by dotted name."""

    @field_validator("set", mode="before")
    @classmethod
    def _plain(cls, values: Any) -> Any:
        return plain_values(values)

    @property
    def code(self) -> tuple[str, ...]:
        """Import paths of users' classes among the settings."""
        return code_in(self.set)

    def model_post_init(self, context: Any) -> None:
        heed(self.code)


class EarlyStop(Part):
    """When enough chips have been measured.

    To stop where an interval happens to be narrow favours narrow ones: with the fewest chips possible, 95 % intervals
    hold the mean of other chips in 89 to 93 % of cases (tests/study/test_coverage.py).

    Examples:
        >>> stop = EarlyStop(half_width_percent=1.0)
        >>> stop.is_met_by([0.901, 0.902, 0.903]), stop.is_met_by([0.93, 0.87, 0.90])
        (True, False)

        A few chips that are equal do not show how chips differ:

        >>> stop.is_met_by([0.9, 0.9, 0.9]), stop.is_met_by([0.9] * 5)
        (False, True)
    """

    RENAMED: ClassVar[dict[str, str]] = {"min_trials": "min_chips", "half_width": "half_width_percent"}

    half_width_percent: Annotated[float, Field(gt=0)]
    """Half of the 95 % confidence interval of the mean accuracy that is tight enough, in per cent; of another measure
    that is no fraction, in per cent of the mean."""
    min_chips: Annotated[int, Field(ge=2)] = 3
    """Chips that are measured in any case."""

    def is_met_by(self, accuracies: Sequence[float], measure: Measure = ACCURACY) -> bool:
        """Whether the mean of accuracies, or of another measure, of one chip each, is certain enough.

        Args:
            accuracies: of two or more chips; fractions where the measure is one.
            measure: what was measured; the width counts in per cent of the mean where it is no fraction.
        """
        if ChipSpread(measure, accuracies).says_nothing:
            return False
        whole = 1.0 if measure.is_share else abs(sum(accuracies) / len(accuracies))
        return 100 * half_width(accuracies) <= self.half_width_percent * whole


class OwnMetric(Part):
    """A measure of the user's: a function of outputs and targets that returns a value for each sample.

    Examples:
        >>> OwnMetric(function="lab.py:ratio", unit="dB").code
        ('lab:ratio',)
    """

    function: str
    """package.module:function or file.py:function."""
    name: str | None = None
    """In tables; the function's if not given."""
    unit: str | None = None
    """'%' where values are fractions; as the code says if not given."""
    direction: Direction | None = None
    """Which values are better, 'higher' or 'lower'; as the code says if not given, which is 'higher' for functions."""

    @property
    def code(self) -> tuple[str, ...]:
        """Its import path."""
        return (import_path(self.function),)

    def model_post_init(self, context: Any) -> None:
        heed(self.code)

    def measure(self) -> NamedMeasure:
        """The measure; what is not said here says the code, as far as it may run.

        Raises:
            DataError: there is no such function.
        """
        (path,) = self.code
        if not is_import_path(path):
            raise DataError(f"run.metric.function is {path!r}: write package.module:function or file.py:function")
        is_asked = None in (self.name, self.unit, self.direction) and is_trusted(path)
        says = NamedMeasure.from_code(path) if is_asked else NamedMeasure(path, path.partition(":")[2])
        return NamedMeasure(
            path,
            says.name if self.name is None else self.name,
            says.unit if self.unit is None else self.unit,
            says.direction if self.direction is None else self.direction,
            says.assumed if self.direction is None else "",
        )

    def described(self) -> OwnMetric:
        """The same with all that the code says, so that results are read without it."""
        measure = self.measure()
        return OwnMetric(function=self.function, name=measure.name, unit=measure.unit, direction=measure.direction)


class Run(Part):
    """How much is measured.

    Examples:
        >>> Run(chips=10, stop={"half_width_percent": 0.5}).stop.min_chips
        3
    """

    RENAMED: ClassVar[dict[str, str]] = {"trials": "chips"}

    chips: Annotated[int, Field(ge=1)] = 3
    """Independently programmed chips of each design."""
    seed: int = 0
    """Seed of the chips."""
    batch: Annotated[int, Field(ge=1)] = 64
    """Images at once at most, fewer where outputs of a layer are large; analog layers give the same numbers for any."""
    shard: Annotated[int, Field(ge=1)] = 1000
    """Images of one piece of work; what is finished is kept piece by piece; does not change results."""
    metric: str | OwnMetric = "accuracy"
    """What is measured: accuracy, top-5, mse, perplexity or another name in `bitline.measures.MEASURES`; a function of
    the user's, package.module:function or file.py:function; or a table of `function`, `name`, `unit` and
    `direction`. If not given, what suits a network in a folder, and otherwise accuracy."""
    layer_errors: bool = True
    """Measure the signal-to-error ratio of every layer."""
    compared_chips: Annotated[int, Field(ge=1)] = COMPARED_CHIPS
    """Chips on which it is measured."""
    stop: EarlyStop | None = None
    """Measure fewer chips where the mean is certain enough."""

    @property
    def own_metric(self) -> OwnMetric | None:
        """The measure, where it is one of the user's."""
        if isinstance(self.metric, OwnMetric):
            return self.metric
        return OwnMetric(function=self.metric) if is_import_path(self.metric) else None

    @property
    def code(self) -> tuple[str, ...]:
        """Its import path, where the measure is one of the user's."""
        own = self.own_metric
        return () if own is None else own.code

    @property
    def measure(self) -> Measure:
        """What is measured.

        Raises:
            DataError: there is no such measure.
        """
        own = self.own_metric
        return measure_of(self.metric) if own is None else own.measure()

    def beside(self, folder: Path) -> Run:
        """The same with a file name that counts from the folder of the study.

        Raises:
            StudyError: see `near_code`.
        """
        own = self.own_metric
        if own is None:
            return self
        moved = own.model_copy(update={"function": near_code(folder, own.function, "run.metric")})
        return self.model_copy(update={"metric": moved})

    def model_post_init(self, context: Any) -> None:
        heed(self.code)


class Search(Part):
    """How `bitline explore` looks for the best designs.

    Examples:
        >>> Search(objectives=["accuracy", "latency_us"]).designs
        100
    """

    objectives: tuple[str, ...] = ("accuracy", "energy_uJ", "area_mm2")
    """What to trade off: 'accuracy', or what the study measures instead, and numbers of the cost. Accuracy, TOPS_per_W,
    TOPS_per_mm2, images_per_s and cells_used are to be large, all others small; other measures as is better."""
    designs: Annotated[int, Field(ge=1)] = 100
    """How many designs to look at, impossible combinations counted; fewer where there are no others."""
    population: Annotated[int, Field(ge=2)] = 20
    """Designs of one generation, which are measured at the same time."""
    screening_images: Annotated[int, Field(ge=1)] = 64
    """Images on which every design is measured at first, with one chip."""
    screening: Literal["signal-to-error", "accuracy"] = "signal-to-error"
    """What stands for accuracy then: the signal-to-error ratio of the network's last analog layer, on the images that
    layer errors are of (the first 64), which says more on few images; or the accuracy on `screening_images`."""
    survivors: Annotated[int, Field(ge=1)] = 20
    """How many designs at most are then measured in full: those of the best fronts, of one that is larger its ends and
    an even choice between them."""
    seed: int = 0
    """Seed of the search."""
