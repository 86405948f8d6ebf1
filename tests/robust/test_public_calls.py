"""Whatever is given to a public function, it is done or refused with bitline's own errors."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Callable

import pytest
from public_calls import WRONG, Argument, arguments, calls, is_field, public

from bitline.config.arguments import fits, hints_of
from bitline.errors import BitlineError

ALL = arguments()


@pytest.fixture(scope="module")
def right_calls(tmp_path_factory):
    """Right calls by name, in a folder of their own."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("calls"))
    yield calls()
    os.chdir(before)


def named(function):
    """Arguments that have names."""
    parameters = inspect.signature(function).parameters
    return [
        name for name, given in parameters.items() if name not in ("self", "cls") and given.kind != given.VAR_KEYWORD
    ]


def test_all_public_functions_are_tried():
    titles = {title for title, _ in public()}
    assert titles == {argument.call for argument in ALL} | {
        title for title, function in public() if not named(function)
    }
    assert len(titles) > 50 and len(ALL) > 120


@pytest.mark.parametrize("argument", ALL, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_wrong_types_are_refused(right_calls, argument: Argument):
    """`network_cost(library="name")` and others ended in AttributeError; a seed could be a text."""
    function, right = right_calls[argument.call]
    hint = hints_of(dict(public())[argument.call]).get(argument.name, typing.Any)
    wrong = []
    for name, value in WRONG.items():
        if callable(value) and _is_function(hint):
            continue  # what it does when it is called is its own affair
        try:
            function(**{**right, argument.name: value})
        except BitlineError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
        else:
            if not fits(value, hint) and not is_field(argument):
                wrong.append(f"{name} is taken without a word")
    assert not wrong


def _is_function(hint: object) -> bool:
    return any(typing.get_origin(part) is Callable for part in (hint, *typing.get_args(hint)))
