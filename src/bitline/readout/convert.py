"""Analog-to-digital conversion and the digital sum, in one pass over the signals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bitline.numerics.parts import in_two
from bitline.numerics.quotient import quotient
from bitline.numerics.triton_kernels import runs_kernels
from bitline.readout._sums import Sums
from bitline.shapes import ArrayColumns, Float, Outputs, PerConversion

WIDE = 512
"""Columns that the CPU's kernels work through at once, where there are so many."""


def convert_and_add(
    signals: Tensor, low: Tensor, high: Tensor, factor: Tensor, start: Tensor | None = None, total: Tensor | None = None
) -> Tensor:
    """Convert signals to codes and add the codes of all partitions, slices and readings.

    Args:
        signals: signals in units of the ADC's step, (blocks, conversions, columns, positions), contiguous; without the
            last axis if there is one position.
        low, high: smallest and largest code, (conversions,).
        factor: weight of a code in the sum, (groups, conversions, columns), or (conversions,) if it is the same for
            all columns.
        start, total: where the sums start and where they are written, see `Sums`.

    Returns:
        start + sum over conversions of factor * clip(round(signal)), (blocks, columns, positions).

    Examples:
        Two conversions of 3 bits for each of two columns; the codes of the second count twice:

        >>> signals = torch.tensor([[[[0.4], [2.5]], [[3.6], [99.0]]]])
        >>> low, high = torch.zeros(2), torch.full((2,), 7.0)
        >>> convert_and_add(signals, low, high, factor=torch.tensor([1.0, 2.0]))
        tensor([[[ 8.],
                 [16.]]])
    """
    factor = _by_column(factor, signals.shape[2])
    sums = Sums.of(signals, len(factor), start, total)
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.readout._convert_numba import convert_and_add_float32, convert_rows_and_add_float32

        has_one_position = signals.shape[3:] in ((), (1,))  # then columns are neighbours in memory
        kernel = convert_rows_and_add_float32 if has_one_position else convert_and_add_float32
        kernel(
            (signals.flatten(2) if has_one_position else signals).numpy(),
            low.numpy(),
            high.numpy(),
            factor.numpy(),
            sums.start.numpy(),
            sums.anew,
            (sums.total.flatten(1) if has_one_position else sums.total).numpy(),
        )
        return sums.total
    return plain_convert_and_add(signals, low, high, factor, start, total)


def plain_convert_and_add(
    signals: Tensor, low: Tensor, high: Tensor, factor: Tensor, start: Tensor | None = None, total: Tensor | None = None
) -> Tensor:
    """`convert_and_add` in plain PyTorch, for any device and dtype; its example shows the arguments."""
    factor = _by_column(factor, signals.shape[2])
    places = [1] * (signals.ndim - 2)
    codes = signals.round().clamp_(low.reshape(-1, *places), high.reshape(-1, *places))
    parts = torch.einsum("bgqnm,gqn->bgnm", codes.reshape(-1, *factor.shape, signals[0, 0, 0].numel()), factor)
    return Sums.of(signals, len(factor), start, total).add(parts)


def _by_column(factor: Tensor, columns: int) -> Tensor:
    """Factors (groups, conversions, columns)."""
    return factor if factor.ndim == 3 else factor[:, None].expand(1, -1, columns).contiguous()


def convert_columns_and_add(
    signals: Tensor,
    scale: Tensor,
    low: Tensor,
    high: Tensor,
    factor: Tensor,
    start: Tensor | None = None,
    total: Tensor | None = None,
) -> Tensor:
    """`convert_and_add` with levels for each column; a conversion whose signal is NaN is skipped and counts 0.

    Args:
        signals: (blocks, conversions, columns, positions), contiguous; blocks are samples times groups of the layer,
            groups fastest.
        scale: number of steps in one unit of the signals, (groups, conversions, columns).
        low, high, factor: as for `convert_and_add`, (groups, conversions, columns).
        start, total: where the sums start and where they are written, see `Sums`.

    Returns:
        (blocks, columns, positions).

    Examples:
        The same signal on two columns, one with steps half as wide, and a skipped conversion:

        >>> signals = torch.tensor([[[[1.1, torch.nan], [1.1, 9.0]]]])
        >>> scale, low, high = torch.tensor([[[1.0, 2.0]]]), torch.zeros(1, 1, 2), torch.full((1, 1, 2), 7.0)
        >>> convert_columns_and_add(signals, scale, low, high, factor=torch.ones(1, 1, 2))
        tensor([[[1., 0.],
                 [2., 7.]]])
    """
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.readout._convert_numba import convert_columns_and_add_float32

        sums = Sums.of(signals, len(factor), start, total)
        convert_columns_and_add_float32(
            signals.numpy(),
            scale.contiguous().numpy(),
            low.contiguous().numpy(),
            high.contiguous().numpy(),
            factor.contiguous().numpy(),
            sums.start.numpy(),
            sums.anew,
            sums.total.numpy(),
        )
        return sums.total
    return plain_convert_columns_and_add(signals, scale, low, high, factor, start, total)


