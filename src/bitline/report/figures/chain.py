"""The signal chain of a design as a drawing with its numbers."""

from __future__ import annotations

import html
import math

from bitline.design import Design
from bitline.devices import Cell, format_duration
from bitline.numerics.summary import counted
from bitline.numerics.text import exact

WIDTH, HEIGHT, GAP = 176, 92, 24


def chain_drawing(design: Design) -> str:
    """An SVG of the five stages.

    Examples:
        >>> drawing = chain_drawing(Design())
        >>> drawing[:18], drawing.count("<rect")
        ('<svg class="chain"', 5)
    """
    stages = _stages(design)
    parts = []
    total = len(stages) * WIDTH + (len(stages) - 1) * GAP
    for index, (title, facts) in enumerate(stages):
        x = index * (WIDTH + GAP)
        parts.append(f'<rect x="{x}" y="1" width="{WIDTH}" height="{HEIGHT}" rx="8"/>')
        parts.append(f'<text x="{x + 12}" y="22" font-weight="600">{html.escape(title)}</text>')
        for line, fact in enumerate(facts[:4]):
            parts.append(f'<text class="soft" x="{x + 12}" y="{40 + 15 * line}">{html.escape(_short(fact))}</text>')
        if index:
            start = x - GAP + 3
            parts.append(f'<path d="M{start} {HEIGHT / 2} h{GAP - 8} m-5 -4 l5 4 l-5 4"/>')
    words = "; ".join(f"{title}: {', '.join(facts)}" for title, facts in stages)
    return (
        f'<svg class="chain" viewBox="-1 0 {total + 2} {HEIGHT + 2}" role="img" '
        f'aria-label="{html.escape(words, quote=True)}">{"".join(parts)}</svg>'
    )


def _stages(design: Design) -> list[tuple[str, list[str]]]:
    weights, inputs, cell, array, adc = design.weights, design.inputs, design.cell, design.array, design.adc
    slices = "unsliced" if weights.slices == 1 else f"{weights.slices} slices of {_bits(weights.cell_bits)}"
    slices += ", added" if weights.adds_slices and weights.slices > 1 else ""
    readout = [f"{adc.kind} ADC"]
    if adc.converts:
        readout = [
            f"{adc.bits}-bit {adc.kind} ADC",
            f"{adc.range.kind} range",
            "an ADC per column" if adc.columns_per_adc == 1 else f"{adc.columns_per_adc} columns per ADC",
        ]
    return [
        ("quantise", [f"weights {_bits(weights.bits)}", f"inputs {_bits(inputs.bits)}", f"scale per {weights.scale}"]),
        ("encode", [f"{weights.describe()}", slices, f"input slices of {_bits(inputs.slice_bits)}"]),
        (
            "program",
            [f"{cell.device.kind}", _window(cell), f"read after {format_duration(cell.time)}"],
        ),
        (
            "array",
            [f"{array.kind} wires", counted(array.rows, "row"), counted(array.columns, "column")]
            + (["arrays added in analog"] if array.adds_partitions else []),
        ),
        ("readout", [*readout, f"{inputs.accumulation} accumulation"]),
    ]


def _bits(bits: int | str) -> str:
    return counted(bits, "bit") if isinstance(bits, int) else "in floating point"


def _window(cell: Cell) -> str:
    if not cell.window_is_known:
        return "on/off ratio of the device"
    return f"on/off ratio {exact(1 / cell.window_low if cell.window_low else math.inf)}"


def _short(text: str) -> str:
    return text if len(text) <= 26 else text[:25] + "…"
