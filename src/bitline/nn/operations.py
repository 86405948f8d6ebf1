"""Every operation that PyTorch is asked for while a network runs, for what counts or follows them."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class SeenOperations(TorchDispatchMode):
    """Sees every operation in its context; a subclass says what it does with each in `__torch_dispatch__`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # PyTorch would import its compiler, which takes seconds, only to keep it from compiling this class.
        return False


def name_of(operation: Any) -> str:
    """The name of an operation, the same where it works in place.

    Examples:
        >>> import torch
        >>> name_of(torch.ops.aten.add_.Tensor), name_of(torch.ops.aten.add.Tensor)
        ('add', 'add')
    """
    return str(operation.overloadpacket.__name__).rstrip("_")


def memory_of(tensor: Tensor) -> int:
    """Where the memory of a tensor begins, the same for all of its views; another number for one that has none.

    Examples:
        >>> import torch
        >>> values = torch.ones(2, 3)
        >>> memory_of(values[1:]) == memory_of(values)
        True
    """
    try:
        return tensor.untyped_storage().data_ptr() or id(tensor)
    except (RuntimeError, NotImplementedError):  # sparse tensors, for example
        return id(tensor)
