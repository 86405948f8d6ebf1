"""Figures and tables of docs/networks/index.md from docs/networks/results/*.json. Needs matplotlib.

    python scripts/plot_networks.py

Writes docs/networks/NETWORK.png for each network, and prints its tables in Markdown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

FOLDER = Path(__file__).parents[1] / "docs" / "networks"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # Okabe-Ito: told apart with any colour vision
MARKERS = ("o", "s", "^", "D")
STUDIES = {
    "reference": ("quantised reference", "input bits", "reference_loss"),
    "designs": ("designs A to E of Xiao et al. 2022", "design", "loss"),
    "cell errors": ("errors of cells, 1152 rows, no ADC", "alpha", "loss"),
    "slicing": ("weight slices, state-proportional errors of 10 %", "bits per cell", "loss"),
    "ADC bits": ("exact differential cells, 1152 rows", "ADC bits", "loss"),
    "drift": ("drift: design A, and PCM of Joshi et al. 2020", "time since programming", "loss"),
}
TABLES = {
    **STUDIES,
    "remedies": ("PCM of Joshi et al. 2020 after a day", "remedy", "loss_of_float"),
}
"""Title, axis and what is shown of each study; those of `STUDIES` are drawn, too."""
BASELINE = {
    "reference_loss": "loss against float",
    "loss": "loss against the reference",
    "loss_of_float": "loss against float",
    "nats_of_float": "loss against float",
}
POINTS, NATS = "points", "nats per token"

Rows = list[dict[str, Any]]


def lines_of(rows: Rows, study: str) -> dict[str, Rows]:
    """Rows of a study by line."""
    lines: dict[str, Rows] = {}
    for row in rows:
        if row.get("study") == study:
            lines.setdefault(row["line"], []).append(row)
    return lines


def place_of(x: float | str) -> tuple[int, float, str]:
    """Key to sort places by: numbers, times, then words."""
    times = ("0 s", "1 hour", "1 day", "5 days")
    return (0, x, "") if isinstance(x, (int, float)) else (1, times.index(x) if x in times else 9, x)


def middle(difference: dict[str, Any]) -> float:
    """In points, or in nats."""
    return difference["points"] if "points" in difference else difference["value"]


def draw(axes: Axes, rows: Rows, study: str, unit: str) -> None:
    """One panel."""
    title, axis, shown = STUDIES[study]
    lines = {name: line for name, line in lines_of(rows, study).items() if not name.startswith("smoothed")}
    places = sorted({row["x"] for line in lines.values() for row in line}, key=place_of)
    for index, (name, line) in enumerate(lines.items()):
        shift = min(0.12, 0.5 / len(lines)) * (index - (len(lines) - 1) / 2)
        line.sort(key=lambda row: place_of(row["x"]))
        x = [places.index(row["x"]) + shift for row in line]
        points = [middle(row[shown]) for row in line]
        low = [middle(row[shown]) - row[shown]["interval"][0] for row in line]
        high = [row[shown]["interval"][1] - middle(row[shown]) for row in line]
        style = {"color": COLOURS[index % 4], "marker": MARKERS[index % 4], "capsize": 3, "markersize": 4}
        axes.errorbar(x, points, [low, high], label=name, linestyle="-" if index < 4 else ":", **style)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(range(len(places)), [f"{place:g}" if isinstance(place, float) else place for place in places])
    axes.set_title(title, fontsize=9)
    axes.set_xlabel(axis)
    axes.set_ylabel(f"{BASELINE[shown]} ({unit})", fontsize=8)
    largest = max(middle(row[shown]) for line in lines.values() for row in line)
    if unit == NATS and largest > 1:
        axes.set_yscale("symlog", linthresh=0.1)
    elif unit == POINTS and largest > 15:
        axes.set_ylim(-5, 100)
    axes.legend(fontsize=7)


def figure(result: dict[str, Any]) -> None:
    """All studies of one network."""
    rows, is_language = list(result["rows"].values()), result.get("measure") == "perplexity"
    studies = [study for study in STUDIES if lines_of(rows, study)]
    canvas, axes = plt.subplots(
        -(-len(studies) // 2), 2, figsize=(9, 3.1 * -(-len(studies) // 2)), layout="constrained"
    )
    for panel, study in zip(axes.flat, studies, strict=False):
        draw(panel, rows, study, NATS if is_language else POINTS)
    for panel in list(axes.flat)[len(studies) :]:
        panel.axis("off")
    plain = f"perplexity {rows[0]['float']:.1f}" if is_language else f"{100 * rows[0]['float']:.1f} %"
    samples = f"{result['samples']:,} {'predictions' if is_language else 'samples'}"
    canvas.suptitle(
        f"{result['network']}: {samples}, float {plain}, seed {result['seed']}, bars: 95 % intervals over chips and "
        "samples",
        fontsize=10,
    )
    canvas.savefig(FOLDER / f"{result['network']}.png", dpi=110)
    plt.close(canvas)


def table(result: dict[str, Any], study: str) -> str:
    """A study as Markdown."""
    title, axis, shown = TABLES[study]
    if result.get("measure") == "perplexity":
        shown = "nats_of_float" if study == "remedies" else shown
        heads, factor, digits = ("perplexity", f"{BASELINE[shown]} (nats per token)"), 1, 3
    else:
        heads, factor, digits = (f"{result.get('measure', 'accuracy')} (%)", BASELINE[shown]), 100, 1
    head = f"| {axis} | | chips | {heads[0]} | {heads[1]} | 95 % interval |\n|" + " --- |" * 6
    body = []
    for row in result["rows"].values():
        if row.get("study") == study:
            low, high = row[shown]["interval"]
            mean = factor * sum(row["values"]) / len(row["values"])
            numbers = f"{mean:.1f} | {middle(row[shown]):.{digits}f} | {low:.{digits}f} to {high:.{digits}f}"
            body.append(f"| {row['x']} | {row['line']} | {row['chips']} | {numbers} |")
    return "\n".join((f"{result['network']}, {title}:\n", head, *body))


def main() -> None:
    for path in sorted((FOLDER / "results").glob("*.json")):
        result = json.loads(path.read_text())
        rows = list(result["rows"].values())
        if any(lines_of(rows, study) for study in STUDIES):
            figure(result)
        for study in TABLES:
            if lines_of(rows, study):
                print(table(result, study) + "\n")


if __name__ == "__main__":
    main()
