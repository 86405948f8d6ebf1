"""Where numba keeps what it compiled: compiled kernels are kept if they can be, and used if they cannot."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
from numba.core.caching import FunctionCache

from bitline.errors import UncachedWarning

FOLDER = "NUMBA_CACHE_DIR"
"""Environment variable: the folder in which numba keeps what it compiled."""


class Forgiving(FunctionCache):
    """numba's cache of a kernel, in which a file that cannot be read or written is one that is not there."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature; None where it must be compiled."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except OSError:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, if there is room."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except OSError as error:
            warn_once(f"{error.strerror or error} in {self.cache_path}")


def compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """`numba.njit(**options)(function)`, kept from one process to the next where a folder for it can be written to.

    Args:
        function: to compile.
        options: of `numba.njit`, except for its cache.

    Examples:
        >>> def double(x):
        ...     return 2 * x
        >>> compiled(double)(3)
        6
    """
    kernel: Callable[..., Any] = numba.njit(**options)(function)
    if not isinstance(kernel, numba.core.dispatcher.Dispatcher):  # with NUMBA_DISABLE_JIT: nothing is compiled
        return kernel
    try:
        # what `enable_caching` does
        kernel._cache = Forgiving(function)  # type: ignore[no-untyped-call, attr-defined]
    except (RuntimeError, OSError):  # of all folders that numba tries, none can be written to
        warn_once("no folder for them can be written to")
    return kernel


def warn_if_not_kept() -> None:
    """Say it for the worker processes that are about to start: they would say it once each, or compile without a word.

    Examples:
        >>> warn_if_not_kept()  # where a folder can be written to, there is nothing to say
    """
    compiled(_nothing)


def _nothing() -> None: ...


@cache
def warn_once(why: str) -> None:
    """Say once that kernels are not kept; worker processes leave that to the one that started them.

    Args:
        why: they are not.

    Examples:
        >>> with warnings.catch_warnings(record=True) as said:
        ...     warn_once("the disk is full")
        >>> str(said[0].message) if said else "it was said before"
        'compiled kernels cannot be kept (the disk is full...'
    """
    if multiprocessing.parent_process() is None:
        where = f", not even {os.environ[FOLDER]}" if os.environ.get(FOLDER) else ""
        warnings.warn(
            f"compiled kernels cannot be kept ({why}{where}), and every process compiles them anew, which can "
            f"take half a minute: name a folder that can be written to in the environment variable {FOLDER}",
            UncachedWarning,
            stacklevel=2,
        )
