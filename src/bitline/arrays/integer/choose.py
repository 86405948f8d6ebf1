"""The ways to multiply bytes, and which one is used."""

from __future__ import annotations

import os

from torch import Tensor

from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.onednn import OnednnMultiply
from bitline.arrays.integer.product import MAX_ROWS, Multiply
from bitline.arrays.integer.tensor_cores import TensorCoreMultiply
from bitline.arrays.integer.trial import is_exact
from bitline.arrays.integer.windows import Windows
from bitline.arrays.product import Product
from bitline.errors import BitlineError

MULTIPLIERS: dict[str, type[Multiply]] = {
    "onednn": OnednnMultiply,
    "tensor-cores": TensorCoreMultiply,
    "float": FloatingMultiply,
}
"""Ways to multiply bytes by name, the fastest first."""
FORCED = "BITLINE_PRODUCTS"
"""Environment variable that names the one to use."""


def multiply(pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> Multiply:
    """The fastest way to multiply that is exact here, for the arguments of a `Multiply`.

    Raises:
        BitlineError: the environment names one that is not known, or not usable here.
    """
    forced = os.environ.get(FORCED, "")
    if forced and forced not in MULTIPLIERS:
        raise BitlineError(f"{FORCED} is {forced!r}: use one of {', '.join(MULTIPLIERS)}, or unset it")
    weights = pieces[0][0]
    for name in [forced] if forced else MULTIPLIERS:
        obstacle = _obstacle(MULTIPLIERS[name], weights, windows, matrices, zero)
        if not obstacle:
            return MULTIPLIERS[name](pieces, windows, matrices, zero)
    raise BitlineError(f"{FORCED} is {forced!r}, but {obstacle}: unset it")


def _obstacle(kind: type[Multiply], weights: Tensor, windows: Windows, matrices: int, zero: int) -> str:
    """Why weights are not multiplied so; empty where they can be."""
    device = weights.device.type
    missing = kind.why_not(device)
    if missing or kind is FloatingMultiply:
        return missing
    shape = tuple(weights.shape)
    is_right = is_exact(kind, shape, windows, matrices, zero, device)
    return "" if is_right else f"products by {kind.name} are not exact for weights {shape}"


def why_not(product: Product) -> str:
    """Why a product is not one of bytes; empty where it is."""
    if Windows.of(product) is None:
        return "it is no convolution along at most two axes with even padding narrower than its kernels"
    return f"it has more than {MAX_ROWS} rows" if product.rows > MAX_ROWS else ""
