"""A user's own current against voltage, a Python class named by its import path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, PrivateAttr
from torch import Tensor

from bitline.config.imports import import_part
from bitline.config.trust import heed, is_loadable, refusal
from bitline.devices.current_voltage import CurrentVoltage
from bitline.errors import DesignError
from bitline.shapes import Cellwise


class ImportedCurrent(CurrentVoltage):
    """A `CurrentVoltage` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Where a file names a class whose code nobody allowed, it is what the file says and no more: it cannot be used.

    Raises:
        DesignError: it is used, and its code is not loaded.

    Examples:
        >>> import torch
        >>> curve = ImportedCurrent(kind="bitline.devices.sinh_current:SinhCurrent", scale_V=0.1)
        >>> curve.current(torch.tensor([1.0]), voltage=0.5)
        tensor([0.3240])
    """

    model_config = ConfigDict(extra="allow")

    kind: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """Where the class is: package.module:Class."""
    _loaded: CurrentVoltage | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        heed([self.kind])
        if is_loadable(self.kind):
            given = dict(self.__pydantic_extra__ or {})
            self._loaded = import_part(self.kind, CurrentVoltage, "cell.current_voltage", given)

    def __eq__(self, other: object) -> bool:
        """Whether both are the same in a file; it makes no difference which of them are loaded."""
        return isinstance(other, ImportedCurrent) and self.model_dump() == other.model_dump()

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None

    @property
    def is_linear(self) -> bool:
        return self._loaded is not None and self._loaded.is_linear

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        if self._loaded is None:
            raise DesignError(refusal(self.kind, "cell.current_voltage"))
        return self._loaded.current(conductance, voltage)
