"""Which designs a search looks at: all there are, or what a sampler chooses generation after generation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from bitline.errors import StudyError
from bitline.study.axes import Axis, crossed, meets, quantity
from bitline.study.study import Study

Look = Callable[[Sequence[dict[str, Any]]], Sequence[list[float] | None]]
"""Objectives of the designs with some settings; None for impossible designs and those that failed."""


def generations(study: Study, directions: Sequence[str], look_at: Look) -> Iterator[int]:
    """Have designs looked at, until there are as many as the study says, or no others; yields how many so far.

    Args:
        study: axes and budget.
        directions: of the objectives, 'minimize' or 'maximize'.
        look_at: measures a generation.

    Raises:
        StudyError: a sampler is needed, and Optuna is not installed.

    Examples:
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [6, 8]}])
        >>> list(generations(study, ("maximize", "minimize"), lambda settings: [print(settings)]))
        [{'adc.bits': 6}, {'adc.bits': 8}]
        [2]
    """
    search = study.search
    few = list(islice(crossed(study.axes, study.known()), search.designs + 1))
    if len(few) <= search.designs:
        look_at(few)
        yield len(few)
        return
    optuna = _optuna()
    sampler = optuna.samplers.NSGAIISampler(population_size=search.population, seed=search.seed)
    sampled = optuna.create_study(directions=directions, sampler=sampler)
    asked = 0
    while asked < search.designs:
        generation = [sampled.ask() for _ in range(min(search.population, search.designs - asked))]
        values = look_at([_suggested(study, proposal) for proposal in generation])
        for proposal, known in zip(generation, values, strict=True):
            sampled.tell(proposal, known, state=optuna.trial.TrialState.FAIL if known is None else None)
        asked += len(generation)
        yield asked


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise StudyError("'bitline explore' needs Optuna: pip install 'bitline[explore]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _suggested(study: Study, proposal: Any) -> dict[str, Any]:
    """The settings of a proposal."""
    settings: dict[str, Any] = {}
    known = study.known()
    for index, axis in enumerate(study.axes):
        if meets(axis.when, {**known, **settings}):
            settings |= _step(axis, index, proposal)
    return settings


def _step(axis: Axis, index: int, proposal: Any) -> dict[str, Any]:
    """The step of an axis that the sampler chooses: numbers and times by their order, other words without one."""
    steps = axis.steps()
    ordered = all(quantity(value) is not None for step in steps for value in step.values())
    name = f"{index}: {', '.join(axis.settings)}"
    if ordered:
        chosen = proposal.suggest_int(name, 0, len(steps) - 1)
    else:
        chosen = proposal.suggest_categorical(name, list(range(len(steps))))
    return steps[int(chosen)]