def plain_convert_columns_and_add(
    signals: Tensor,
    scale: Tensor,
    low: Tensor,
    high: Tensor,
    factor: Tensor,
    start: Tensor | None = None,
    total: Tensor | None = None,
) -> Tensor:
    """`convert_columns_and_add` in plain PyTorch, for any device and dtype; its example shows the arguments."""
    apart = signals.reshape(-1, *scale.shape, signals.shape[-1])
    codes = (apart * scale[..., None]).round().clamp_(low[..., None], high[..., None]).nan_to_num_(nan=0.0)
    parts = torch.einsum("bgqnm,gqn->bgnm", codes, factor)
    return Sums.of(signals, len(factor), start, total).add(parts)


def convert_sums_and_add(
    parts: Sequence[Float[Tensor, "blocks conversions array_columns"]],
    scale: Float[Tensor, "conversions"],
    divisor: float,
    low: Float[Tensor, "conversions"],
    high: Float[Tensor, "conversions"],
    factor: PerConversion,
    start: ArrayColumns | None,
    total: Float[Tensor, "blocks array_columns"],
) -> None:
    """Convert sums of whole numbers and add the codes up, every step rounded by itself.

    So the bits of the result are the same on every processor.

    Args:
        parts: whole numbers whose sums are converted, contiguous; the first may be written. Blocks are samples times
            positions times groups, groups fastest.
        scale, divisor: a sum times the one over the other is a signal in steps of the converter.
        low, high: smallest and largest code.
        factor: weight of a code in the sum.
        start: what the totals start at; they go on from what they are if not given.
        total: is written, contiguous.

    Examples:
        >>> sums, total = torch.tensor([[[5.0, 700.0]]]), torch.empty(1, 2)
        >>> limits = {"low": torch.zeros(1), "high": torch.full((1,), 255.0)}
        >>> scale, factor = torch.ones(1), torch.full((1, 1, 2), 0.5)
        >>> convert_sums_and_add([sums], scale, 2.0, **limits, factor=factor, start=torch.zeros(1, 2), total=total)
        >>> total
        tensor([[  1.0000, 127.5000]])
    """
    sums, more = in_two(parts)
    if sums.device.type == "cpu" and sums.dtype == torch.float32:
        from bitline.readout._convert_numba import convert_sums_and_add_float32

        begin = (factor[:, 0] if start is None else start).contiguous()
        if sums.shape[1] == 1:  # groups and rows are neighbours in memory
            times = _rows_at_once(factor.numel(), total.numel())
            factor, begin = _side_by_side(factor, times)[None], _side_by_side(begin, times)
            total = total.view(-1, begin.shape[1])
            sums = sums.view(len(total), 1, -1)
            more = None if more is None else more.view(sums.shape)
        levels = (low.numpy(), high.numpy(), factor.numpy(), begin.numpy(), start is not None)
        last = None if more is None else more.numpy()
        convert_sums_and_add_float32(sums.numpy(), last, scale.numpy(), np.float32(divisor), *levels, total.numpy())
        return
    sums = sums if more is None else sums.add_(more)
    if runs_kernels(sums, conversions_agree):
        from bitline.readout._convert_triton import convert_sums_on_gpu

        convert_sums_on_gpu(sums, scale, divisor, (low, high, factor), start, total)
        return
    plain_convert_sums_and_add(sums, scale, divisor, low, high, factor, start, total)


