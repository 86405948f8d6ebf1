"""The errors of the layers of a design, read from the store when somebody asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from bitline.evaluation.layer_errors import LayerError, layer_errors
from bitline.study.store import Store


class StoredLayers(Sequence[LayerError]):
    """Errors of the layers of a design over its first chips; equal to any other sequence of the same.

    They are most of what a store holds, and few readers look at them, of few designs.

    Args:
        path: of the store, absolute.
        key: `accuracy_key` of the design.
        chips: how many chips count.

    Examples:
        >>> with Store.writing(Path("no-layers.sqlite"), {}):
        ...     pass
        >>> len(StoredLayers(Path("no-layers.sqlite"), "a1", chips=3))
        0
    """

    __slots__ = ("_found", "chips", "key", "path")

    def __init__(self, path: Path, key: str, chips: int) -> None:
        self.path, self.key, self.chips = path, key, chips
        self._found: tuple[LayerError, ...] | None = None

    @property
    def _known(self) -> tuple[LayerError, ...]:
        if self._found is None:
            with Store.at_a_glance(self.path) as store:
                sums = store.layers(self.key)
            self._found = layer_errors(found for chip, found in sums.items() if chip < self.chips)
        return self._found

    @overload
    def __getitem__(self, index: int) -> LayerError: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LayerError, ...]: ...
    def __getitem__(self, index: int | slice) -> LayerError | tuple[LayerError, ...]:
        return self._known[index]

    def __len__(self) -> int:
        return len(self._known)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._known == tuple(other)

    def __hash__(self) -> int:
        return hash(self._known)
