"""A right call of every public function, so that each of its arguments can be given something else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

import bitline
from bitline import cost, data, study

PACKAGES = (bitline, cost, study, data)

RECORDS = {
    "Calibration",
    "DesignResult",
    "Evaluation",
    "Forecast",
    "LayerCalibration",
    "LayerCost",
    "NetworkCost",
    "RowActivity",
    "SearchResult",
    "Statistics",
    "StudyResult",
    "Summary",
    "StoredImages",
    "UnitCost",
    "WholeCost",
}
"""Values that bitline makes and users read."""

WRONG = {
    "None": None,
    "a flag": True,
    "a negative number": -7,
    "a fraction": 0.37,
    "NaN": float("nan"),
    "a text": "nonsense",
    "no text": "",
    "bytes": b"x",
    "a list": [1],
    "an empty list": [],
    "a dictionary": {"nope": 1},
    "a tuple": (1, "a"),
    "an object": object(),
    "a class": int,
    "a function": len,
    "a tensor": torch.zeros(3),
    "a network": nn.Linear(2, 2),
    "a path": Path("missing/nowhere"),
}
"""Values that hardly any argument takes."""


@dataclass(frozen=True)
class Argument:
    """An argument of a public function or method.

    Attributes:
        call: name of what is called.
        name: of the argument.
    """

    call: str
    name: str

    def __str__(self) -> str:
        return f"{self.call}({self.name})"


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions, classes and methods that users call, by name."""
    for package in PACKAGES:
        for name in package.__all__:
            value = getattr(package, name)
            title = f"{package.__name__}.{name}"
            if inspect.isfunction(value):
                yield title, value
            elif inspect.isclass(value) and not issubclass(value, BaseException) and name not in RECORDS:
                yield title, value
                for method, function in vars(value).items():
                    function = getattr(function, "__func__", function)
                    if inspect.isfunction(function) and not method.startswith(("_", "model_")):
                        yield f"{title}.{method}", function


def arguments() -> list[Argument]:
    """All arguments of all public functions, from their signatures."""
    found = []
    for title, function in public():
        for name, parameter in inspect.signature(function).parameters.items():
            if name not in ("self", "cls") and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.append(Argument(title, name))
    return found