def plain_convert_sums_and_add(
    sums: Float[Tensor, "blocks conversions array_columns"],
    scale: Float[Tensor, "conversions"],
    divisor: float,
    low: Float[Tensor, "conversions"],
    high: Float[Tensor, "conversions"],
    factor: PerConversion,
    start: ArrayColumns | None,
    total: Float[Tensor, "blocks array_columns"],
) -> None:
    """`convert_sums_and_add` in plain PyTorch, for any device and dtype; its example shows the arguments."""
    grouped = total.view(-1, *factor.shape[::2])
    if start is not None:
        grouped.copy_(start.expand_as(grouped))
    for index in range(sums.shape[1]):
        signals = quotient(sums[:, index].reshape(grouped.shape) * scale[index], divisor)
        codes = signals.round_().clamp_(low[index], high[index])
        grouped += codes * factor[:, index]


def _rows_at_once(columns: int, totals: int) -> int:
    """How many neighbouring rows are worked through as one: a loop over few columns costs more than what it does."""
    rows, together = totals // columns, 1
    while rows % (2 * together) == 0 and 2 * together * columns <= WIDE:
        together *= 2
    return together


def _side_by_side(values: Tensor, times: int) -> Tensor:
    """Values of one row, (1, columns), for several rows that are one."""
    return values.reshape(1, -1).expand(times, -1).reshape(1, -1)


def scale_sums(
    parts: Sequence[Float[Tensor, "blocks outputs"]],
    factor: Outputs,
    start: Outputs | Float[Tensor, "blocks outputs"],
    total: Float[Tensor, "blocks outputs"],
) -> None:
    """Sums of whole numbers as outputs of a layer without converters, every step rounded by itself.

    Args:
        parts: whole numbers whose sums are scaled, contiguous; the first may be written.
        factor: output that 1 stands for.
        start: what is added, to all blocks alike or to each its own.
        total: is written, contiguous.

    Examples:
        >>> total = torch.empty(1, 2)
        >>> sums, factor, start = torch.tensor([[3.0, 4.0]]), torch.tensor([0.5, 0.25]), torch.tensor([10.0, 20.0])
        >>> scale_sums([sums], factor, start, total)
        >>> total
        tensor([[11.5000, 21.0000]])
    """
    sums, more = in_two(parts)
    if sums.device.type == "cpu" and sums.dtype == torch.float32:
        from bitline.readout._convert_numba import scale_sums_float32

        times = _rows_at_once(len(factor), total.numel())
        factors = _side_by_side(factor, times)[0]
        total = total.view(-1, len(factors))
        begin = _side_by_side(start, times) if start.ndim == 1 else start.view(total.shape)
        last = None if more is None else more.view(total.shape).numpy()
        scale_sums_float32(sums.view(total.shape).numpy(), last, factors.numpy(), begin.numpy(), total.numpy())
        return
    sums = sums if more is None else sums.add_(more)
    if start.ndim == 1 and runs_kernels(sums, conversions_agree):
        from bitline.readout._convert_triton import scale_sums_on_gpu

        scale_sums_on_gpu(sums, factor, start, total)
        return
    total.copy_(sums * factor).add_(start)


def conversions_agree(device: str = "cuda") -> bool:
    """Whether the GPU kernels of this module give what its plain versions give, ties between codes included."""
    from bitline.readout._convert_triton import convert_sums_on_gpu, scale_sums_on_gpu

    draws = torch.Generator().manual_seed(0)
    sums = torch.randint(-3000, 3000, (60, 3, 40), generator=draws).float().to(device)
    scale = torch.tensor([0.5, 0.37, 3.0], device=device)
    factor = torch.rand(2, 3, 40, generator=draws).to(device)
    low, high, start = -scale * 1000 // 1, scale * 2000 // 1, factor[:, 0].contiguous()
    agree = []
    for divisor, begin in ((1.0, start), (7.0, start), (7.0, None)):
        totals = [torch.ones(60, 40, device=device) for _ in range(2)]
        plain_convert_sums_and_add(sums, scale, divisor, low, high, factor, begin, totals[0])
        convert_sums_on_gpu(sums, scale, divisor, (low, high, factor), begin, totals[1])
        agree.append(torch.equal(*totals))
    scaled = torch.empty(60, 40, device=device)
    scale_sums_on_gpu(sums[:, 0].contiguous(), factor[0, 0], start[1], scaled)
    return all(agree) and torch.equal(scaled, sums[:, 0] * factor[0, 0] + start[1])
