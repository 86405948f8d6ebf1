"""Costs as a person reads them: lines of text of at most 80 columns, and tables of a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bitline.numerics.labels import INFERENCE, label_of_cost
from bitline.numerics.notebook import folded_html, table_html
from bitline.numerics.summary import counted, summary
from bitline.numerics.text import number, percent, with_article

if TYPE_CHECKING:
    from bitline.cost.result import LayerCost, NetworkCost
    from bitline.cost.statistics import LayerStatistics, Statistics
    from bitline.cost.units import UnitCost

COLUMNS = 80
"""Longest line."""
A_SAMPLE = with_article(INFERENCE)
"""What costs are of."""
LARGEST = 3
"""Components that are named."""


def text_of_network(cost: NetworkCost) -> str:
    """What an inference costs, in a few lines."""
    totals = {name: _short(value) for name, value in cost.totals().items()}
    sizes = {
        "energy": f"{totals['energy_uJ']} µJ",
        "area": f"{totals['area_mm2']} mm²",
        "latency": f"{totals['latency_us']} µs",
    }
    arrays = counted(cost.arrays, "array")
    facts = {
        "energy": f"{totals['TOPS_per_W']} TOPS/W, {totals['energy_per_mac_fJ']} fJ per MAC",
        "area": f"{totals['TOPS_per_mm2']} TOPS/mm², {arrays}, {percent(cost.used)} % of cells used",
        "latency": f"{totals['images_per_s']} {INFERENCE}s/s, {totals['power_W']} W",
    }
    width = max(map(len, sizes.values()))
    lines = [f"{name:<8}{size:>{width}}  {facts[name]}" for name, size in sizes.items()]
    lines += _most(cost.energies_pJ, cost.areas_mm2)
    if cost.notes:
        lines.append(f"{counted(len(cost.notes), 'note')} on estimates and on what is not counted: see .notes")
    return _joined(f"cost of {A_SAMPLE} on {cost.design}, library {cost.library}", lines)


def name_of_network(cost: NetworkCost) -> str:
    """The cost of an inference among other objects."""
    sizes = f"{_short(cost.energy_uJ)} µJ, {_short(cost.area_mm2)} mm², {_short(cost.latency_us)} µs"
    return f"<NetworkCost of {cost.design}: {sizes}>"


def name_of_layer(cost: LayerCost) -> str:
    """The cost of a layer among other objects."""
    sizes = f"{_short(1e-6 * cost.energy_pJ)} µJ, {counted(cost.arrays, 'array')}, {_short(1e-3 * cost.time_ns)} µs"
    return f"<LayerCost of {cost.name}: {sizes}>"


def name_of_unit(cost: UnitCost) -> str:
    """The cost of a unit among other objects."""
    sizes = f"{_short(cost.TOPS)} TOPS, {_short(cost.power_mW)} mW, {_short(cost.area_mm2)} mm²"
    return f"<UnitCost of a {cost.unit}: {sizes}>"


def name_of_statistics(statistics: Statistics) -> str:
    """What cost depends on, among other objects."""
    layers = counted(len(statistics.layers), "layer")
    return f"<Statistics of {layers}, inputs of {counted(statistics.images, 'sample')}>"


def text_of_statistics(statistics: Statistics) -> str:
    """What cost depends on, a line for each layer."""
    layers, digital = statistics.layers, statistics.digital
    title = f"{counted(len(layers), 'analog layer')}, inputs of {counted(statistics.images, 'sample')}"
    total = _short(sum(layer.macs for layer in layers))
    work = {
        "activations": digital.activations,
        "additions": digital.additions,
        "scalings": digital.scalings,
        "pooled values": digital.poolings,
        "MACs": digital.macs,
    }
    outside = ", ".join(f"{_short(count)} {name}" for name, count in work.items() if count)
    last = [f"in all {total} MACs of {A_SAMPLE}", f"digital: {outside or 'nothing'}"]
    if digital.unknown:
        last.append(f"not counted: {', '.join(digital.unknown)}")
    head = ("layer", "rows", "columns", "products", "MACs", "inputs at 0")
    return summary(title, [head, *map(_layer_row, layers)], last)


def _layer_row(layer: LayerStatistics) -> tuple[str, ...]:
    rows, outputs = f"{layer.product.rows:,}", f"{layer.outputs:,}"
    zeros = f"{percent(float(layer.frequencies[:, 0].mean()), 1)} %"
    return layer.name, rows, outputs, _short(layer.products), _short(layer.macs), zeros


def text_of_unit(cost: UnitCost) -> str:
    """What a unit delivers and takes, in a few lines."""
    rates = {
        "TOPS": cost.TOPS,
        "TOPS/W": cost.TOPS_per_W,
        "TOPS/mm²": cost.TOPS_per_mm2,
        "mW": cost.power_mW,
        "mm²": cost.area_mm2,
    }
    line = ", ".join(f"{_short(rate)} {unit}" for unit, rate in rates.items())
    return _joined(f"{cost.unit} at work", [line, *_most(cost.energies_pJ, cost.areas_mm2)])


def html_of_network(cost: NetworkCost) -> str:
    """The totals, and energy and area by component, as HTML."""
    labels = {name: label_of_cost(name) for name in cost.totals()}
    totals = [(labels[name].name, _short(value), labels[name].unit) for name, value in cost.totals().items()]
    names = dict.fromkeys([*cost.energies_pJ, *cost.areas_mm2])
    parts = [
        (name, number(1e-6 * cost.energies_pJ[name], 3) if name in cost.energies_pJ else "",
         number(cost.areas_mm2.get(name), 3))
        for name in names
    ]  # fmt: skip
    title = f"cost of {A_SAMPLE} on {cost.design}, library {cost.library}"
    of_parts = table_html("", [("component", "energy, µJ", "area, mm²"), *parts], most=len(parts))
    return table_html(title, [("", "", ""), *totals], most=len(totals)) + folded_html("components", of_parts)


def _most(energies: Mapping[str, float], areas: Mapping[str, float]) -> list[str]:
    """The components with most energy and most area, a line each; no line where the library has no numbers."""
    lines = []
    for name, parts in (("energy", energies), ("area", areas)):
        total = sum(parts.values())
        if total:
            largest = sorted(parts.items(), key=lambda part: -part[1])[:LARGEST]
            shares = ", ".join(f"{component} {percent(value / total, 0)} %" for component, value in largest)
            lines.append(f"most {name:<8}{shares}")
    return lines


def _short(value: float) -> str:
    return number(value, 3) or "?"


def _joined(title: str, lines: list[str]) -> str:
    """Indented lines below a title, cut where long names make them longer than `COLUMNS`."""
    whole = [title, *(f"  {line}" for line in lines)]
    return "\n".join(line if len(line) <= COLUMNS else f"{line[: COLUMNS - 1]}…" for line in whole)
