"""What came of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bitline.cost import NetworkCost
from bitline.design import Design
from bitline.devices import format_duration
from bitline.errors import DataError
from bitline.evaluation.chip_spread import ChipSpread
from bitline.evaluation.layer_errors import LayerError
from bitline.evaluation.sample_values import SampleValues
from bitline.measures import ACCURACY, Measure
from bitline.numerics.confidence import deviation, known
from bitline.numerics.decibels import decibel_text
from bitline.numerics.notebook import folded_html, strip_html, table_html
from bitline.numerics.shares import mean_share
from bitline.numerics.summary import cut
from bitline.numerics.two_way import Estimate

if TYPE_CHECKING:
    import pandas as pd

Value = TypeVar("Value")


@dataclass(frozen=True)
class Evaluation:
    """What a measure says of a network on a design: accuracy, a fraction 0 .. 1, or another.

    Examples:
        >>> result = Evaluation(Design.load("isaac"), 1000, 0, 0.912, 0.91, (0.9, 0.904, 0.896), layers=())
        >>> print(result)
        isaac, 1,000 images
        accuracy   90.00 ± 0.99 %  mean of 3 chips, 95 % confidence interval
        reference  91.00 %         quantised weights and inputs, exact sums
        float      91.20 %         the original network
        notes      0
        >>> result
        Evaluation('isaac', 90.00 %, 3 chips, std 0.40)
        >>> round(result.std, 6)
        0.004

    Attributes:
        design: the accelerator.
        images: number of images.
        seed: seed of the chips.
        float_value: the measure of the original network.
        reference_value: of quantised weights and inputs, exact sums.
        chip_values: of each chip.
        layers: error of every analog layer.
        notes: what stays digital, and what is approximate.
        cost: energy, area and latency; none where the design has no converters.
        measure: what is measured.
        samples: values of each sample; None where they were not kept.
    """

    design: Design
    images: int
    seed: int
    float_value: float
    reference_value: float
    chip_values: tuple[float, ...]
    layers: tuple[LayerError, ...]
    notes: tuple[str, ...] = ()
    cost: NetworkCost | None = None
    measure: Measure = ACCURACY
    samples: SampleValues | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        title, rows = self._summary
        names, width = (max(len(row[place]) for row in rows) for place in (0, 1))
        lines = [f"{name:<{names}}  {value:<{width}}  {meaning}".rstrip() for name, value, meaning in rows]
        return "\n".join([title, *lines])

    @property
    def _summary(self) -> tuple[str, list[tuple[str, str, str]]]:
        """A title, and what is said of it: names, values and meanings."""
        counts = {"in .notes": len(self.notes), "in .cost.notes": len(self.cost.notes) if self.cost else 0}
        rows = [
            (self.measure.name, self._with_unit(self._value), _of_chips(ChipSpread(self.measure, self.chip_values))),
            ("reference", self.measure.shown(self.reference_value), "quantised weights and inputs, exact sums"),
            ("float", self.measure.shown(self.float_value), "the original network"),
            ("notes", f"{sum(counts.values())}", " and ".join(place for place, count in counts.items() if count)),
        ]
        return f"{cut(self.design.name, 20)}{self._time}, {self.counted}", rows

    def __repr__(self) -> str:
        chips = len(self.chip_values)
        count = f"{chips:,} chip{'' if chips == 1 else 's'}"
        name = "" if self.measure == ACCURACY else f"{self.measure.name} "
        spread = f", std {self.measure.text_of_spread(self.std)}" if chips > 1 else ""
        value = self.measure.shown(self.mean)
        return f"Evaluation({cut(self.design.name, 20)!r}{self._time}, {name}{value}, {count}{spread})"

    def time_among(self, results: Sequence[Evaluation]) -> str:
        """At which of several times, such as ' after 1 day'; nothing where there is one, which the design says."""
        return f" after {format_duration(self.design.cell.time)}" if len(results) > 1 else ""

    @property
    def counted(self) -> str:
        """How many samples were measured, in words; those of accuracy are images."""
        return f"{self.images:,} {self.measure.sample}s"

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.measure.unit}" if self.measure.unit else text

    @property
    def float_accuracy(self) -> float:
        """Accuracy of the original network; AttributeError where something else was measured."""
        return self._if_accuracy(self.float_value)

    @property
    def reference_accuracy(self) -> float:
        """Accuracy of the quantised reference; AttributeError where something else was measured."""
        return self._if_accuracy(self.reference_value)

    @property
    def chip_accuracies(self) -> tuple[float, ...]:
        """Accuracy of each chip; AttributeError where something else was measured."""
        return self._if_accuracy(self.chip_values)

    def _if_accuracy(self, value: Value) -> Value:
        if self.measure != ACCURACY:
            raise AttributeError(
                f"{self.measure.name} was measured, not accuracy: use float_value, reference_value and chip_values"
            )
        return value

    @property
    def quality(self) -> Estimate:
        """The measure of all chips together; its interval is over the choice of chips and of samples at once.

        Raises:
            DataError: values of samples were not kept.
        """
        return self._kept.quality(self.measure)

    @property
    def loss(self) -> Estimate:
        """How much worse the chips are than the reference on the same samples, with an interval as for `quality`.

        It is positive where they are worse, whatever the direction of the measure, and has its unit.

        Raises:
            DataError: values of samples were not kept.
        """
        return self._kept.loss(self.measure)

    @property
    def _kept(self) -> SampleValues:
        if self.samples is None:
            raise DataError("this result has no values of single samples: it was not made by evaluate")
        return self.samples

    @property
    def _time(self) -> str:
        """When the cells are read, if not just after programming."""
        return f" after {format_duration(self.design.cell.time)}" if self.design.cell.time else ""

    @property
    def _value(self) -> str:
        """The mean over chips, with its confidence interval where it is known."""
        return ChipSpread(self.measure, self.chip_values).in_short

    @property
    def mean(self) -> float:
        """Mean over chips."""
        return mean_share(self.chip_values, self.images)

    @property
    def std(self) -> float:
        """Standard deviation over chips; NaN for a single chip."""
        return deviation(self.chip_values)

    @property
    def confidence_interval(self) -> tuple[float, float]:
        """95 % interval of the mean over chips (Student's t), within what the measure can be.

        NaN for a single chip, and for a few that are equal.
        """
        return ChipSpread(self.measure, self.chip_values).interval

    def to_frame(self) -> pd.DataFrame:
        """One row for each chip: design, chip, the measure and its baselines, and the cost where it is known.

        What the cost calls chips, those that the network occupies, is `chips_in_use` beside the number of the chip.
        """
        import pandas as pd  # here, for the start-up of what does not need it

        key = self.measure.key
        return pd.DataFrame(
            {
                "design": self.design.name,
                "time_s": self.design.cell.time,
                "seed": self.seed,
                "chip": range(len(self.chip_values)),
                "images": self.images,
                key: self.chip_values,
                f"reference_{key}": self.reference_value,
                f"float_{key}": self.float_value,
                **(self.cost.totals() if self.cost else {}),
            }
        ).rename(columns={"chips": "chips_in_use"})

    def _repr_html_(self) -> str:
        title, rows = self._summary
        chips = strip_html(self.chip_values, f"{self.measure.name} of each chip") if self.measure.is_share else ""
        parts = [table_html(title, [("", "", ""), *rows]), chips]
        if self.layers:
            errors = [
                (layer.name, decibel_text(layer.own_db), decibel_text(layer.accumulated_db)) for layer in self.layers
            ]
            head = ("layer", "own error, dB", "accumulated, dB")
            parts.append(folded_html("error of every layer", table_html("", [head, *errors], most=len(errors))))
        if self.cost:
            parts.append(folded_html("energy, area and latency", self.cost._repr_html_()))
        return "".join(parts)

    def layers_frame(self) -> pd.DataFrame:
        """One row for each analog layer."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame([vars(layer) for layer in self.layers])

    def measured(self) -> dict[str, object]:
        """The measure, under its name, as plain values for JSON; unknown numbers are None."""
        low, high = self.confidence_interval
        numbers = {
            "float": known(self.float_value),
            "reference": known(self.reference_value),
            "chips": [known(value) for value in self.chip_values],
            "mean": known(self.mean),
            "std": known(self.std),
            "confidence_interval_95": [known(low), known(high)],
        }
        if self.measure == ACCURACY:
            return {"accuracy": numbers}
        told = {"name": self.measure.name, "unit": self.measure.unit, "better": self.measure.direction}
        return {"measure": told, self.measure.key: numbers}

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON; unknown numbers are None."""
        return {
            "design": self.design.model_dump(mode="json"),
            "images": self.images,
            "seed": self.seed,
            **self.measured(),
            "layers": [{key: known(value) for key, value in vars(layer).items()} for layer in self.layers],
            "cost": self.cost.to_dict() if self.cost else None,
            "notes": list(self.notes),
        }


def _of_chips(spread: ChipSpread) -> str:
    count = len(spread.values)
    known = "all equal" if spread.says_nothing else "95 % confidence interval"
    return "one chip" if count == 1 else f"mean of {count:,} chips, {known}"
