"""The tables of `bitline run`: accuracy, errors of layers, cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bitline.cli.table import Cell, Column, Table, cost_column, name
from bitline.cli.why import spread_of_chips
from bitline.numerics.decibels import decibel_text
from bitline.numerics.text import fixed, number, percent, with_article

if TYPE_CHECKING:
    from bitline.cost import NetworkCost
    from bitline.evaluation.layer_errors import LayerError
    from bitline.evaluation.result import Evaluation


def run_tables(results: Sequence[Evaluation], model: str) -> list[Table | str]:
    """What came of an evaluation.

    Args:
        results: at one or several times; the last is the main one.
        model: the network.
    """
    result = results[-1]
    sample = with_article(result.measure.sample)
    title = f"{model} on {result.design.name}, {result.counted}"
    parts: list[Table | str] = [_accuracy(results, title), spread_of_chips(result, result.time_among(results))]
    if result.layers:
        parts.append(_layers(result.layers, result.time_among(results)))
    if any(layer.pulses > 1 for layer in result.layers):
        parts.append(_pulses(result.layers))
    if result.cost is not None:
        parts.append(_cost(result.cost, result.measure.sample))
    conversions = _conversions(result.layers, sample)
    return [*parts, conversions] if conversions else parts


def _accuracy(results: Sequence[Evaluation], title: str) -> Table:
    last = results[-1]
    measure = last.measure
    columns = (
        name("network"),
        Column("chips", "chips"),
        Column(measure.key, measure.name, measure.unit, measure.text),
        Column("std", "std", measure.unit, measure.text if measure.is_share else measure.text_of_spread),
    )
    rows: list[tuple[Any, ...]] = [
        ("floating point", None, last.float_value, None),
        ("quantised reference", None, last.reference_value, None),
    ]
    for result in results:
        rows.append((f"analog{result.time_among(results)}", len(result.chip_values), result.mean, _spread(result)))
    return Table(measure.key, columns, rows, title)


def _spread(result: Evaluation) -> Cell | float:
    """The deviation over chips; of few chips that are equal the word, as a nought would say that all chips are."""
    from bitline.evaluation.chip_spread import ChipSpread

    is_open = result.std == 0 and ChipSpread(result.measure, result.chip_values).says_nothing
    return Cell(result.std, "equal") if is_open else result.std


def _layers(layers: Sequence[LayerError], at: str) -> Table:
    columns = (
        name("layer"),
        Column("rows", "rows"),
        Column("outputs", "outputs"),
        Column("partitions", "partitions"),
        Column("own_db", "own", "dB", decibel_text),
        Column("own_half_db", "±", "dB", decibel_text),
        Column("accumulated_db", "accumulated", "dB", decibel_text),
        Column("accumulated_half_db", "±", "dB", decibel_text),
    )
    rows = [(layer.name, *(getattr(layer, column.key) for column in columns[1:])) for layer in layers]
    chips = layers[0].chips
    over = f", {chips} chips, ± 95 % interval" if chips > 1 else ""
    return Table("layers", columns, rows, f"signal-to-error ratio of every layer{at}{over}")


SHOWN = ("energy_uJ", "energy_per_mac_fJ", "TOPS_per_W", "area_mm2", "latency_us", "images_per_s")
"""Costs that a run is shown with."""


def _pulses(layers: Sequence[LayerError]) -> Table:
    columns = (
        name("layer"),
        Column("pulses", "pulses", "per cell", lambda value: fixed(value, 2)),
        Column("outside", "cells outside", "tolerance, %", lambda share: percent(share, 1)),
    )
    rows = [(layer.name, layer.pulses, layer.outside) for layer in layers]
    return Table("programming", columns, rows, "programming of every layer")


def _cost(cost: NetworkCost, sample: str) -> Table:
    columns = (name("library"), *(cost_column(key, sample) for key in SHOWN))
    totals = cost.totals()
    row = [cost.library, *(totals[column.key] for column in columns[1:])]
    largest = ", ".join(
        f"{part} {percent(1e-6 * energy / cost.energy_uJ, 0)} %" for part, energy in list(cost.energies_pJ.items())[:3]
    )
    return Table("cost", columns, [row], f"cost of {with_article(sample)}; most energy: {largest}")


def _conversions(layers: Sequence[LayerError], sample: str) -> str:
    total = sum(layer.conversions for layer in layers)
    if not total:
        return ""
    counted = [layer for layer in layers if layer.skipped < 1]
    skipped = sum(layer.conversions / (1 - layer.skipped) * layer.skipped for layer in counted)
    left_out = f", {percent(skipped / (total + skipped), 1)} % left out" if skipped else ""
    return f"analog-to-digital conversions of {sample}: {number(round(total))}{left_out}"
