"""Data that code of a user's makes, named as package.module:function or file.py:function."""

from __future__ import annotations

from typing import Any

from torch import nn

from bitline.config.code_names import import_path
from bitline.config.imports import import_named
from bitline.config.users_code import failure
from bitline.data.split_samples import SplitSamples
from bitline.errors import BitlineError, DataError


def own_data(name: str, network: nn.Module, images: int | None, calibration: int | None) -> SplitSamples:
    """The samples that a function makes, which needs no arguments; its module is imported, and its code runs.

    Args:
        name: of the function, package.module:function or file.py:function; or of the samples themselves.
        network, images, calibration: see `SplitSamples.of`.

    Raises:
        DataError: there is no such function, it fails, or what it returns is no data.

    Examples:
        >>> own_data("absent:make", nn.Linear(4, 2), None, None)
        Traceback (most recent call last):
        bitline.errors.DataError: cannot import the data 'absent:make': absent cannot be imported ...
    """
    return SplitSamples.of(_made(import_path(name)), name, network, images, calibration)


def _made(path: str) -> Any:
    found = import_named(path, "the data")
    if not callable(found):
        return found
    try:
        return found()
    except KeyboardInterrupt:
        raise
    except BitlineError:
        raise
    except BaseException as error:  # a user's function can raise anything, SystemExit too
        raise DataError(f"{path} fails with {failure(error)}") from error