@cache
def materials() -> dict[str, Any]:
    """What right calls need, made once."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(8, 6, generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(6, 4)).eval()
    design = bitline.Design(adc="none")
    few = study.Study(data={"images": 2, "calibration_images": 2}, run={"chips": 1, "layer_errors": False})
    return {
        "inputs": inputs,
        "network": network,
        "labels": network(inputs).argmax(1),
        "design": design,
        "analog": bitline.program(bitline.convert(network, design, inputs), chip=0),
        "statistics": cost.gather_statistics(network, "differential", inputs),
        "study": few,
        "few": study.Study(**{**few.model_dump(), "search": {"designs": 2, "population": 2, "survivors": 1}}),
        "dataset": data.Dataset(torch.rand(9, 1, 2, 2), torch.zeros(9, dtype=torch.int64)),
    }


def calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """For each public function something to call, and right arguments."""
    made = materials()
    design, statistics, dataset = made["design"], made["statistics"], made["dataset"]
    library = cost.library_of(bitline.Design())
    core = bitline.AnalogCore([[0.5, 1.0]], design, calibration=[[1.0], [1.0]])
    network = {"model": made["network"], "design": design, "calibration": made["inputs"]}
    classifier = network | {"images": made["inputs"], "labels": made["labels"], "chips": 1}
    rule = bitline.Design(layers=[{"match": "a"}]).layers[0]
    grey = data.Preprocess((1, 28, 28), (0.5,), (0.5,))
    study.sweep(made["study"], "kept.sqlite")
    return {
        "bitline.AnalogCore": (
            bitline.AnalogCore,
            dict(matrix=[[0.5, 1.0]], design=design, calibration=[[1.0], [1.0]]),
        ),
        "bitline.AnalogCore.matmul": (core.matmul, dict(inputs=[[1.0], [1.0]])),
        "bitline.Design": (bitline.Design, {}),
        "bitline.Design.at": (design.at, dict(seconds=1.0)),
        "bitline.Design.bit_lines": (design.bit_lines, dict(rows=4)),
        "bitline.Design.for_layer": (design.for_layer, dict(name="a")),
        "bitline.Design.rule_for": (design.rule_for, dict(name="a")),
        "bitline.Design.from_dict": (design.from_dict, dict(sections={})),
        "bitline.Design.from_toml": (design.from_toml, dict(text="")),
        "bitline.Design.load": (design.load, dict(source="differential")),
        "bitline.Design.of": (design.of, dict(design="differential")),
        "bitline.Design.with_rule": (design.with_rule, dict(rule=rule)),
        "bitline.Design.with_sections": (design.with_sections, dict(sections={})),
        "bitline.Design.with_settings": (design.with_settings, dict(settings={})),
        "bitline.age": (bitline.age, dict(network=made["analog"], time=1.0)),
        "bitline.analog_layers": (lambda network: list(bitline.analog_layers(network)), dict(network=made["analog"])),
        "bitline.conversion_of": (bitline.conversion_of, dict(network=made["analog"])),
        "bitline.convert": (bitline.convert, network),
        "bitline.evaluate": (bitline.evaluate, classifier),
        "bitline.evaluate_times": (bitline.evaluate_times, {**classifier, "times": [1.0]}),
        "bitline.program": (bitline.program, dict(network=made["analog"], chip=0)),
        "bitline.cost.Library": (cost.Library, library.model_dump()),
        "bitline.cost.Library.load": (cost.Library.load, dict(source="sonos-40nm")),
        "bitline.cost.Library.with_settings": (library.with_settings, dict(settings={})),
        "bitline.cost.Library.parts_of": (library.parts_of, dict(unit="core")),
        "bitline.cost.Library.standing_pJ": (library.standing_pJ, dict(unit="core", time_ns=1.0, units=1.0)),
        "bitline.cost.core_cost": (cost.core_cost, dict(design="differential")),
        "bitline.cost.gather_statistics": (
            cost.gather_statistics,
            dict(model=made["network"], design="differential", images=made["inputs"]),
        ),
        "bitline.cost.library_of": (cost.library_of, dict(design=bitline.Design())),
        "bitline.cost.Interval": (cost.Interval, dict(low=1.0, high=2.0)),
        "bitline.cost.Interval.overlaps": (cost.Interval(1.0, 2.0).overlaps, dict(other=cost.Interval(1.5, 3.0))),
        "bitline.cost.Surroundings": (cost.Surroundings, cost.Surroundings.of("sonos-40nm").model_dump()),
        "bitline.cost.Surroundings.of": (cost.Surroundings.of, dict(library="sonos-40nm")),
        "bitline.cost.at_node": (cost.at_node, dict(library=library, node_nm=28.0)),
        "bitline.cost.cost_intervals": (cost.cost_intervals, dict(statistics=statistics, design="differential")),
        "bitline.cost.explained": (
            cost.explained,
            dict(what="energy", statistics=statistics, design="differential"),
        ),
        "bitline.cost.ranking": (
            cost.ranking,
            dict(found={"a": cost.Interval(1.0, 2.0)}, values={"a": 1.5}),
        ),
        "bitline.cost.whole_cost": (
            cost.whole_cost,
            dict(
                cost=cost.network_cost(statistics, "differential"),
                statistics=statistics,
                design=bitline.Design(adc="none"),
                library=library,
                images=1,
            ),
        ),
        "bitline.cost.network_cost": (cost.network_cost, dict(statistics=statistics, design="differential")),
        "bitline.cost.sensitivity": (cost.sensitivity, dict(statistics=statistics, design="differential")),
        "bitline.cost.unit_costs": (cost.unit_costs, dict(design="differential")),
        "bitline.study.Selection": (study.Selection, {}),
        "bitline.study.Selection.of": (study.Selection().of, dict(result=study.read_results("kept.sqlite"))),
        "bitline.study.Study": (study.Study, {}),
        "bitline.study.Study.load": (study.Study.load, dict(source="x")),
        "bitline.study.Study.of": (study.Study.of, dict(study=made["study"])),
        "bitline.study.Study.point": (made["study"].point, dict(settings={})),
        "bitline.study.explore": (study.explore, dict(study=made["few"], store="e.sqlite")),
        "bitline.study.export": (
            study.export,
            dict(result=study.read_results("kept.sqlite"), to="csv", path=Path("x.csv")),
        ),
        "bitline.study.forget_failures": (study.forget_failures, dict(path=Path("f.sqlite"))),
        "bitline.study.local": (study.local, dict(workers=2)),
        "bitline.study.standing": (study.standing, dict(workers=2)),
        "bitline.study.plan": (study.plan, dict(study=made["study"], store="p.sqlite")),
        "bitline.study.read_results": (study.read_results, dict(path="kept.sqlite")),
        "bitline.study.write_designs": (
            study.write_designs,
            dict(designs=study.read_results("kept.sqlite").designs, folder=Path("chosen")),
        ),
        "bitline.study.sweep": (study.sweep, dict(study=made["study"], store="s.sqlite")),
        "bitline.data.Dataset": (
            data.Dataset,
            dict(images=torch.rand(3, 1, 2, 2), labels=torch.zeros(3, dtype=torch.int64)),
        ),
        "bitline.data.Dataset.split": (dataset.split, dict(images=3, calibration=2)),
        "bitline.data.Dataset.spread": (dataset.spread, {}),
        "bitline.data.Recordings": (data.Recordings, dict(rate=8000, length=80)),
        "bitline.data.Recordings.of_length": (data.Recordings().of_length, dict(length=8)),
        "bitline.data.Sentences": (data.Sentences, dict(encode=dict, classes=("a", "b"), length=4, most=8)),
        "bitline.data.Sentences.of_length": (data.Sentences(dict, ("a", "b"), 4).of_length, dict(length=8)),
        "bitline.data.TextWindows": (data.TextWindows, dict(encode=list, length=4, most=8)),
        "bitline.data.TextWindows.of_length": (data.TextWindows(list, 4).of_length, dict(length=8)),
        "bitline.data.Preprocess": (data.Preprocess, dict(shape=(1, 2, 2), mean=(0.5,), deviation=(0.5,))),
        "bitline.data.Preprocess.wrong_shape": (grey.wrong_shape, dict(name="a", found=(1, 2))),
        "bitline.data.Preprocess.looked_up": (grey.looked_up, dict(images=torch.zeros(1, 1, 2, 2, dtype=torch.uint8))),
        "bitline.data.load_dataset": (data.load_dataset, dict(path="fashion-mnist", preprocess=grey)),
    }


def is_field(argument: Argument) -> bool:
    """Whether it is a field of a design, a study or a library, which takes words and tables for values."""
    return argument.call in (
        "bitline.Design",
        "bitline.study.Study",
        "bitline.cost.Library",
        "bitline.cost.Surroundings",
    )
