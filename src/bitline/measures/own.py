"""A measure that is a function of the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from bitline.config.users_code import defined_at, failure
from bitline.errors import BitlineError, DataError
from bitline.measures.measure import Direction, Measure
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.numerics.text import type_in_words


@contextmanager
def naming_failures_of(what: str) -> Iterator[None]:
    """Name code of a user's, such as a loss, where it fails.

    Raises:
        DataError: with what the code raised.

    Examples:
        >>> with naming_failures_of("the loss 'margin'"):
        ...     {}["scores"]
        Traceback (most recent call last):
        bitline.errors.DataError: the loss 'margin' fails with KeyError: 'scores'
    """
    try:
        yield
    except BitlineError:
        raise
    except Exception as error:  # whatever a user's code raises
        if is_out_of_memory(error):
            raise
        raise DataError(f"{what} fails with {failure(error)}") from error


ASSUMED = (
    "high values of {name!r} count as good, as nobody said which ones are: if they are bad, name bitline.measures."
    "FunctionMeasure({name}, direction='lower') instead of the function, or in a study run.metric = {{ function = "
    "\"...\", direction = 'lower' }}; say 'higher' to be rid of this note"
)


class FunctionMeasure(Measure):
    """The mean over samples of what a function says of each.

    Args:
        function: takes what the network returns, and the targets (None where the data has none); returns a value for
            each sample, (samples,).
        name: of the measure; that of the function if None.
        unit: as `Measure.unit`.
        direction: which values are better; higher ones where nobody says, and a note tells.

    Raises:
        DataError: the function cannot be called, or the direction is neither 'higher' nor 'lower'.

    Examples:
        >>> largest = FunctionMeasure(lambda outputs, targets: outputs.abs().amax(1), "largest", "V", "lower")
        >>> largest.values(torch.tensor([[1.0, -3.0]]), None).tolist(), largest.shown(3.0)
        ([[3.0]], '3 V')
    """

    needs_targets = False

    def __init__(
        self,
        function: Callable[[Any, Any], Any],
        name: str | None = None,
        unit: str = "",
        direction: Direction | None = None,
    ) -> None:
        if not callable(function):
            raise DataError(f"a measure is a function of outputs and targets, not {type_in_words(function)}")
        if direction not in ("higher", "lower", None):
            raise DataError(f"the direction of a measure is {direction!r}: use 'higher' or 'lower'")
        self.function = function
        self.name = name or getattr(function, "__name__", type(function).__name__).strip("<>")
        self.unit, self.direction = unit, direction or "higher"
        self.assumed = "" if direction else ASSUMED.format(name=self.name)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """What the function returns, (samples, 1).

        Raises:
            DataError: the function fails, or returns something else than a number for each sample.
        """
        with naming_failures_of(f"the measure {self.name!r}"):
            found = self.function(outputs, targets)
        values = found.detach() if isinstance(found, Tensor) else self._tensor(found)
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1 or values.is_complex():
            raise DataError(
                f"{self._named} returns the shape {tuple(values.shape)}: return one real number for each sample, "
                "(samples,)"
            )
        return values[:, None]

    @property
    def _named(self) -> str:
        """The measure, with the line where its function begins."""
        return f"the measure {self.name!r}{defined_at(self.function)}"

    def _tensor(self, found: Any) -> Tensor:
        try:
            return torch.as_tensor(found)
        except Exception as error:  # whatever an object says that is no sequence of numbers
            raise DataError(
                f"{self._named} returns {type_in_words(found)}: return one real number for each sample, (samples,)"
            ) from error
