"""The sections of a study file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.config.trust import heed, is_import_path
from bitline.design.settings import code_in
from bitline.measures import ACCURACY, Measure
from bitline.numerics.confidence import half_width


class ModelSource(Part):
    """The network.

    Examples:
        >>> ModelSource(name="my_networks:lenet", weights="lenet.safetensors").weights.name
        'lenet.safetensors'
    """

    name: str = "fashion-resnet"
    """A network that comes with bitline, or package.module:function."""
    weights: Path | None = None
    """Weights file, relative to the study file."""

    @property
    def code(self) -> tuple[str, ...]:
        """Its import path, where it is a network of the user's."""
        return (self.name,) if is_import_path(self.name) else ()

    def model_post_init(self, context: Any) -> None:
        heed(self.code)


class DataSource(Part):
    """Labelled images.

    Examples:
        >>> DataSource(images=500).calibration_images
        200
    """

    source: str | None = None
    """'fashion-mnist', an .npz, .png or .zip file or a folder, relative to the study file."""
    images: Annotated[int, Field(ge=1)] | None = None
    """Images to classify, a fair sample; all if not given."""
    calibration_images: Annotated[int, Field(ge=1)] = 200
    """Images that set quantisation and ADC ranges."""


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

    @property
    def code(self) -> tuple[str, ...]:
        """Import paths of users' classes among the settings."""
        return code_in(self.set)

    def model_post_init(self, context: Any) -> None:
        heed(self.code)


class EarlyStop(Part):
    """When enough chips have been measured.

    Examples:
        >>> stop = EarlyStop(half_width_percent=1.0)
        >>> stop.is_met_by([0.901, 0.902, 0.903]), stop.is_met_by([0.93, 0.87, 0.90])
        (True, False)
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
        whole = 1.0 if measure.is_share else abs(sum(accuracies) / len(accuracies))
        return 100 * half_width(accuracies) <= self.half_width_percent * whole


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
    """Images at once; analog layers give the same numbers to the bit for any."""
    shard: Annotated[int, Field(ge=1)] = 1000
    """Images of one piece of work; what is finished is kept piece by piece; does not change results."""
    metric: str = "accuracy"
    """What is measured: accuracy, top-5, mse, perplexity or another name in `bitline.measures.MEASURES`."""
    layer_errors: bool = True
    """Measure the signal-to-error ratio of every layer."""
    stop: EarlyStop | None = None
    """Measure fewer chips where the mean is certain enough."""


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
    """How many designs to look at."""
    population: Annotated[int, Field(ge=2)] = 20
    """Designs of one generation, which are measured at the same time."""
    screening_images: Annotated[int, Field(ge=1)] = 64
    """Images on which every design is measured at first, with one chip."""
    screening: Literal["signal-to-error", "accuracy"] = "signal-to-error"
    """What stands for accuracy then: the signal-to-error ratio of the network's last analog layer, which says more on
    few images, or the accuracy on them."""
    survivors: Annotated[int, Field(ge=1)] = 20
    """How many designs at most are then measured in full: those of the best fronts."""
    seed: int = 0
    """Seed of the search."""
