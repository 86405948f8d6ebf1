"""A method of a user's class, as messages about its results name it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from bitline.config.users_code import defined_at


@dataclass(frozen=True)
class UsersMethod:
    """A method or property of a part of a design whose class is a user's.

    Attributes:
        setting: dotted name of the setting that names the class.
        kind: import path of the class.
        part: of the class.
        name: of the method.

    Examples:
        >>> from bitline.devices import StateProportional
        >>> device = StateProportional(alpha=0.02)
        >>> str(UsersMethod("cell.device", "mylab:Mine", device, "program"))
        "cell.device is 'mylab:Mine', whose program (...state_proportional.py:...)"
    """

    setting: str
    kind: str
    part: Any
    name: str

    def __str__(self) -> str:
        """The beginning of a sentence about what it returns."""
        return f"{self.setting} is {self.kind!r}, whose {self.name}{self._place()}"

    def check_arguments(self, base: type) -> None:
        """Refuse a method that bitline could not call.

        Args:
            base: class whose method of that name has the arguments that it is called with.

        Raises:
            ValueError: the method takes other arguments; the message says which it must take.
        """
        wanted = list(inspect.signature(getattr(base, self.name)).parameters)
        signature = inspect.signature(getattr(type(self.part), self.name))
        try:
            signature.bind(*wanted)
        except TypeError:
            public = ".".join(base.__module__.split(".")[:2])
            raise ValueError(
                f"{self} takes ({', '.join(signature.parameters)}), but bitline calls it with ({', '.join(wanted)}): "
                f"see {public}.{base.__name__}"
            ) from None

    def _place(self) -> str:
        """The line where it is defined; nothing where Python does not know."""
        found = inspect.getattr_static(type(self.part), self.name, None)
        return defined_at(found.fget if isinstance(found, property) and found.fget else found)
