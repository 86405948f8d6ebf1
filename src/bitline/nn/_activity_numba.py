"""CPU kernel of `Activity.add`: every thread has channels of its own."""

from __future__ import annotations

from bitline.numerics.threads import njit, prange


@njit(parallel=True, cache=True)
def count_codes_float32(codes, times, dropped, counts):  # type: ignore[no-untyped-def]
    """Add codes (batch, channels, positions) to counts (channels, levels), each `times[position]` times.

    Their `dropped` lowest bits are left out.
    """
    batch, channels, positions = codes.shape
    for channel in prange(channels):
        row = counts[channel]
        for image in range(batch):
            for position in range(positions):
                row[int(abs(codes[image, channel, position])) >> dropped] += times[position]
