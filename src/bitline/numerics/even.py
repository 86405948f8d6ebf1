"""Parts of equal size."""

from __future__ import annotations


def even_size(count: int, most: int) -> int:
    """Size of the parts of so many things, as few parts as possible and as equal as they can be.

    Libraries prepare their products for each size of a batch, so that a small rest costs more than its share.

    Args:
        count: how many things there are.
        most: how many a part may have, one or more.

    Examples:
        >>> even_size(200, 64), even_size(64, 41), even_size(0, 64)
        (50, 32, 1)
    """
    parts = -(-count // most)
    return -(-count // parts) if parts else 1
