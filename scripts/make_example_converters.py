"""Makes docs/guides/data/my_converters.csv, the INL of three imaginary converters in the guide on own ADCs.

python scripts/make_example_converters.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

BITS, CONVERTERS = 8, 3
OUT = Path(__file__).parents[1] / "docs" / "guides" / "data" / "my_converters.csv"


def main() -> None:
    """A bow that all share, and steps of their own at every eighth of the range, as segments of a DAC make them."""
    rng = np.random.default_rng(0)
    codes = np.arange(2**BITS)
    place = np.clip(codes - 1, 0, None) / (len(codes) - 2)
    table = {"code": codes}
    for number in range(CONVERTERS):
        segments = rng.normal(0, 0.25, 8)[np.minimum(codes * 8 // len(codes), 7)]
        inl = 0.4 * np.sin(np.pi * place) + segments * np.sin(np.pi * place)
        table[f"INL {number + 1} (LSB)"] = (inl + 0.03 * rng.standard_normal(len(codes))).round(3)
    pd.DataFrame(table).to_csv(OUT, index=False)


if __name__ == "__main__":
    main()
