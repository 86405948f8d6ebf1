"""How often input codes and weight codes of a layer meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bitline.encode import WeightMapping
from bitline.quantize import weight_codes

if TYPE_CHECKING:
    from bitline.cost.statistics import LayerStatistics

WEIGHT_BITS = 9
"""Weight codes that are told apart; of finer ones, one stands for its neighbours, with random lower bits."""


@dataclass(frozen=True)
class JointCounts:
    """How often inputs of one code meet weights of one code in a product, and how often rows have each input code.

    Attributes:
        pairs: (input codes, weight codes), cells of one matrix, all groups.
        rows: (input codes,), rows of the same.
        codes: (weight codes,), the integer codes.
    """

    pairs: np.ndarray
    rows: np.ndarray
    codes: np.ndarray


def count_together(layer: LayerStatistics, mapping: WeightMapping) -> JointCounts:
    """Input and weight codes of a layer together.

    Args:
        layer: one of the network.
        mapping: how its weights are stored.
    """
    told_apart = min(mapping.code_bits, WEIGHT_BITS)
    dropped = mapping.code_bits - told_apart
    codes, _ = weight_codes(layer.weight.float(), **mapping.coding)
    whole = codes.numpy().astype(np.int32)
    top = 2 ** (told_apart - 1) - 1
    coarse = np.sign(whole) * (np.abs(whole) >> dropped) + top
    product = layer.product
    channels = product.channels * product.groups
    group = np.arange(layer.outputs) // (layer.outputs // product.groups)
    channel = (group[:, None] * product.channels + np.arange(product.rows) // product.positions).astype(np.int64)
    weighting = np.broadcast_to(layer.valid[np.arange(product.rows) % product.positions], coarse.shape)
    size = 2 * top + 1
    counted = np.bincount((channel * size + coarse).ravel(), weights=weighting.ravel(), minlength=channels * size)
    pairs = layer.frequencies.T @ counted.reshape(channels, size).astype(np.float32)
    rows = layer.frequencies.sum(0) * layer.valid.sum()
    fine = np.arange(-top, top + 1)
    lower = np.random.default_rng(0).integers(0, 2**dropped, size)
    fine = np.sign(fine) * ((np.abs(fine) << dropped) + np.where(fine == 0, 0, lower))
    return JointCounts(pairs.astype(np.float64), rows.astype(np.float64), fine.astype(np.int64))
