"""Converters that were measured."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import model_validator

from bitline.config.contents import plain_value, same_content, unchanged
from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.architectures._circuit import CircuitAdc
from bitline.readout.architectures._measured_curves import MeasuredCurves, read_curves


class MeasuredAdc(CircuitAdc):
    """Transfer curves from a table; each converter of a chip is one of those measured, drawn at random.

    The file is a CSV, Excel or Parquet table with a column `code` and one of these, for each converter a column ('INL 1
    (LSB)', 'INL 2 (LSB)') or, with a column `converter`, rows of its own:

    - `INL`: distance of the level where a code begins from where it should, in steps (IEEE Std 1241);
    - `DNL`: width of a code less one step, in steps; where INL is there too, that is used;
    - `transition`: level where a code begins, in any unit.

    Curves of DNL and of levels go through the ends of the range: they say nothing of offset and gain. Noise is not in
    a table: `noise_steps` adds it.

    Examples:
        >>> from tempfile import NamedTemporaryFile
        >>> with NamedTemporaryFile("w", suffix=".csv") as file:
        ...     _ = file.write("code,INL (LSB)\\n0,0\\n1,0\\n2,0.4\\n3,0\\n")
        ...     file.flush()
        ...     adc = MeasuredAdc(file=file.name)
        ...     adc.bits, adc.tables(arrays=1, converters=1, draws=Draws((0,))).edges
        (2, tensor([[[0.5000, 1.9000, 2.5000]]]))
    """

    kind: Literal["measured"] = "measured"
    file: str
    """CSV, Excel or Parquet table, relative to the design file or the current folder."""
    content: str = ""
    """Hash of the file; filled in by bitline, so that a saved design refuses another file."""

    @model_validator(mode="before")
    @classmethod
    def _of_file(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "file" not in data:
            return data
        data = {**data, "file": plain_value(data["file"])}
        if not isinstance(data["file"], str):  # which the field of that name explains
            return data
        curves = read_curves(data["file"])
        if data.get("bits", curves.bits) != curves.bits:
            raise ValueError(
                f"adc.bits is {data['bits']!r}, and adc.file {data['file']!r} has converters of {curves.bits} bits: "
                "leave adc.bits out"
            )
        return {**data, "bits": curves.bits, "content": same_content(data, curves.content, "adc")}

    @property
    def curves(self) -> MeasuredCurves:
        """The measurements.

        Raises:
            DesignError: the file has changed since the design was made.
        """
        return unchanged(lambda: read_curves(self.file), self.content, f"adc.file {self.file!r}")

    @property
    def is_ideal(self) -> bool:
        return False

    @property
    def approximations(self) -> tuple[str, ...]:
        alone = len(self.curves.edges) == 1
        return (f"{self.file} has one measured converter: all converters of a chip have its errors",) * alone

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        measured = torch.from_numpy(self.curves.edges)
        places = (draws.uniform01((arrays, converters), "converters").double() * len(measured)).long()
        offsets = self.comparator_offset_steps * draws.normal((arrays, converters, 1), "comparators")
        return TransferTable.monotonic(measured[places.clamp(max=len(measured) - 1)] + offsets)
