"""Products of bytes by oneDNN's convolutions, which processors with VNNI or AMX instructions compute several times
faster than float32 ones.

They are operations of PyTorch's own compiler and not part of its public interface. This module alone uses them, and
`why_not` finds out, by trying, whether they are there and exact, and `trial.py` whether they are for the shape of a
layer: without those instructions, products of bytes saturate in 16 bits, and a library of so many kernels has faults
for some shapes: with PyTorch 2.13 they were seen where the byte of code 0 is not 0, the stride not 1, and every group
has one channel and 48 products.
"""

from __future__ import annotations

from functools import cache, cached_property

import torch
from torch import Tensor

from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.layout import PackedLayout, name_of
from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.trial import is_exact
from bitline.arrays.integer.windows import Windows
from bitline.numerics.freed_memory import note_freed_memory
from bitline.shapes import Float, Shaped

PACKED = 2
"""Layouts in which weights are kept as the library wants them: for whole chunks of a batch, and for what remains."""
CHOSEN: dict[tuple[object, ...], bytes] = {}
"""Names of the layouts that the library chose so far, by the shapes of weights and codes: most codes have the same."""
LEARNT: dict[bytes, PackedLayout | None] = {}
"""Layouts by name, or that they could not be learnt."""


class OnednnMultiply(Multiply):
    """oneDNN's 8-bit convolutions; the sums of a piece are added to those of the last one as they are made.

    Weights are packed for the shape of the codes: packed in another layout than that wants, they would be packed anew
    at every call.

    Kernels of more than one weight are tried for each height and width of the images, too: with PyTorch 2.13, sums are
    wrong where kernels of one channel step sideways and find one place only in a row. Where padding is as wide as
    kernels reach the process crashes, which no trial survives: `Windows.of` leaves those out.
    """

    name = "bytes, oneDNN"

    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None:
        self._weights, self._zero, self._matrices = pieces, zero, matrices
        self._windows, self._shape = windows, tuple(pieces[0][0].shape)
        self._walk = (list(windows.stride), list(windows.padding), list(windows.dilation), matrices)
        products = len(pieces[0][0])
        self._scales = [torch.full((products,), scale) for _, scale in pieces]
        self._zeros = torch.zeros(products, dtype=torch.int32)
        self._packed: dict[bytes, list[Tensor]] = {}

    def __call__(self, codes: Shaped[Tensor, "images channels height width"]) -> Float[Tensor, "images products h w"]:
        codes = codes.contiguous(memory_format=torch.channels_last)
        inputs, outputs = (codes, 1.0, self._zero), (1.0, 0, torch.float32)
        multiply = torch.ops.onednn.qconv2d_pointwise
        sums: Tensor | None = None
        for weights, scales in zip(self._packed_for(codes.shape), self._scales, strict=True):
            quantised = (weights, scales, self._zeros)
            if sums is None:
                sums = multiply.default(*inputs, *quantised, None, *self._walk, *outputs, "none", [], "")
            else:
                onto = (*quantised, sums, None)
                sums = multiply.binary(*inputs, *onto, *self._walk, *outputs, 1.0, 0, "sum", 1.0, "none", [], "")
        assert sums is not None
        return sums

    def for_space(self, space: tuple[int, ...]) -> Multiply:
        windows, kernel = self._windows, self._shape[2:]
        if kernel == (1, 1) or is_exact(OnednnMultiply, self._shape, windows, self._matrices, self._zero, space=space):
            return self
        return self._floating

    @cached_property
    def _floating(self) -> FloatingMultiply:
        """The same products in floating point, for the images that need it."""
        return FloatingMultiply(self._weights, self._windows, self._matrices, self._zero)

    def _packed_for(self, shape: torch.Size) -> list[Tensor]:
        """Weights of every piece, packed for codes of a shape."""
        own = (self._shape, self._zero, *map(tuple, self._walk[:3]), self._matrices, shape)
        name = CHOSEN.get(own)
        if name is None or name not in self._packed:
            layout = None if name is None else self._learnt(name, shape)
            packed = [
                self._pack(weights, shape) if layout is None else layout.packed(weights) for weights, _ in self._weights
            ]
            name = CHOSEN[own] = name_of(packed[0])
            if len(self._packed) == PACKED and name not in self._packed:
                self._packed.pop(next(iter(self._packed)))
            self._packed[name] = packed
            note_freed_memory(2 * sum(weights.nbytes for weights, _ in self._weights))
        return self._packed[name]

    def _pack(self, weights: Tensor, shape: torch.Size) -> Tensor:
        """Weights as the library packs them for codes of a shape."""
        packed: Tensor = torch.ops.onednn.qconv_prepack(
            weights, self._scales[0], 1.0, self._zero, *self._walk, list(shape)
        )
        return packed

    def _learnt(self, name: bytes, shape: torch.Size) -> PackedLayout | None:
        """The layout of a name, learnt when weights want it for the second time; None where it could not be learnt."""
        if name not in LEARNT:
            LEARNT[name] = PackedLayout.learnt(lambda weights: self._pack(weights, shape), self._shape)
        return LEARNT[name]

    @classmethod
    def why_not(cls, device: str) -> str:
        return f"{device} has no oneDNN" if device != "cpu" else _missing()


@cache
def _missing() -> str:
    """What these products lack here; empty where they are there, and exact for two common shapes."""
    if not torch.backends.mkldnn.is_available():
        return "this PyTorch has no oneDNN"
    if not hasattr(torch.ops.onednn, "qconv2d_pointwise"):
        return "this PyTorch has no oneDNN products of bytes"
    cpu = torch.cpu
    known = [getattr(cpu, name, None) for name in ("_is_vnni_supported", "_is_amx_tile_supported")]
    if not any(supported is not None and supported() for supported in known):
        return "this processor has no VNNI or AMX instructions"
    shapes = [(40, 72 // matrices, 3, 3) for matrices in (1, 2)]
    windows = Windows((2, 1), (1, 1))
    exact = all(is_exact(OnednnMultiply, shape, windows, 72 // shape[1], 0) for shape in shapes)
    return "" if exact else "oneDNN's products of bytes fail or are not exact here"
