"""What came of an evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitline.cost import NetworkCost
from bitline.design import Design
from bitline.devices import format_duration
from bitline.evaluation.layer_errors import LayerError
from bitline.numerics.confidence import deviation, half_width, known
from bitline.numerics.notebook import folded_html, strip_html, table_html
from bitline.numerics.text import fixed, percent

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evaluation:
    """Accuracy of a network on a design. Accuracies are fractions, 0 .. 1.

    Examples:
        >>> result = Evaluation(Design.load("isaac"), 1000, 0, 0.912, 0.91, (0.9, 0.904, 0.896), layers=())
        >>> print(result)
        isaac, 1,000 images
        accuracy   90.00 ± 0.99 %  mean of 3 chips, 95 % confidence interval
        reference  91.00 %         quantised weights and inputs, exact sums
        float      91.20 %         the original network
        notes      0
        >>> result
        Evaluation('isaac', 90.00 ± 0.99 %, 3 chips)
        >>> round(result.std, 6)
        0.004

    Attributes:
        design: the accelerator.
        images: number of images.
        seed: seed of the chips.
        float_accuracy: the original network.
        reference_accuracy: quantised weights and inputs, exact sums.
        chip_accuracies: one for each chip.
        layers: error of every analog layer.
        notes: what stays digital, and what is approximate.
        cost: energy, area and latency; none where the design has no converters.
    """

    design: Design
    images: int
    seed: int
    float_accuracy: float
    reference_accuracy: float
    chip_accuracies: tuple[float, ...]
    layers: tuple[LayerError, ...]
    notes: tuple[str, ...] = ()
    cost: NetworkCost | None = None

    def __str__(self) -> str:
        title, rows = self._summary
        width = max(len(value) for _, value, _ in rows)
        lines = [f"{name:<9}  {value:<{width}}  {meaning}".rstrip() for name, value, meaning in rows]
        return "\n".join([title, *lines])

    @property
    def _summary(self) -> tuple[str, list[tuple[str, str, str]]]:
        """A title, and what is said of it: names, values and meanings."""
        rows = [
            ("accuracy", f"{self._accuracy} %", _of_chips(len(self.chip_accuracies))),
            ("reference", f"{percent(self.reference_accuracy)} %", "quantised weights and inputs, exact sums"),
            ("float", f"{percent(self.float_accuracy)} %", "the original network"),
            ("notes", f"{len(self.notes)}", "in .notes" if self.notes else ""),
        ]
        return f"{_shortened(self.design.name)}{self._time}, {self.images:,} images", rows

    def __repr__(self) -> str:
        chips = len(self.chip_accuracies)
        count = f"{chips:,} chip{'' if chips == 1 else 's'}"
        return f"Evaluation({_shortened(self.design.name)!r}{self._time}, {self._accuracy} %, {count})"

    @property
    def _time(self) -> str:
        """When the cells are read, if not just after programming."""
        return f" after {format_duration(self.design.cell.time)}" if self.design.cell.time else ""

    @property
    def _accuracy(self) -> str:
        """Per cent, with half of the confidence interval where it is known."""
        half = half_width(self.chip_accuracies)
        return percent(self.mean) if math.isnan(half) else f"{percent(self.mean)} ± {fixed(100 * half, 2)}"

    @property
    def mean(self) -> float:
        """Mean accuracy over chips."""
        return sum(self.chip_accuracies) / len(self.chip_accuracies)

    @property
    def std(self) -> float:
        """Standard deviation over chips; NaN for a single chip."""
        return deviation(self.chip_accuracies)

    @property
    def confidence_interval(self) -> tuple[float, float]:
        """95 % interval of the mean over chips (Student's t); NaN for a single chip."""
        half = half_width(self.chip_accuracies)
        return self.mean - half, self.mean + half

    def to_frame(self) -> pd.DataFrame:
        """One row for each chip: design, chip, accuracy and the baselines, and the cost where it is known."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            {
                "design": self.design.name,
                "time_s": self.design.cell.time,
                "seed": self.seed,
                "chip": range(len(self.chip_accuracies)),
                "images": self.images,
                "accuracy": self.chip_accuracies,
                "reference_accuracy": self.reference_accuracy,
                "float_accuracy": self.float_accuracy,
                **(self.cost.totals() if self.cost else {}),
            }
        )

    def _repr_html_(self) -> str:
        title, rows = self._summary
        chips = strip_html(self.chip_accuracies, "accuracy of each chip")
        parts = [table_html(title, [("", "", ""), *rows]), chips]
        if self.layers:
            errors = [(layer.name, fixed(layer.own_db, 1), fixed(layer.accumulated_db, 1)) for layer in self.layers]
            head = ("layer", "own error, dB", "accumulated, dB")
            parts.append(folded_html("error of every layer", table_html("", [head, *errors], most=len(errors))))
        if self.cost:
            parts.append(folded_html("energy, area and latency", self.cost._repr_html_()))
        return "".join(parts)

    def layers_frame(self) -> pd.DataFrame:
        """One row for each analog layer."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame([vars(layer) for layer in self.layers])

    def accuracy_dict(self) -> dict[str, object]:
        """Accuracies as plain values, for JSON; unknown numbers are None."""
        low, high = self.confidence_interval
        return {
            "float": self.float_accuracy,
            "reference": self.reference_accuracy,
            "chips": list(self.chip_accuracies),
            "mean": self.mean,
            "std": known(self.std),
            "confidence_interval_95": [known(low), known(high)],
        }

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON; unknown numbers are None."""
        return {
            "design": self.design.model_dump(mode="json"),
            "images": self.images,
            "seed": self.seed,
            "accuracy": self.accuracy_dict(),
            "layers": [{key: known(value) for key, value in vars(layer).items()} for layer in self.layers],
            "cost": self.cost.to_dict() if self.cost else None,
            "notes": list(self.notes),
        }


def _of_chips(count: int) -> str:
    return "one chip" if count == 1 else f"mean of {count:,} chips, 95 % confidence interval"


def _shortened(name: str, length: int = 20) -> str:
    """A name on one line, cut where it is long."""
    line = " ".join(name.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
