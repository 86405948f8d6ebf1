"""Arguments that say where padding is, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bitline.errors import DataError


class MaskNames(NamedTuple):
    """Names of arguments that say where padding is.

    Attributes:
        real: of those that are 1 where inputs are real and 0 where they are padding.
        padded: of those that are True where inputs are padding.
    """

    real: tuple[str, ...]
    padded: tuple[str, ...]

    def find(self, keywords: Mapping[str, Any], samples: int) -> tuple[str, Tensor] | None:
        """The argument that says where padding is, (samples, positions), with its name; None where there is none.

        Examples:
            >>> INPUTS.find({"attention_mask": torch.ones(2, 3), "x": torch.ones(2, 3, 4)}, samples=2)[0]
            'attention_mask'
        """
        for name in (*self.real, *self.padded):
            mask = keywords.get(name)
            if not isinstance(mask, Tensor) or mask.ndim != 2 or len(mask) != samples:
                continue
            if name in self.real or mask.dtype == torch.bool:
                return name, mask
        return None

    def real_in(self, name: str, mask: Tensor) -> Tensor:
        """Where inputs are no padding, bool.

        Args:
            name: of the argument.
            mask: its value.

        Raises:
            DataError: it holds numbers that are no counts, such as those of a mask that is added to scores.

        Examples:
            >>> INPUTS.real_in("attention_mask", torch.tensor([[1, 0]]))
            tensor([[ True, False]])
            >>> INPUTS.real_in("attention_mask", torch.tensor([[0.0, -1e4]]))
            Traceback (most recent call last):
            bitline.errors.DataError: 'attention_mask' holds -10000, and says by whole numbers of 0 or more where ...
        """
        if mask.dtype != torch.bool:
            other = mask[~((mask >= 0) & (mask == mask.round()))]
            if len(other):
                raise DataError(
                    f"{name!r} holds {float(other[0]):g}, and says by whole numbers of 0 or more where inputs are "
                    "padding, which is 0: of a mask that is added to scores, give (mask == 0), or call it otherwise"
                )
        return mask.bool() == (name in self.real)


INPUTS = MaskNames(("attention_mask",), ("key_padding_mask", "src_key_padding_mask", "padding_mask"))
"""Masks of inputs, those of an encoder where there is a decoder."""
DECODER = MaskNames(("decoder_attention_mask",), ("tgt_key_padding_mask",))
"""Masks of what a decoder takes."""
DECODER_INPUTS = ("decoder_input_ids", "tgt", "decoder_inputs_embeds")
"""Names of arguments that a decoder takes, at whose positions outputs stand."""
MASKS = ("mask", "pad", "valid", "length")
"""What names of arguments have in them that may say where padding is."""
