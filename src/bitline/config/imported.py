"""Parts of a design whose class is a user's, named by its import path."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import Field, PrivateAttr

from bitline.config.imports import import_part
from bitline.config.trust import heed, is_loadable, refusal
from bitline.config.users_methods import UsersMethod
from bitline.config.variants import Variant
from bitline.errors import DesignError

Loaded = TypeVar("Loaded", bound=Variant)


class ImportedPart(Variant, Generic[Loaded]):
    """A variant of the user's, `kind = "package.module:Class"`; the fields of its class stand beside `kind`.

    What derives from it and from the class of the variants allows extra fields (`extra="allow"`).

    Where a file names a class whose code nobody allowed, the part is what the file says and no more: it cannot be used.

    Examples:
        >>> from bitline.devices.imported import Imported
        >>> device = Imported(kind="bitline.devices.state_proportional:StateProportional", alpha=0.02)
        >>> device.is_loaded, device.loaded.kind
        (True, 'state-proportional')
    """

    SETTING: ClassVar[str]
    """Dotted name of the setting that names the class."""
    BASE: ClassVar[type[Variant]]
    """Class that it must derive from."""

    kind: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """Where the class is: package.module:Class."""
    _loaded: Loaded | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        heed([self.kind])
        if is_loadable(self.kind):
            self._loaded = self.load(self.model_dump())

    @classmethod
    def load(cls, settings: dict[str, Any]) -> Loaded:
        """The part that settings name.

        Args:
            settings: `kind` and the fields of its class.

        Raises:
            ValueError: there is no such class, or it does not accept the fields.
        """
        fields = {name: value for name, value in settings.items() if name != "kind"}
        return import_part(str(settings["kind"]), cls.BASE, cls.SETTING, fields)  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        """Whether both are the same in a file; it makes no difference which of them are loaded."""
        return isinstance(other, type(self)) and self.model_dump() == other.model_dump()

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None

    @property
    def loaded(self) -> Loaded:
        """What the class makes of the fields.

        Raises:
            DesignError: the class was named by a file, and nobody allowed its code.
        """
        if self._loaded is None:
            raise DesignError(refusal(self.kind, self.SETTING))
        return self._loaded

    def method(self, name: str) -> UsersMethod:
        """A method or property of the class, for messages about what it returns."""
        return UsersMethod(self.SETTING, self.kind, self.loaded, name)
