"""Products of bytes by oneDNN's convolutions, which processors with VNNI or AMX instructions compute several times
faster than float32 ones.

They are operations of PyTorch's own compiler and not part of its public interface. This module alone uses them, and
`why_not` finds out, by trying, whether they are there and exact, and `trial.py` whether they are for the shape of a
layer: without those instructions, products of bytes saturate in 16 bits, and a library of so many kernels has faults
for some shapes: with PyTorch 2.13 they were seen where the byte of code 0 is not 0, the stride not 1, and every group
has one channel and 48 products.
"""

from __future__ import annotations

from functools import cache, cached_property, lru_cache

import torch
from torch import Tensor

from bitline.arrays.integer.float32 import Float32Multiply
from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.trial import is_exact
from bitline.arrays.integer.windows import Windows
from bitline.numerics.freed_memory import note_freed_memory
from bitline.shapes import Float, Shaped

PACKED = 2
"""Formats in which weights are kept: the library wants one for few positions, and another for many."""


Walk = tuple[tuple[int, int], tuple[int, int], tuple[int, int], int]
"""Stride, padding and dilation along both axes, and the matrices."""


class OnednnMultiply(Multiply):
    """oneDNN's 8-bit convolutions, one for each piece.

    Weights are packed in the format that the shape of the codes wants: in another, they would be packed anew at every
    call, which for a batch of text takes several times as long as the product. They are kept in that form alone, where
    they come back from it as they were. Kernels of several matrices are kept beside: with PyTorch 2.13, the library
    writes past the end of its memory as it unpacks those.

    Where the byte of code 0 is not 0, kernels for AMX add bytes times weights in 32 bits, round that sum to float32,
    take away what bytes of code 0 count, and round again: right if no sum of bytes times weights exceeds 2^24. With
    PyTorch 2.13 all sums of 512 to 4,608 rows are what this gives, to the bit, also for the largest weights. Kernels
    for VNNI and depthwise ones take code 0 away first; which of them is used depends on the number of positions and of
    threads, too. So rows are shared out wherever weights could exceed 2^24, see `shares.py`.

    Kernels of more than one weight are tried for each height and width of the images, too: with PyTorch 2.13, sums are
    wrong where kernels of one channel step sideways and find one place only in a row. Where padding is as wide as
    kernels reach the process crashes, which no trial survives: `Windows.of` leaves those out.
    """

    name = "bytes, oneDNN"

    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None:
        self._weights: list[Tensor] | None = [weights for weights, _ in pieces]
        self._factors = [factor for _, factor in pieces]
        self._zero, self._matrices = zero, matrices
        self._windows, self._shape = windows, pieces[0][0].shape
        self._has_kernels = self._shape[2:] != (1, 1)
        self._walk = (windows.stride, windows.padding, windows.dilation, matrices)
        products = len(pieces[0][0])
        self._scales = [torch.full((products,), factor) for factor in self._factors]
        self._zeros = torch.zeros(products, dtype=torch.int32)
        self._packed: dict[object, list[Tensor]] = {}

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        codes = codes.contiguous(memory_format=torch.channels_last)
        inputs, outputs = (codes, 1.0, self._zero), (1.0, 0, torch.float32)
        multiply = torch.ops.onednn.qconv2d_pointwise.default  # adding to sums of before, it would copy them first
        pieces = zip(self._packed_for(codes.shape), self._scales, strict=True)
        return [multiply(*inputs, *piece, self._zeros, None, *self._walk, *outputs, "none", [], "") for piece in pieces]

    def for_space(self, space: tuple[int, ...]) -> Multiply:
        walk = (self._windows, self._matrices, self._zero)
        if not self._has_kernels or is_exact(OnednnMultiply, self._shape, *walk, space=space):
            return self
        return self._in_float32

    @cached_property
    def _in_float32(self) -> Float32Multiply:
        """The same products in float32, for the images that need it."""
        pieces = list(zip(self._plain(), self._factors, strict=True))
        return Float32Multiply(pieces, self._windows, self._matrices, self._zero)

    def _plain(self) -> list[Tensor]:
        """Weights of every piece as they are."""
        if self._weights is not None:
            return self._weights
        weights = _unpacked(next(iter(self._packed.values())))
        assert weights is not None, "weights are dropped only where they come back"
        return weights

    def _packed_for(self, codes: torch.Size) -> list[Tensor]:
        """Weights of every piece, packed for codes of a shape."""
        wanted = _format(self._shape, self._walk, self._zero, codes)
        if wanted not in self._packed:
            plain = self._plain()
            if len(self._packed) == PACKED:
                self._packed.pop(next(iter(self._packed)))
            packed = [_pack(weights, self._walk, self._zero, codes) for weights in plain]
            self._packed[wanted] = packed
            unpacks = self._weights is not None and not (self._has_kernels and self._matrices > 1)
            if unpacks and _are_equal(_unpacked(packed), plain):
                self._weights = None
            note_freed_memory(2 * sum(weights.nbytes for weights in plain))
        return self._packed[wanted]

    @classmethod
    def rounds_twice(cls, zero: int) -> bool:
        return zero != 0

    @classmethod
    def why_not(cls, device: str) -> str:
        return f"{device} has no oneDNN" if device != "cpu" else _missing()


def _pack(weights: Tensor, walk: Walk, zero: int, codes: torch.Size) -> Tensor:
    """Weights in the format that codes of a shape want."""
    *steps, matrices = walk
    scales = torch.ones(len(weights))
    packed: Tensor = torch.ops.onednn.qconv_prepack(weights, scales, 1.0, zero, *steps, matrices, codes)
    return packed


@lru_cache(maxsize=4096)
def _format(weights: torch.Size, walk: Walk, zero: int, codes: torch.Size) -> object:
    """The format that codes of a shape want for weights of a shape; where nobody says, the shape of the codes."""
    describe = getattr(torch.ops.mkldnn, "_get_mkldnn_serialized_md", None)
    if describe is None:
        return codes
    return bytes(describe(_pack(torch.zeros(weights, dtype=torch.int8), walk, zero, codes)).tolist())


def _unpacked(packed: list[Tensor]) -> list[Tensor] | None:
    """Packed weights as they were before; None where the library cannot take them apart."""
    try:
        return [weights.to_dense() for weights in packed]
    except RuntimeError:
        return None


def _are_equal(some: list[Tensor] | None, others: list[Tensor]) -> bool:
    return some is not None and all(map(torch.equal, some, others))


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
