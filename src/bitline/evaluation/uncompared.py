"""Layers whose errors an evaluation does not know, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bitline.evaluation.layer_errors import LayerError
from bitline.numerics.text import listed

NAMED = 3
"""Layers that a note names."""


def notes_on_uncompared(names: Sequence[str], layers: Sequence[LayerError]) -> tuple[str, ...]:
    """What a reader of the errors of layers should know of those that are missing.

    Args:
        names: of all analog layers.
        layers: their errors; none where nobody asked for them.

    Examples:
        >>> errors = (LayerError("gate", 16, 4, 1, 35.0, 35.0), LayerError("expert", 4, 2, 1, 31.2, math.nan))
        >>> for note in notes_on_uncompared(["gate", "expert", "rare"], errors):
        ...     print(note)
        no error of layer 'rare': no compared sample reached it on a chip
        no accumulated error of layer 'expert': chips give it other samples than the reference does
        >>> notes_on_uncompared(["gate", "expert"], ())
        ()
    """
    return tuple(_notes(names, layers)) if layers else ()


def _notes(names: Sequence[str], layers: Sequence[LayerError]) -> Iterator[str]:
    compared = {layer.name for layer in layers}
    missed = [name for name in names if name not in compared]
    if missed:
        yield f"no error of {_in_words(missed)}: no compared sample reached {_them(missed)} on a chip"
    apart = [layer.name for layer in layers if math.isnan(layer.accumulated_db) and not math.isnan(layer.own_db)]
    if apart:
        why = f"chips give {_them(apart)} other samples than the reference does"
        yield f"no accumulated error of {_in_words(apart)}: {why}"


def _in_words(names: Sequence[str]) -> str:
    return f"layer{'s' * (len(names) > 1)} {listed([*map(repr, names)], NAMED)}"


def _them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
