"""What the page may ask, and what it is answered: functions from questions to values, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bitline.errors import BitlineError
from bitline.studio.session import Session

Question = Mapping[str, Any]
"""Values that came with a request."""


@dataclass(frozen=True)
class Answer:
    """What a request is answered.

    Attributes:
        value: JSON values, or the text of a file.
        status: of HTTP.
        kind: content type.
        file: name under which a browser saves it; empty where it is shown.
    """

    value: Any
    status: int = 200
    kind: str = "application/json"
    file: str = ""


def _settings(question: Question) -> dict[str, Any]:
    """Settings of a design that came with a request.

    Raises:
        BitlineError: they are something else.
    """
    settings = question.get("settings", {})
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise BitlineError("settings are values by dotted name: {'adc.bits': 6}")
    return settings


def _design(session: Session, question: Question) -> Answer:
    change = question.get("change")
    if change is not None and not (isinstance(change, dict) and change.keys() == {"name", "value"}):
        raise BitlineError("a change has a name and a value")
    return Answer(session.design(_settings(question), change))


def _measure(session: Session, question: Question) -> Answer:
    return Answer(session.measure(_settings(question)))


def _cancel(session: Session, question: Question) -> Answer:
    session.measuring.cancel()
    return Answer(session.measuring.state())


def _state(session: Session, question: Question) -> Answer:
    return Answer(session.state())


def _compare(session: Session, question: Question) -> Answer:
    return Answer(session.compared(str(question.get("first", "")), str(question.get("second", ""))))


def _toml(session: Session, question: Question) -> Answer:
    return Answer(session.toml(_settings(question)), kind="application/toml", file="design.toml")


def _report(session: Session, question: Question) -> Answer:
    return Answer(session.report(), kind="text/html", file=f"{session.store.stem}.html")


Respond = Callable[[Session, Question], Answer]

READ: dict[str, Respond] = {"state": _state, "compare": _compare, "report": _report}
"""What GET asks; nothing changes by it."""
ACT: dict[str, Respond] = {"design": _design, "measure": _measure, "cancel": _cancel, "toml": _toml}
"""What POST asks."""


def answer(session: Session, known: Mapping[str, Respond], name: str, question: Question) -> Answer:
    """Answer a request; what a user can mend is an answer with a sentence.

    Args:
        session: what the page works on.
        known: `READ` or `ACT`.
        name: of what is asked.
        question: values that came with it.
    """
    respond = known.get(name)
    if respond is None:
        return Answer({"error": "there is no such thing"}, 404)
    try:
        return respond(session, question)
    except BitlineError as error:
        return Answer({"error": str(error)}, 422)
