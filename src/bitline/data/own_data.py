"""Data that code of a user's makes, named as package.module:function or file.py:function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from bitline.config.code_names import import_path
from bitline.config.imports import import_module
from bitline.config.messages import first_line
from bitline.config.trust import trust
from bitline.data.samples import Samples, samples_of
from bitline.errors import BitlineError, DataError


@dataclass(frozen=True)
class OwnData:
    """Samples that a function of a user's made.

    Attributes:
        samples: to measure on.
        calibration: to set ranges with.
        digest: of all samples to measure on, however many of them are used.
        notes: which samples are which, where that was not said.

    Examples:
        >>> import torch
        >>> data = OwnData.of({"data": torch.rand(6, 4), "calibration": torch.rand(3, 4)}, "mine:make", nn.Linear(4, 2))
        >>> len(data.samples), len(data.calibration)
        (6, 3)
    """

    samples: Samples
    calibration: Samples
    digest: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, made: Any, name: str, network: nn.Module, images: int | None = None, calibration: int | None = None
    ) -> OwnData:
        """What a function returned, for a network.

        Args:
            made: data as `samples_of` takes it, or a mapping of 'data' and 'calibration', each such data. Without
                calibration samples, the last ones are set apart, at most half.
            name: of the function, for messages.
            network: takes the inputs.
            images: samples to measure on; all if None.
            calibration: samples to set apart or to use; at most half, or all, if None.

        Raises:
            DataError: it is no data.
        """
        if isinstance(made, Mapping) and set(made) == {"data", "calibration"}:
            samples, others = (samples_of(made[part], None, network) for part in ("data", "calibration"))
            return cls(samples.part(0, images), others.part(0, calibration), samples.digest())
        samples = samples_of(made, None, network)
        kept = min(len(samples) if images is None else images, len(samples) - len(samples) // 2)
        apart = len(samples) - kept if calibration is None else min(calibration, len(samples) - kept)
        if not apart:
            raise DataError(f"{name} gives {len(samples)} samples, and none to calibrate with: give two or more")
        last = len(samples) - apart
        note = f"the last {apart:,} samples of {name} set ranges, and are not measured on"
        count = last if images is None else min(images, last)
        return cls(samples.part(0, count), samples.part(last, None), samples.digest(), (note,))


def own_data(name: str, network: nn.Module, images: int | None, calibration: int | None) -> OwnData:
    """The samples that a function makes, which needs no arguments; its module is imported, and its code runs.

    Args:
        name: of the function, package.module:function or file.py:function; or of the samples themselves.
        network, images, calibration: see `OwnData.of`.

    Raises:
        DataError: there is no such function, it fails, or what it returns is no data.

    Examples:
        >>> own_data("absent:make", nn.Linear(4, 2), None, None)
        Traceback (most recent call last):
        bitline.errors.DataError: cannot import the data 'absent:make': absent cannot be imported ...
    """
    return OwnData.of(_made(import_path(name)), name, network, images, calibration)


def _made(path: str) -> Any:
    word = path.partition(":")[2]
    try:
        module = import_module(path)
    except ValueError as error:
        raise DataError(f"cannot import the data {path!r}: {error}") from error
    trust([path])
    found = getattr(module, word, None)
    if found is None:
        raise DataError(f"cannot import the data {path!r}: {module.__name__} has no {word!r}")
    if not callable(found):
        return found
    try:
        return found()
    except KeyboardInterrupt:
        raise
    except BitlineError:
        raise
    except BaseException as error:  # a user's function can raise anything, SystemExit too
        raise DataError(f"{path} fails with {type(error).__name__}: {first_line(error)}") from error
