"""Which designs a search looks at: all there are, or what a sampler chooses generation after generation."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import islice
from typing import Any

from bitline.errors import StudyError
from bitline.study.axes import Axis, crossed, meets, quantity
from bitline.study.study import Study

PATIENCE = 10
"""Generations of proposals after which the sampler has settled, and others than its own are looked at, too."""
MOST = 100_000
"""Combinations from which these are, the first ones."""
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
    known: dict[str, list[float] | None] = {}
    while len(known) < search.designs:
        room = min(search.population, search.designs - len(known))
        proposals, new = _generation(study, sampled.ask, room, known)
        new |= _others(study, room - len(new), {*known, *new})
        if not new:
            return
        known |= dict(zip(new, look_at([*new.values()]), strict=True))
        for proposal, name in proposals:
            failed = known[name] is None
            sampled.tell(proposal, known[name], state=optuna.trial.TrialState.FAIL if failed else None)
        yield len(known)


def _generation(
    study: Study, ask: Callable[[], Any], room: int, known: Container[str]
) -> tuple[list[tuple[Any, str]], dict[str, dict[str, Any]]]:
    """Proposals with the names of their settings, and the settings of those that are new, as many as there is room for.

    Proposals of what is known are proposals, too: they tell the sampler that it is good or bad once more.
    """
    proposals: list[tuple[Any, str]] = []
    new: dict[str, dict[str, Any]] = {}
    while len(new) < room and len(proposals) < PATIENCE * study.search.population:
        proposal = ask()
        settings = _suggested(study, proposal)
        name = _name(settings)
        proposals.append((proposal, name))
        if name not in known:
            new[name] = settings
    return proposals, new


def _others(study: Study, count: int, known: Container[str]) -> dict[str, dict[str, Any]]:
    """Designs from all over those that the sampler does not propose, where it has settled on others."""
    if not count:
        return {}
    few = islice(crossed(study.axes, study.known()), MOST)
    left = {name: settings for settings in few if (name := _name(settings)) not in known}
    names, count = [*left], min(count, len(left))
    return {name: left[name] for name in (names[at * len(names) // count] for at in range(count))}


def _name(settings: dict[str, Any]) -> str:
    return repr(sorted(settings.items()))


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
