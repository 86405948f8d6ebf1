"""Costs as a person reads them: tables of a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from bitline.numerics.text import number

if TYPE_CHECKING:
    from bitline.cost.result import NetworkCost


def html_of(cost: NetworkCost) -> str:
    """The totals, and energy and area by component, as HTML."""
    import pandas as pd  # here, for the start-up of what does not need it

    totals = pd.DataFrame({"of one image": cost.totals()}).T
    parts = pd.DataFrame({"energy (uJ)": cost.energies_pJ, "area (mm2)": dict(cost.areas_mm2)})
    parts["energy (uJ)"] *= 1e-6
    tables = totals.to_html(float_format=number) + parts.to_html(float_format=number, na_rep="")
    return f"<b>{html.escape(cost.design)}</b>, library {html.escape(cost.library)}{tables}"
