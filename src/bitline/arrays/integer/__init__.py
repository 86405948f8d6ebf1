"""Products of input codes in bytes with conductances in whole numbers, exact to the last bit.

To add another way to multiply, write one file with a `Multiply` and add it to `choose.py`.
"""

from bitline.arrays.integer.choose import MULTIPLIERS, multiply, why_not
from bitline.arrays.integer.product import IntegerProduct, pieces

__all__ = ["MULTIPLIERS", "IntegerProduct", "multiply", "pieces", "why_not"]
