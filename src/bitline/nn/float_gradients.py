"""Outputs of a chip with the gradients of the float layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx


class _Instead(torch.autograd.Function):
    """Values of one tensor, gradients to another."""

    generate_vmap_rule = True

    @staticmethod
    def forward(plain: Tensor, outputs: Tensor) -> Tensor:
        return outputs.data  # the same memory and no view, which nobody could change in place

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        """Gradients pass unchanged: nothing to keep."""

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        return gradients[0], None

    @staticmethod
    def jvp(ctx: FunctionCtx, *tangents: Any) -> Any:
        return tangents[0]


def with_gradients_of(plain: Tensor, outputs: Tensor) -> Tensor:
    """Outputs to the bit, with the gradients of plain outputs.

    A sum such as `plain + (outputs - plain).detach()` has them, too, but is rounded, and differs with the batch as
    floating-point products do.

    Args:
        plain: depends on what gets gradients.
        outputs: of the same shape and type.

    Examples:
        >>> weight = torch.tensor([2.0], requires_grad=True)
        >>> outputs = with_gradients_of(3 * weight, torch.tensor([0.1]))
        >>> outputs.backward()
        >>> float(outputs) == float(torch.tensor(0.1)), weight.grad
        (True, tensor([3.]))
    """
    return _Instead.apply(plain, outputs)  # type: ignore[no-any-return, no-untyped-call]
