"""Arrays whose wires have no resistance."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bitline.arrays._array import Array


class IdealArray(Array):
    """Bit lines sum the currents of their cells exactly: I_j = sum_i G_ij V_i (Kirchhoff).

    Examples:
        >>> import torch
        >>> cells = torch.rand(1, 1, 1, 4, 3)
        >>> IdealArray().effective_conductances(cells, [slice(0, 4)]) is cells
        True
    """

    kind: Literal["ideal"] = "ideal"
    turns: Annotated[int, Field(ge=1)] = 1
    """Row partitions that share the bit lines and converters of an array and are read one after another: such an array
    has `turns` x `rows` word lines, of which `rows` are on at a time. Less area and more time, the same outputs;
    variation and errors of converters are drawn as if every partition had lines and converters of its own."""

    @property
    def word_lines(self) -> int:
        return self.rows * self.turns

    @model_validator(mode="after")
    def _check_turns(self) -> Self:
        if self.turns > 1 and self.accumulation == "analog":
            raise ValueError(
                f"array.turns is {self.turns}, and currents of partitions that are read one after another cannot be "
                "added: use array.accumulation = 'digital', or array.turns = 1"
            )
        return self
