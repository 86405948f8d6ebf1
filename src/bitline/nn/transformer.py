"""Transformer layers: what has to be different so that their parts are called, and read in the same order."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from bitline.nn.composite import CompositeLayer
from bitline.nn.hooks import hooked


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
        current = self.self_attn.current_pass() if isinstance(self.self_attn, CompositeLayer) else None
        with nullcontext() if current is None else current.sorted_by_sample():
            return feed_forward(x.transpose(0, 1)).transpose(0, 1)  # type: ignore[no-any-return]


class BatchFirstEncoderLayer(_BatchFirst, nn.TransformerEncoderLayer):
    """`torch.nn.TransformerEncoderLayer`."""


class BatchFirstDecoderLayer(_BatchFirst, nn.TransformerDecoderLayer):
    """`torch.nn.TransformerDecoderLayer`."""


class PaddedEncoder(nn.TransformerEncoder):
    """`torch.nn.TransformerEncoder`, with the outputs that nested tensors give in eval mode, and without these.

    Before its norm, outputs at padding are zero, whatever is computed there. PyTorch does so where no gradients are
    recorded; here gradients change nothing, so that a network is trained as what it is measured as.
    """

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        padding = None if mask is not None else self._padding(src, src_key_padding_mask)

        def without_padding(layer: nn.Module, arguments: Any, outputs: Tensor) -> Tensor:
            return outputs if padding is None else outputs.masked_fill(padding[..., None], 0.0)

        with hooked([self.layers[-1].register_forward_hook(without_padding)]):
            return super().forward(src, mask, src_key_padding_mask, is_causal)

    def _padding(self, src: Tensor, mask: Tensor | None) -> Tensor | None:
        """Where the float encoder leaves positions out, (samples, positions); None where it computes all of them."""
        if mask is None or src.ndim != 3 or self.layers[0].training or not torch.backends.mha.get_fastpath_enabled():
            return None
        if torch.is_autocast_enabled():
            return None
        padding = mask if mask.dtype == torch.bool else mask != 0
        is_left_aligned = not bool((padding[:, :-1] & ~padding[:, 1:]).any())
        return padding if is_left_aligned else None


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
            if type(module) is nn.TransformerEncoder:
                module.__class__ = PaddedEncoder
        if type(module) in BATCH_FIRST:
            module.__class__ = BATCH_FIRST[type(module)]
