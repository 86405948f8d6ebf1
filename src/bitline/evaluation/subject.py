"""A network with the samples that it is measured on: what users give, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from bitline.config.counts import whole_number
from bitline.config.messages import first_line
from bitline.config.users_code import users_line
from bitline.data.batch import Batch
from bitline.data.dataset import Dataset
from bitline.data.labels import class_count
from bitline.data.modes import is_training
from bitline.data.refused_arguments import how_inputs_are_cut
from bitline.data.samples import Samples, StoredSamples, samples_of
from bitline.data.split_samples import set_apart
from bitline.data.stored_images import StoredImages, inputs_of
from bitline.design import Design
from bitline.errors import BitlineError, ConversionError, DataError, NetworkError
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.reading import RUN, Reading
from bitline.evaluation.single_samples import irregularities
from bitline.evaluation.together import largest_output
from bitline.measures import Measure
from bitline.nn import convert, independent_copy
from bitline.nn.faithful import rehearse
from bitline.nn.precision import checked_network, in_single_precision
from bitline.numerics.out_of_memory import is_out_of_memory

Labels = Tensor | np.ndarray | Sequence[int]
"""Class numbers, as `bitline.data.labels.class_numbers` takes them."""

APART = 200
"""Samples that are set apart to calibrate with where nobody gives others, at most half of all."""


@dataclass(frozen=True)
class Given:
    """What a user gave to measure a network on.

    Attributes:
        data, labels: see `samples_of`.
        calibration: inputs of another set, see `Inputs.of`, or an earlier calibration; None to set samples apart.
        measure: what is measured.
        batch: samples at once.

    Examples:
        >>> import torch
        >>> from bitline.measures import ACCURACY
        >>> Given(torch.rand(6, 4), torch.zeros(6), None, ACCURACY, batch=64).batch
        64
    """

    data: Any
    labels: Any
    calibration: Any
    measure: Measure
    batch: int


@dataclass(frozen=True)
class Subject:
    """A float network and what shows how good it is.

    Attributes:
        model: as the user gave it, or a copy whose lazy layers know their shapes.
        float_network: the same in eval mode.
        data: what it is measured on.
        calibration: samples of another set, other inputs, or an earlier calibration.
        notes: how the data was read, and what makes its samples incomparable.

    Examples:
        >>> import torch
        >>> from bitline.measures import ACCURACY
        >>> given = Given(torch.rand(6, 4), torch.zeros(6), torch.rand(8, 4), ACCURACY, batch=64)
        >>> len(Subject.of(nn.Linear(4, 2).eval(), Design(), given).data)
        6
    """

    model: nn.Module
    float_network: nn.Module
    data: MeasuredSamples
    calibration: Any
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: nn.Module, design: Design, given: Given) -> Subject:
        """What a user gave, checked; arguments, and what is raised, are those of `evaluate`."""
        model = in_single_precision(with_shapes(model, given))
        measure, size = given.measure, whole_number("batch", given.batch, 1, DataError)
        float_network = independent_copy(model) if is_training(model) else model  # evaluation leaves it as it is
        samples = samples_of(given.data, given.labels, float_network)
        samples, calibration, notes = _with_some_apart(samples, given, float_network)
        if not len(samples):
            raise DataError("0 samples and 0 labels: give one label for each of one or more samples")
        first = samples.first(2)
        reading = Reading.of(float_network, measure, lambda: samples.batches(RUN))
        with (
            layer_to_blame(float_network, design, lambda: StoredSamples(first.call)),
            largest_output(float_network) as largest,
        ):
            outputs = check_first(float_network, reading, first)
        notes = (*notes, *irregularities(float_network, first.call, outputs))
        if isinstance(samples, StoredSamples) and samples.targets is not None:
            samples = replace(samples, targets=measure.checked(outputs, samples.targets))
        data = MeasuredSamples(samples, reading, min(len(samples), largest.together(len(first), size)))
        remarks = measure.remarks(samples.targets if isinstance(samples, StoredSamples) else None)
        return cls(model, float_network, data, calibration, (*notes, *reading.notes, *remarks))


def with_shapes(model: Any, given: Given) -> Any:
    """A network whose lazy layers know their shapes: itself, or a copy that computed the first samples.

    The copy is initialised as the copies that `convert` makes.

    Args:
        model: as a user gave it.
        given: what it is measured on.

    Raises:
        CalibrationError: it cannot take the samples.
        DataError: see `samples_of`.

    Examples:
        >>> import torch
        >>> from bitline.measures import ACCURACY
        >>> network = nn.LazyLinear(2)
        >>> with_shapes(network, Given(torch.rand(6, 4), torch.zeros(6), None, ACCURACY, 64)).in_features
        4
        >>> network.in_features
        0
    """
    if not isinstance(model, nn.Module) or not any(map(is_lazy, (*model.parameters(), *model.buffers()))):
        return model
    shaped = independent_copy(checked_network(model))
    rehearse(shaped, samples_of(given.data, given.labels, shaped).first(2).call)
    return shaped


def _with_some_apart(samples: Samples, given: Given, model: nn.Module) -> tuple[Samples, Any, tuple[str, ...]]:
    """Samples to measure on, those to calibrate with, and a note where nobody gave others."""
    if given.calibration is not None:
        return samples, given.calibration, ()
    if isinstance(given.data, Dataset) and given.data.stored_calibration is not None:
        return samples, samples_of(given.data.stored_calibration, None, model), ()
    kept = len(samples) - min(APART, len(samples) // 2)
    if kept == len(samples):
        raise DataError("there are no samples to calibrate with: give calibration=..., inputs that are not in the data")
    measured, others, which = set_apart(samples, len(samples) - kept)
    return measured, others, (f"{which} set ranges, and are not measured on: no others were given",)


@contextmanager
def layer_to_blame(network: nn.Module, design: Design, inputs: Callable[[], Any]) -> Iterator[None]:
    """Where something about a network is refused, say which layer is to blame, if one is.

    Args:
        network: in eval mode.
        design: the accelerator.
        inputs: a few to convert the network with.

    Raises:
        ConversionError: a layer cannot be converted.
        BitlineError: what was refused, if all can.

    Examples:
        >>> import torch
        >>> network = nn.Linear(4, 3).eval()
        >>> _ = network.weight.data.fill_(torch.nan)
        >>> with layer_to_blame(network, Design(), lambda: torch.rand(2, 4)):
        ...     raise NetworkError("the network's scores are NaN")
        Traceback (most recent call last):
        bitline.errors.ConversionError: layer 'linear' has NaN or infinite weights: ...
    """
    try:
        yield
    except BitlineError:
        try:
            convert(network, design, inputs())
        except ConversionError:
            raise
        except (Exception, SystemExit):  # says nothing more
            pass
        raise


def check_first(network: nn.Module, reading: Reading, first: Batch) -> Any:
    """Let a network compute its first samples, and its measure say what it thinks of them.

    Args:
        network: in eval mode.
        reading: what is measured, and how it reads the data.
        first: one or more samples.

    Returns:
        What the network returned.

    Raises:
        DataError: the network cannot take the inputs, or the measure cannot use outputs or targets.
        NetworkError: outputs are NaN.

    Examples:
        >>> from bitline.data.batch import batch_of
        >>> from bitline.measures import ACCURACY
        >>> network = nn.Linear(4, 2)
        >>> check_first(network, Reading(ACCURACY), batch_of((torch.rand(2, 4), [0, 1]), network)).shape
        torch.Size([2, 2])
    """
    try:
        with torch.no_grad():
            outputs = first.call.on(network)
    except BitlineError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's network raises
        if is_out_of_memory(error):
            raise
        shapes = " and ".join(f"{tuple(tensor.shape[1:])} and type {tensor.dtype}" for tensor in first.call.tensors())
        reason = f"{first_line(error)}{users_line(error)}{how_inputs_are_cut(first.call)}"
        raise DataError(f"the network cannot take inputs of shape {shapes}: {reason}") from error
    values = reading.values(first, outputs)
    nan = isinstance(outputs, Tensor) and outputs.is_floating_point() and bool(outputs.isnan().any())
    if nan or (values.is_floating_point() and reading.measure.needs_targets and bool(values.isnan().all())):
        raise NetworkError("the network's scores are NaN: check its weights")
    return outputs


def classes_of(network: nn.Module, design: Design, images: Tensor | StoredImages) -> int:
    """Classes that a network tells apart, from its outputs for two images.

    Args:
        network: in eval mode.
        design: the accelerator.
        images: normalised inputs, (images, ...).

    Raises:
        DataError, NetworkError: see `class_count`.
        ConversionError: a layer is to blame for that.

    Examples:
        >>> import torch
        >>> classes_of(nn.Linear(4, 3).eval(), Design(), torch.rand(6, 4))
        3
    """
    with layer_to_blame(network, design, lambda: inputs_of(images[:2])):
        return class_count(network, images)
