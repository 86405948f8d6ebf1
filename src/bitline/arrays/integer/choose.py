"""The ways to multiply bytes, and which one is used."""

from __future__ import annotations

import os

from torch import Tensor

from bitline.arrays.integer.float32 import Float32Multiply
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.onednn import OnednnMultiply
from bitline.arrays.integer.phases import PhasedMultiply
from bitline.arrays.integer.product import MAX_ROWS, Multiply
from bitline.arrays.integer.shares import SharedMultiply, Shares, fewest_shares
from bitline.arrays.integer.tensor_cores import TensorCoreMultiply
from bitline.arrays.integer.trial import is_exact
from bitline.arrays.integer.windows import Windows
from bitline.arrays.product import Product
from bitline.errors import BitlineError

MULTIPLIERS: dict[str, type[Multiply]] = {
    "onednn": OnednnMultiply,
    "tensor-cores": TensorCoreMultiply,
    "float32": Float32Multiply,
    "float": FloatingMultiply,
}
"""Ways to multiply bytes by name, the fastest first."""
IN_FLOATING_POINT = (Float32Multiply, FloatingMultiply)
"""Those that are exact by their bounds, for every shape."""
MANY_ZEROS = 512
"""Products with zeros between inputs from which on it is faster to leave them out, for each output."""
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
    if windows.share_of_zeros * pieces[0][0][0].numel() >= MANY_ZEROS:
        return PhasedMultiply(pieces, windows, matrices, zero, multiply)
    obstacle = ""
    for name in [forced] if forced else MULTIPLIERS:
        found = _of_kind(MULTIPLIERS[name], pieces, windows, matrices, zero)
        if isinstance(found, Multiply):
            return found
        obstacle = found
    raise BitlineError(f"{FORCED} is {forced!r}, but {obstacle}: unset it")


def _of_kind(
    kind: type[Multiply], pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int
) -> Multiply | str:
    """This way to multiply, or why weights are not multiplied so."""
    missing = kind.why_not(pieces[0][0].device.type)
    if missing or kind in IN_FLOATING_POINT:
        return missing or kind(pieces, windows, matrices, zero)
    found = [_exact_shares(kind, weights, windows, matrices, zero) for weights, _ in pieces]
    each: list[tuple[Multiply, Shares]] = []
    if all(shares is not None and shares.count == 1 for shares in found):
        return kind(pieces, windows, matrices, zero)
    for (weights, scale), shares in zip(pieces, found, strict=True):
        if shares is None:
            return f"products by {kind.name} are not exact for weights {tuple(weights.shape)}"
        each.append((kind([(shares.split(weights), scale)], windows, matrices * shares.count, zero), shares))
    return SharedMultiply(each, zero)


def _exact_shares(kind: type[Multiply], weights: Tensor, windows: Windows, matrices: int, zero: int) -> Shares | None:
    """Shares of rows that are exact this way: as few as can be, or twice as many; None where neither are."""
    device = weights.device.type
    shares = fewest_shares(weights, matrices) if kind.rounds_twice(zero) else Shares(matrices, 1)
    for _attempt in range(2):
        if shares is None or (SharedMultiply.why_not(device) and shares.count > 1):
            return None
        if is_exact(kind, shares.shape(weights.shape), windows, matrices * shares.count, zero, device):
            return shares
        shares = fewest_shares(weights, matrices, 2 * shares.count)
    return None


def why_not(product: Product) -> str:
    """Why a product is not one of bytes; empty where it is."""
    if Windows.of(product) is None:
        return "it is no convolution along at most two axes with even padding narrower than its kernels"
    return f"it has more than {MAX_ROWS} rows" if product.rows > MAX_ROWS else ""
