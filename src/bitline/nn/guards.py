"""What analog layers refuse to compute with, and what they warn of."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.design.noisy_reads import has_noisy_reads
from bitline.errors import ConversionError, DataError, NegativeInputsWarning
from bitline.layer.negative_inputs import negative_inputs
from bitline.numerics.real_tensors import refuse_unusable
from bitline.numerics.text import type_in_words

if TYPE_CHECKING:  # layers call these
    from bitline.nn.layer import AnalogLayer


def refuse_inputs(inputs: Tensor, name: str) -> None:
    """Refuse inputs that a layer cannot quantise, and tracing, which would freeze one input's results into a graph.

    Args:
        inputs: of the layer.
        name: of the layer.

    Raises:
        ConversionError: the layer is being traced, exported or transformed.
        DataError: the inputs are no tensor, or complex, sparse, quantised, nested, masked, or not of a floating-point
            type.
    """
    refuse_tracing(name)
    if not isinstance(inputs, Tensor):
        raise DataError(f"layer {name!r} takes tensors, not {type_in_words(inputs)}: pass torch.as_tensor(...)")
    refuse_unusable(inputs, f"the input of layer {name!r}", DataError)
    if not inputs.is_floating_point():
        raise DataError(f"layer {name!r} takes floating-point inputs, not {inputs.dtype}: convert them first")


def refuse_tracing(name: str) -> None:
    """Refuse what would freeze the results of one input into a graph, or calls a layer without values.

    Args:
        name: of the layer.

    Raises:
        ConversionError: the layer is being traced, exported or transformed.
    """
    if torch._C._get_tracing_state() or torch.compiler.is_exporting():
        raise ConversionError(
            f"analog layer {name!r} cannot be traced or exported: its results are computed outside of PyTorch's graph; "
            "export the float network instead"
        )
    if torch._C._functorch.peek_interpreter_stack() is not None:
        raise ConversionError(
            f"analog layer {name!r} cannot be transformed by torch.func (grad, vmap, jacrev, jvp): its results are "
            "computed outside of PyTorch's graph; use torch.autograd.grad or torch.autograd.functional.jacobian"
        )


def is_recomputing() -> bool:
    """Whether this is a backward pass, where layers are called to compute again what was not kept."""
    return bool(torch._C._current_graph_task_id() != -1)


def refuse_recomputing(design: Design, name: str) -> None:
    """Refuse to compute again in a backward pass what other reads gave: gradients would not be those of the outputs.

    Args:
        design: of the layer.
        name: of the layer.

    Raises:
        ConversionError: reads of the design have noise.
    """
    if is_recomputing() and has_noisy_reads(design):
        raise ConversionError(
            f"analog layer {name!r} is computed again in the backward pass (gradient checkpointing), but no two of its "
            "reads have the same noise: switch the checkpointing off, or train without noise of reads"
        )


def warn_of_negative(layer: AnalogLayer, arranged: Tensor) -> None:
    """Warn of inputs that count as 0, if the first ones after calibration do: a look at each would take time.

    Args:
        layer: calibrated.
        arranged: inputs as its product takes them.
    """
    calibration, state = layer.calibration, vars(layer)
    if calibration is None or state.get("_looked_at") is calibration:
        return
    state["_looked_at"] = calibration
    lost = negative_inputs(layer.encoded(), calibration.inputs, arranged)
    if lost is not None:
        warnings.warn(lost, NegativeInputsWarning, stacklevel=3)


def require_shape(inputs: Tensor, dimensions: int, channels: int, dim: int, name: str) -> None:
    """Refuse inputs that the layer's rows do not fit."""
    if inputs.ndim < dimensions or inputs.shape[dim] != channels:
        raise ConversionError(
            f"layer {name!r} takes {channels} input channels, but its inputs are {tuple(inputs.shape)}"
        )


def call_me(layer: nn.Module, arguments: tuple[Any, ...]) -> None:
    """A hook that does nothing.

    PyTorch's fused transformer layers read the weights of their children instead of calling them, unless one of them
    has a hook.
    """
