"""Figure and tables of docs/beyond/index.md from docs/beyond/results/resnet50.json. Needs matplotlib.

    python scripts/plot_beyond_paper.py

Writes docs/beyond/drift.png, and prints the tables in Markdown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from plot_networks import COLOURS, MARKERS, Rows, lines_of, middle, place_of

FOLDER = Path(__file__).parents[1] / "docs" / "beyond"
REMEDIES = {"nothing": "", "drift compensation by column": ", compensated by column", "recalibration": ", recalibrated"}
"""What is done about drift, and how lines are called then."""


def drift_table(result: dict[str, Any]) -> str:
    """Accuracy and loss of cells at every age by what is done about it, as Markdown."""
    rows = {(row["line"], row["x"]): row for row in result["rows"].values() if row["study"] == "drift"}
    devices = devices_in(lines_of(list(result["rows"].values()), "drift"))
    head = "| cells | after |" + "".join(f" {name} |" for name in REMEDIES)
    body = []
    for device in devices:
        for age in sorted({x for line, x in rows if line == device}, key=place_of):
            cells = [device, age]
            for ending in REMEDIES.values():
                row = rows.get((device + ending, age))
                cells.append("" if row is None else mean_and_loss(row))
            body.append("| " + " | ".join(cells) + " |")
    return "\n".join((f"{result['network']}, accuracy (%) and loss:\n", head, "|" + " --- |" * 5, *body))


def mean_and_loss(row: dict[str, Any]) -> str:
    """The accuracy in per cent, and the loss with its interval."""
    low, high = row["loss"]["interval"]
    mean = 100 * sum(row["values"]) / len(row["values"])
    return f"{mean:.1f}, {middle(row['loss']):.1f} ({low:.1f} to {high:.1f})"


def digital_table(result: dict[str, Any]) -> str:
    """What it costs and brings that parts of a network stay digital, as Markdown."""
    lines = lines_of(list(result["rows"].values()), "digital layers")
    found = {name: {row["x"]: row for row in line} for name, line in lines.items()}
    head = "| digital | multiplications (%) | energy (µJ) |" + "".join(f" {name} |" for name in found)
    body = []
    for part, cost in result["digital_parts"].items():
        cells = [part, f"{100 * cost['share']:.1f}", f"{cost['energy_uJ']:.0f}"]
        cells += ["" if part not in rows else mean_and_loss(rows[part]) for rows in found.values()]
        body.append("| " + " | ".join(cells) + " |")
    rule = "|" + " --- |" * (3 + len(found))
    return "\n".join((f"{result['network']}, parts that stay digital, accuracy (%) and loss:\n", head, rule, *body))


def drift_figure(result: dict[str, Any]) -> None:
    """A panel for each kind of cells, a line for each remedy."""
    lines = lines_of(list(result["rows"].values()), "drift")
    devices = devices_in(lines)
    canvas, axes = plt.subplots(1, len(devices), figsize=(4.5 * len(devices), 3.4), sharey=True, layout="constrained")
    for panel, device in zip(axes, devices, strict=True):
        ages = sorted({row["x"] for row in lines[device]}, key=place_of)
        for index, (remedy, ending) in enumerate(REMEDIES.items()):
            line = sorted(lines.get(device + ending, []), key=lambda row: place_of(row["x"]))
            x = [ages.index(row["x"]) + 0.06 * (index - 1) for row in line]
            points = [middle(row["loss"]) for row in line]
            ends = [[abs(row["loss"]["interval"][end] - middle(row["loss"])) for row in line] for end in (0, 1)]
            style = {"color": COLOURS[index], "marker": MARKERS[index], "capsize": 3, "markersize": 4}
            panel.errorbar(x, points, ends, label=remedy, **style)
        panel.axhline(0, color="black", linewidth=0.8)
        panel.set_xticks(range(len(ages)), ["just programmed", *ages[1:]])
        panel.set_title(device, fontsize=9)
    axes[0].set_ylabel("loss against the reference (points)", fontsize=8)
    handles, names = axes[0].get_legend_handles_labels()
    canvas.legend(handles, names, loc="outside upper center", ncols=len(names), fontsize=8, frameon=False)
    canvas.savefig(FOLDER / "drift.png", dpi=110)
    plt.close(canvas)


def devices_in(lines: dict[str, Rows]) -> list[str]:
    """Cells whose lines, with what is done about drift, these are."""
    endings = tuple(filter(None, REMEDIES.values()))
    return [name for name in lines if not name.endswith(endings)]


def converter_table(result: dict[str, Any]) -> str:
    """Converters with errors of their circuits, as Markdown."""
    body = [
        f"| {row['line']} | {row['x']:g} | {row['chips']} | {mean_and_loss(row)} |"
        for row in result["rows"].values()
        if row["study"] == "converters"
    ]
    head = "| error | size | chips | accuracy (%) and loss |"
    return "\n".join((f"{result['network']}, 8-bit converters:\n", head, "|" + " --- |" * 4, *body))


def main() -> None:
    result = json.loads((FOLDER / "results" / "resnet50.json").read_text())
    drift_figure(result)
    for made in (drift_table, digital_table, converter_table):
        print(made(result) + "\n")


if __name__ == "__main__":
    main()
