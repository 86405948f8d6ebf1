"""Data of a user's, as the command line names it: package.module:function or file.py:function."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bitline.errors import BitlineError, DataError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bitline.data.samples import Samples
    from bitline.design import Design
    from bitline.measures import Measure

CODE = re.compile(r"(?P<module>[\w./]+):(?P<name>[^\W\d]\w*)")


def is_code(name: str | None) -> bool:
    """Whether data is named by an import path, and not by a file.

    Examples:
        >>> is_code("loader.py:make"), is_code("mydata.speech:make"), is_code("images.npz"), is_code(None)
        (True, True, False, False)
    """
    return name is not None and CODE.fullmatch(name) is not None and not os.path.exists(name)


def import_path(name: str) -> str:
    """An import path; of a Python file the one that it has from the current folder.

    Examples:
        >>> import_path("my/loader.py:make"), import_path("mydata:make")
        ('my.loader:make', 'mydata:make')
    """
    module, colon, word = name.partition(":")
    return module.removesuffix(".py").replace("/", ".").strip(".") + colon + word if module.endswith(".py") else name


@dataclass(frozen=True)
class OwnSample:
    """A network and samples of the user's.

    Attributes:
        network: with its weights.
        weights: file of the weights, empty where they come from the network's own function.
        data: import path of the function that makes the samples.
        samples: to measure on.
        calibration: to set ranges with.
        notes: which samples are which, where that was not said.
    """

    network: nn.Module
    weights: str
    data: str
    samples: Samples
    calibration: Samples
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.samples)

    def given(self, measure: Measure, design: Design, compute: str) -> tuple[Samples, None, Samples]:
        """What `evaluate` takes: data, labels, which the data has, and calibration inputs."""
        network = self.network.to(compute)
        return self.samples.beside(network), None, self.calibration.beside(network)

    def first_inputs(self, count: int) -> Tensor:
        """The first calibration inputs as one tensor.

        Raises:
            BitlineError: the network takes several inputs.
        """
        call = self.calibration.first(count).call
        if len(call.tensors()) != 1 or call.keywords:
            raise BitlineError("--recalibrate works with networks of one input: leave it out")
        return call.tensors()[0]


def own_sample(network: nn.Module, weights: str, data: str, images: int | None, calibration: int) -> OwnSample:
    """The samples that a function makes, for a network.

    The function needs no arguments, and returns data as `bitline.evaluate` takes it, or a mapping of 'data' and
    'calibration', each such data. Without calibration samples, the last ones are set apart, at most half.

    Args:
        network: takes the inputs.
        weights: file of its weights, for reports.
        data: import path of the function.
        images: samples to measure on; all if None.
        calibration: samples to set apart.

    Raises:
        BitlineError: there is no such function, it fails, or what it returns is no data.
    """
    from bitline.data.samples import samples_of

    made = _made(import_path(data))
    if isinstance(made, Mapping) and set(made) == {"data", "calibration"}:
        samples = samples_of(made["data"], None, network).part(0, images)
        return OwnSample(
            network, weights, data, samples, samples_of(made["calibration"], None, network).part(0, calibration), ()
        )
    samples = samples_of(made, None, network)
    kept = min(len(samples) if images is None else images, len(samples) - len(samples) // 2)
    apart = min(calibration, len(samples) - kept)
    if not apart:
        raise BitlineError(f"{data} gives {len(samples)} samples, and none to calibrate with: give two or more")
    last = len(samples) - apart
    note = f"the last {apart:,} samples of {data} set ranges, and are not measured on"
    count = last if images is None else min(images, last)
    return OwnSample(network, weights, data, samples.part(0, count), samples.part(last, None), (note,))


def _made(path: str) -> Any:
    """What a function of the user's returns; the command line names it, so its code may run."""
    from bitline.config.imports import import_module
    from bitline.config.messages import first_line
    from bitline.config.trust import trust

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
