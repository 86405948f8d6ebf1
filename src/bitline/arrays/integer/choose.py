"""The ways to multiply bytes, and which one is used."""

from __future__ import annotations

import os

from torch import Tensor

from bitline.arrays.integer import onednn
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.onednn import OnednnMultiply
from bitline.arrays.integer.product import MAX_ROWS, Multiply
from bitline.arrays.integer.windows import Windows
from bitline.arrays.product import Product
from bitline.errors import BitlineError

MULTIPLIERS: dict[str, type[Multiply]] = {"onednn": OnednnMultiply, "float": FloatingMultiply}
"""Ways to multiply bytes by name, the fastest first."""
FORCED = "BITLINE_PRODUCTS"
"""Environment variable that names the one to use."""


def multiply(pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> Multiply:
    """The fastest way to multiply that is exact here, for the arguments of a `Multiply`.

    Raises:
        BitlineError: the environment names one that is not known, or not usable here.
    """
    weights, forced = pieces[0][0], os.environ.get(FORCED, "")
    if forced and forced not in MULTIPLIERS:
        raise BitlineError(f"{FORCED} is {forced!r}: use one of {', '.join(MULTIPLIERS)}, or unset it")
    obstacle = onednn.why_not() if weights.device.type == "cpu" else f"{weights.device.type} has no oneDNN"
    if not obstacle and not onednn.is_exact(tuple(weights.shape), windows, matrices, zero):
        obstacle = f"oneDNN's products of bytes are not exact for weights {tuple(weights.shape)}"
    if forced == "onednn" and obstacle:
        raise BitlineError(f"{FORCED} is 'onednn', but {obstacle}: unset it")
    kind = FloatingMultiply if forced == "float" or obstacle else OnednnMultiply
    return kind(pieces, windows, matrices, zero)


def why_not(product: Product) -> str:
    """Why a product is not one of bytes; empty where it is."""
    if Windows.of(product) is None:
        return "it is no convolution with even padding along at most two axes"
    return f"it has more than {MAX_ROWS} rows" if product.rows > MAX_ROWS else ""
