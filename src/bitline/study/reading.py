"""Reading a store as the results of its study."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bitline.config.trust import reading_a_file
from bitline.errors import StudyError
from bitline.evaluation.layer_errors import LayerSums, layer_errors
from bitline.study.coverage import FinishedWork, enough
from bitline.study.results import DesignResult, StudyResult
from bitline.study.store import Store
from bitline.study.study import Study
from bitline.study.task import Shard


def read_results(path: str | Path) -> StudyResult:
    """Read a store; another process may be writing to it.

    Args:
        path: SQLite file that `sweep` or `explore` has made.

    Raises:
        StudyError: there is no such store, no study was run on it yet, or its results are of another version of
            bitline.

    Examples:
        >>> read_results("nowhere.sqlite")
        Traceback (most recent call last):
        bitline.errors.StudyError: there is no store of results nowhere.sqlite: run the study first, ...
    """
    with Store.reading(Path(path)) as store:
        facts = store.facts()
        if "study" not in facts:
            raise StudyError(f"the store {path} holds no study yet: run one with 'bitline sweep'")
        with reading_a_file():
            study = Study(**tomllib.loads(facts.pop("study")))
        wanted = json.loads(facts.pop("points", "[]"))
        contents = _Contents(store, study, images=int(facts.get("images", "0")))
        order = {key: index for index, key in enumerate(wanted)}
        designs = sorted(store.designs(), key=lambda design: order.get(design["key"], len(order)))
        return StudyResult(
            study=study,
            facts=facts,
            sessions=tuple(store.sessions()),
            designs=tuple(contents.result(design) for design in designs),
            float_accuracy=contents.finished.coverage("float").accuracy(contents.images),
        )


class _Contents:
    """What a store has of all designs, by their keys."""

    def __init__(self, store: Store, study: Study, images: int) -> None:
        shards, self.costs = store.shards(), store.costs()
        self.study, self.images = study, images
        self.finished = FinishedWork(shards, self.costs)
        self.layers = _layers(shards)
        self.seconds: dict[str, float] = defaultdict(float)
        for shard in shards:
            self.seconds[shard.key] += shard.seconds
        self.errors: dict[str, str] = {failure["key"]: failure["message"] for failure in store.failures()}

    def result(self, design: dict[str, Any]) -> DesignResult:
        """What is known of a design of the store."""
        key, reference = design["accuracy_key"], design["reference_key"]
        accuracies = self.finished.accuracies(key, self.images)
        count = enough(accuracies, self.study.run.chips, self.study.run.stop)
        chips = accuracies[: count or len(accuracies)]
        reach, right = self.finished.coverage("analog", key).reach(self.images)
        return DesignResult(
            key=design["key"],
            name=design["name"],
            settings=design["settings"],
            design=design["design"],
            images=self.images if chips else reach,
            accuracies=tuple(chips),
            reference=self.finished.coverage("reference", reference).accuracy(self.images),
            cost=self.costs.get(design["key"]),
            screened=right / reach if reach and not chips else None,
            layers=layer_errors(runs for chip, runs in self.layers[key] if chip < max(1, len(chips))),
            seconds=self.seconds[key],
            finished=count is not None and design["key"] in self.costs,
            error=self.errors.get(key, self.errors.get(reference, "")),
        )


def _layers(shards: Iterable[Shard]) -> dict[str, list[tuple[int, list[LayerSums]]]]:
    """For each design the chips whose layers were compared, with their sums."""
    layers: dict[str, list[tuple[int, list[LayerSums]]]] = defaultdict(list)
    for shard in shards:
        if shard.layers:
            layers[shard.key].append((shard.chip, [LayerSums(**sums) for sums in shard.layers]))
    return layers
