"""Attention of many heads: projections on arrays, products of activations digital."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.errors import ConversionError
from bitline.nn.composite import CompositeLayer, Pieces, by_sample
from bitline.nn.guards import refuse_inputs


class AnalogMultiheadAttention(CompositeLayer, nn.MultiheadAttention):
    """`torch.nn.MultiheadAttention` with four matrices on arrays: `q`, `k`, `v` and `out_proj`.

    Queries meet keys, and weights meet values, in the digital part: both factors are activations, which change with
    every input, while programming cells takes far longer than reading them.

    Examples:
        >>> attention = nn.MultiheadAttention(4, 2, kdim=3, batch_first=True)
        >>> apart = AnalogMultiheadAttention.take_apart(attention, "attention")
        >>> {name: tuple(part.weight.shape) for name, part in apart.named_children()}
        {'q': (4, 4), 'k': (4, 3), 'v': (4, 4), 'out_proj': (4, 4)}
        >>> x = torch.rand(2, 5, 4)
        >>> apart(x, x[..., :3], x)[0].shape
        torch.Size([2, 5, 4])
    """

    float_type = nn.MultiheadAttention

    def pieces(self) -> Pieces:
        weights: dict[str, tuple[str, ...]]
        if self.in_proj_weight is not None:
            weights = {"in_proj_weight": ("q.weight", "k.weight", "v.weight")}
        else:
            weights = {f"{part}_proj_weight": (f"{part}.weight",) for part in "qkv"}
        biased = self.in_proj_bias is not None
        return {**weights, "in_proj_bias": ("q.bias", "k.bias", "v.bias")} if biased else weights

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        inputs = [self._batch_first(x) for x in (query, key, value)]
        q, k, v = (by_sample(part, x) for part, x in zip((self.q, self.k, self.v), inputs, strict=True))
        is_causal = is_causal and self._is_mask_left_out(attn_mask, key_padding_mask, need_weights)
        mask = None
        if not is_causal:
            mask = self._mask(attn_mask, key_padding_mask, (len(q), q.shape[1], k.shape[1]), q.dtype)
        k, v, added = self._with_own_tokens(k, v)
        mask = mask if mask is None else functional.pad(mask, (0, added))
        q, k, v = (x.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2) for x in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            weights = _attention_weights(q, k, mask)
            attended = functional.dropout(weights, dropout) @ v
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            attended = functional.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal)
        outputs = by_sample(self.out_proj, attended.transpose(1, 2).flatten(2))
        if query.ndim == 2:
            return outputs[0], None if weights is None else weights[0]
        return outputs if self.batch_first else outputs.transpose(0, 1), weights

    def _batch_first(self, x: Tensor) -> Tensor:
        """Inputs as (batch, tokens, features), so that the tokens of a sample are read one after another."""
        if isinstance(x, Tensor) and x.is_nested:
            raise ConversionError(
                f"layer {self.name!r} takes padded tensors, not nested ones: pad the sequences and pass a "
                "key_padding_mask"
            )
        refuse_inputs(x, self.name)
        if x.ndim not in (2, 3):
            raise ConversionError(
                f"layer {self.name!r} takes (tokens, features) or batches of them, not {tuple(x.shape)}"
            )
        if x.ndim == 2:
            return x[None]
        current = self.current_pass()
        if current is not None:
            current.recognise(x.shape, 0 if self.batch_first else 1)
        return x if self.batch_first else x.transpose(0, 1)

    def _is_mask_left_out(self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, need_weights: bool) -> bool:
        """Whether the hint that a mask is causal replaces it, as in PyTorch.

        Raises:
            ConversionError: there is a hint and no mask.
        """
        if attn_mask is None:
            raise ConversionError(f"layer {self.name!r} got is_causal = True without attn_mask: pass the mask, too")
        return key_padding_mask is None and not need_weights

    def _mask(
        self,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        sizes: tuple[int, int, int],
        dtype: torch.dtype,
    ) -> Tensor | None:
        """What is added to the products of queries and keys, (batch or 1, heads or 1, queries or 1, keys).

        Args:
            attn_mask, key_padding_mask: as PyTorch takes them.
            sizes: batch, queries and keys.
            dtype: of the sum.
        """
        batch, queries, keys = sizes
        total = None
        if attn_mask is not None:
            shapes = ((queries, keys), (batch * self.num_heads, queries, keys))
            self._check_mask("attn_mask", attn_mask, shapes)
            heads = (1, 1) if attn_mask.ndim == 2 else (batch, self.num_heads)
            total = _added(attn_mask, dtype).reshape(*heads, queries, keys)
        if key_padding_mask is not None:
            self._check_mask("key_padding_mask", key_padding_mask, ((batch, keys), (keys,)))
            padding = _added(key_padding_mask, dtype).reshape(-1, 1, 1, keys)
            total = padding if total is None else total + padding
        return total

    def _check_mask(self, what: str, mask: Tensor, shapes: tuple[tuple[int, ...], ...]) -> None:
        if tuple(mask.shape) not in shapes:
            wanted = " or ".join(map(str, shapes))
            raise ConversionError(f"layer {self.name!r} takes {what} of shape {wanted}, not {tuple(mask.shape)}")

    def _with_own_tokens(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, int]:
        """Keys and values with those that the layer adds itself, and how many."""
        before = k.shape[1]
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (torch.cat([x, own.expand(len(x), -1, -1)], 1) for x, own in ((k, self.bias_k), (v, self.bias_v)))
        if self.add_zero_attn:
            k, v = (functional.pad(x, (0, 0, 0, 1)) for x in (k, v))
        return k, v, k.shape[1] - before


def _attention_weights(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over the keys, (batch, heads, queries, keys), of queries and keys (batch, heads, tokens, features)."""
    scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
    return (scores if mask is None else scores + mask).softmax(-1)


def _added(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask as what is added to scores; True forbids."""
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -math.inf)
