"""Published chips, and what the cost model says of them."""

from bitline.cost.chips.compare import Agreement, Comparison, agreements, compare_chips, compare_with_intervals
from bitline.cost.chips.macro import Macro
from bitline.cost.chips.neurram import neurram_cost, neurram_design

__all__ = [
    "Agreement",
    "Comparison",
    "Macro",
    "agreements",
    "compare_chips",
    "compare_with_intervals",
    "neurram_cost",
    "neurram_design",
]
