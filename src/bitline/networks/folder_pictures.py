"""What the image processor in a folder makes of pictures, as a `Preprocess`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitline.data.preprocess import Preprocess
from bitline.networks.folder_files import preprocessor


def pictures(folder: Path, config: Any, classes: tuple[str, ...]) -> Preprocess:
    """Shape and normalisation of the inputs.

    A processor that squeezes pictures into a square, whatever their shape, has them cropped instead: square pictures
    are the same.

    Args:
        folder: of the network.
        config: of transformers.
        classes: names of the network's classes.

    Raises:
        NetworkError: there is no image processor.
    """
    says = preprocessor(folder, "image processor")
    size, crop = _sides(says.get("size"), config), _sides(says.get("crop_size"), config)
    resize = size[0]
    if says.get("do_center_crop"):
        height, width = crop
    else:
        height, width = size
        share = says.get("crop_pct")
        if share is not None and height < 384:  # as ConvNeXt has it
            resize = int(height / share)
    unit = 255 * float(says.get("rescale_factor", 1 / 255)) if says.get("do_rescale", True) else 255.0
    is_normalised = says.get("do_normalize", True)
    mean, deviation = (
        tuple(map(float, says.get(name, [plain]))) if is_normalised else (plain,)
        for name, plain in (("image_mean", 0.0), ("image_std", 1.0))
    )
    return Preprocess(
        (int(getattr(config, "num_channels", 3)), height, width),
        tuple(value / unit for value in mean),
        tuple(value / unit for value in deviation),
        resize if says.get("do_resize", True) else None,
        classes,
    )


def _sides(size: Any, config: Any) -> tuple[int, int]:
    """Height and width, as a processor writes them."""
    if isinstance(size, dict) and "height" in size:
        return int(size["height"]), int(size["width"])
    side: Any = size.get("shortest_edge") if isinstance(size, dict) else size
    side = getattr(config, "image_size", 224) if side is None else side
    return (int(side[0]), int(side[1])) if isinstance(side, (list, tuple)) else (int(side), int(side))
