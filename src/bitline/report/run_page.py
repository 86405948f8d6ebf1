"""The report of a run: one HTML file that opens offline, in the same clothes as the report of a study."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from bitline.config.files import write_text
from bitline.evaluation.chip_spread import ChipSpread
from bitline.evaluation.diagnosed import Diagnosis
from bitline.evaluation.result import Evaluation
from bitline.numerics.decibels import decibel_text
from bitline.numerics.labels import COMPARED, label_of_cost
from bitline.numerics.text import fixed, number, percent
from bitline.report.figures.chain import chain_drawing
from bitline.report.figures.cost import energy_figure, shares_figure
from bitline.report.figures.run import accuracy_figure, layers_figure, times_figure
from bitline.report.page import Section, cards, contents, note, page, scrolling, table

FACTS = {"calibration_images": "calibration images", "recalibration_images": "recalibration images"}
"""Facts of a run whose names are several words."""


def write_html(
    path: Path, results: Sequence[Evaluation], context: dict[str, object], why: Diagnosis | None = None
) -> None:
    """Write the report of one evaluation.

    Args:
        path: file to write; an existing one is replaced in one step.
        results: one evaluation, or those at several times; the last is the main one.
        context: network, data and options to show; of files only the names.
        why: what was found to cost the main one its accuracy, if somebody looked.

    Examples:
        >>> import torch
        >>> from bitline import evaluate
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> images = torch.linspace(-1, 1, 24).reshape(6, 4)
        >>> results = [evaluate(network, "differential", images, network(images).argmax(1), images, chips=1)]
        >>> write_html(Path("report.html"), results, {"model": "two classes"})
        >>> "<h1>two classes on differential</h1>" in Path("report.html").read_text()
        True
    """
    result = results[-1]
    design = result.design
    network = _without_folders("model", context.get("model", "network"))
    sections = [section for section in _sections(results, why) if section is not None]
    body = [
        f"<h1>{html.escape(network)} on {html.escape(design.name)}</h1>",
        note(design.description),
        cards(_numbers(result, result.time_among(results))),
        contents(sections) if len(sections) > 1 else "",
        scrolling(chain_drawing(design)),
        *(section.html for section in sections),
        "".join(map(note, result.notes)),
        "<h2>How it was run</h2>",
        table(["setting", "value"], _facts(result, context), words=2),
        f'<h2>Design</h2><pre tabindex="0">{html.escape(design.to_toml())}</pre>',
    ]
    write_text(path, page(f"bitline: {design.name}", body, sections, {}))


def _sections(results: Sequence[Evaluation], why: Diagnosis | None) -> Iterator[Section | None]:
    result = results[-1]
    measure, spread = result.measure, ChipSpread(result.measure, result.chip_values)
    count, when = len(result.chip_values), result.time_among(results)
    words = f"Of {count} chips{when}: {spread}." if count > 1 else "One chip says nothing about others."
    yield Section("accuracy", measure.title, (accuracy_figure(result, when),), words, _accuracy_table(results))
    if len(results) > 1:
        yield Section(
            "times", "Over time", (times_figure(results),), "The same chips; bars are one standard deviation."
        )
    if why is not None:
        yield _why(why)
    if result.layers:
        explained = (
            "Signal-to-error ratio of the outputs against the quantised reference: of what a layer adds to the inputs "
            "it gets, and together with the layers before it."
        )
        if result.layers[0].chips > 1:
            explained += f" Of {result.layers[0].chips} chips, with half of the 95 % interval over chips."
        yield Section("layers", "Layers", (layers_figure(result, when),), explained, _layers_table(result))
    if result.cost is not None:
        figures = (energy_figure(result.cost), shares_figure(result.cost))
        yield Section(
            "cost", "Energy, area and latency", figures, f"Component library {result.cost.library}.", _cost(result)
        )


def _why(found: Diagnosis) -> Section:
    """What costs accuracy, and what helps, with what was tried."""
    measure = found.measure
    unit = f", {measure.unit}" if measure.unit else ""
    rows = [
        (undone.name, measure.text(undone.value), percent(found.regained(undone.value), 0)) for undone in found.without
    ]
    heads = ("without", f"{measure.name}{unit}", "regained of the loss, %")
    helps = [(remedy.name, measure.text(remedy.value)) for remedy in found.remedies]
    words = (
        f"{found.because[:1].upper()}{found.because[1:]}. One cause undone at a time, on the first {found.images} "
        f"{measure.sample}s and one chip: {measure.shown(found.value)} as it is, {measure.shown(found.wanted)} in "
        "floating point."
    )
    content = table(heads, rows) + (table(("what helps", f"{measure.name}{unit}"), helps) if helps else "")
    return Section("why", f"Why {measure.name} is lost" if measure.is_share else "Why", (), words, content)


def _numbers(result: Evaluation, when: str) -> Iterator[tuple[str, str]]:
    measure = result.measure
    yield f"{measure.name}{when}, mean of {len(result.chip_values)}", measure.shown(result.mean)
    yield "floating point", measure.shown(result.float_value)
    if measure.is_share:
        yield "lost, points", fixed(100 * measure.sign * (result.float_value - result.mean), 2)
    totals = result.cost.totals() if result.cost else {}
    for name in COMPARED:
        if name in totals:
            label = label_of_cost(name, measure.sample)
            yield label.name, f"{number(totals[name], 3)} {label.unit}"


def _facts(result: Evaluation, context: dict[str, object]) -> Iterator[tuple[str, str]]:
    """What was run, without the folders of anybody's machine."""
    yield "measured on", result.counted
    yield "chips", str(len(result.chip_values))
    yield "seed", str(result.seed)
    for name, value in context.items():
        yield FACTS.get(name, name.replace("_", " ")), _without_folders(name, value)


