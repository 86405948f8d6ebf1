"""Transformer layers: what has to be different so that their parts are called, and read in the same order."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class _BatchFirst(nn.Module):
    """Feed-forward layers that see the tokens of a sample one after another, whatever the order of the inputs is.

    PyTorch's default order has the batch second: the number of a token's read, and its noise, would depend on the
    batch.
    """

    self_attn: Any

    def _ff_block(self, x: Tensor) -> Tensor:
        feed_forward = super()._ff_block  # type: ignore[misc]
        if x.ndim != 3 or self.self_attn.batch_first:
            return feed_forward(x)  # type: ignore[no-any-return]
        return feed_forward(x.transpose(0, 1)).transpose(0, 1)  # type: ignore[no-any-return]


class BatchFirstEncoderLayer(_BatchFirst, nn.TransformerEncoderLayer):
    """`torch.nn.TransformerEncoderLayer`."""


class BatchFirstDecoderLayer(_BatchFirst, nn.TransformerDecoderLayer):
    """`torch.nn.TransformerDecoderLayer`."""


BATCH_FIRST: dict[type[nn.Module], type[nn.Module]] = {
    nn.TransformerEncoderLayer: BatchFirstEncoderLayer,
    nn.TransformerDecoderLayer: BatchFirstDecoderLayer,
}


def prepare_transformers(network: nn.Module) -> None:
    """Let the transformer layers of a network call their parts with plain tensors, in place.

    Encoders make nested tensors of padded ones where their layers are PyTorch's fused ones, which only those can take.
    """
    for module in network.modules():
        if getattr(module, "use_nested_tensor", False):
            vars(module)["use_nested_tensor"] = False
        if type(module) in BATCH_FIRST:
            module.__class__ = BATCH_FIRST[type(module)]
