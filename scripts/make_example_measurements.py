"""Makes docs/guides/data/my_cells.csv, the measurements of an imaginary resistive memory in the guide on own devices.

python scripts/make_example_measurements.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TARGETS_US = (2, 10, 20, 30, 40, 50)
CELLS = 60
OUT = Path(__file__).parents[1] / "docs" / "guides" / "data" / "my_cells.csv"


def main() -> None:
    """Skewed errors that grow with the target, and a loss of 6 % with some spread after one day."""
    rng = np.random.default_rng(0)
    rows = []
    for target in TARGETS_US:
        skewed = rng.gamma(4.0, 0.5, CELLS) - 2.0
        fresh = target + (0.3 + 0.03 * target) * skewed
        later = fresh * (0.94 + 0.01 * rng.standard_normal(CELLS))
        for time_s, cells in ((0, fresh), (86400, later)):
            rows += [(target, round(cell, 4), time_s) for cell in np.maximum(cells, 0)]
    pd.DataFrame(rows, columns=["target", "measured", "time_s"]).to_csv(OUT, index=False)


if __name__ == "__main__":
    main()