def _without_folders(name: str, value: object) -> str:
    """A fact of a run; of a file its name alone."""
    text = str(value)
    return PurePath(text).name if name in ("model", "weights", "data") and ("/" in text or "\\" in text) else text


def _accuracy_table(results: Sequence[Evaluation]) -> str:
    measure = results[-1].measure
    unit = f", {measure.unit}" if measure.unit else ""
    rows = [
        ["floating point", measure.text(results[-1].float_value), ""],
        ["quantised reference", measure.text(results[-1].reference_value), ""],
    ]
    for result in results:
        spread = ChipSpread(measure, result.chip_values)
        interval = spread.in_interval.removesuffix(f" {measure.unit}") or spread.no_interval
        deviation = (
            ""
            if math.isnan(result.std)
            else f" ± {measure.text(result.std) if measure.is_share else measure.text_of_spread(result.std)}"
        )
        rows.append(
            [
                f"analog{result.time_among(results)} (mean ± standard deviation)",
                f"{measure.text(result.mean)}{deviation}",
                interval,
            ]
        )
    return table(["network", f"{measure.name}{unit}", f"95 % interval of the mean{unit}"], rows)


def _layers_table(result: Evaluation) -> str:
    rows = [
        [
            layer.name,
            number(layer.rows),
            number(layer.outputs),
            number(layer.partitions),
            decibel_text(layer.own_db) + _plus_or_minus(layer.own_half_db),
            decibel_text(layer.accumulated_db) + _plus_or_minus(layer.accumulated_half_db),
        ]
        for layer in result.layers
    ]
    return table(["layer", "rows", "outputs", "partitions", "own error, dB", "accumulated, dB"], rows)


def _cost(result: Evaluation) -> str:
    cost = result.cost
    if cost is None:
        return ""
    labels = {name: label_of_cost(name, result.measure.sample) for name in cost.totals()}
    totals = [(labels[name].name, number(value), labels[name].unit) for name, value in cost.totals().items()]
    names = dict.fromkeys([*cost.energies_pJ, *cost.areas_mm2])
    parts = [
        (name, number(1e-6 * cost.energies_pJ.get(name, 0.0)), number(cost.areas_mm2.get(name, 0.0))) for name in names
    ]
    return (
        table([f"of one {result.measure.sample}", "value", "unit"], totals)
        + table(["component", "energy, µJ", "area, mm²"], parts)
        + "".join(map(note, cost.notes))
    )


def _plus_or_minus(half: float) -> str:
    return "" if math.isnan(half) else f" ± {fixed(half, 1)}"
