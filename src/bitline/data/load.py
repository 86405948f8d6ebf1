"""Labelled images from whatever a path names, checked and normalised."""

from __future__ import annotations

from pathlib import Path

import torch

from bitline.config.arguments import checked
from bitline.data.class_names import folder_labels
from bitline.data.dataset import Dataset
from bitline.data.labels import numbering
from bitline.data.preprocess import UNIT, Preprocess
from bitline.data.registry import FORMATS
from bitline.data.stored_images import BLOCK, StoredImages
from bitline.errors import DataError

SHOWN = 2
"""Images that show what all are like."""

READABLE = "an .npz, .npy, .png or .zip file, or a folder of images"

SCALE = (
    "pixels count from 0 to 1, as the network does not say how it wants them: return a Network with its Preprocess "
    "from a function of your own if these are others"
)
"""Of bytes that are shown to a network whose scale nobody knows."""

EMBEDDED = Path(__file__).parent / "embedded" / "fashion_mnist.npz"


@checked(DataError)
def load_dataset(path: str | Path, preprocess: Preprocess) -> Dataset:
    """Labelled images, normalised for a network, in the order of the source.

    Pictures of folders and archives are only decoded when they are used: those that `split` leaves out never are. The
    first two of a fair sample are decoded at once, so that data of another kind is refused here.

    Args:
        path: 'fashion-mnist' (comes with bitline), an .npz, an .npy or a .png sheet of tiles with _labels.npy beside
            it, or a folder or .zip of pictures with labels.csv or with one folder for each class.
        preprocess: shape and normalisation that the network wants.

    Raises:
        DataError: there is no such data, a file is damaged, the images have another shape, labels are missing or
            cannot be read, or values are NaN or infinite. A damaged picture is met when it is used.

    Examples:
        The embedded set is a part of Fashion-MNIST:

        >>> from bitline.data.preprocess import FASHION_MNIST
        >>> data = load_dataset("fashion-mnist", FASHION_MNIST)
        >>> data.images.shape, data.labels[:5]
        (torch.Size([1000, 1, 28, 28]), tensor([9, 2, 1, 1, 6]))
        >>> data.calibration.shape
        torch.Size([200, 1, 28, 28])
    """
    source = EMBEDDED if str(path) == "fashion-mnist" else Path(path)
    if not _exists(str(path), source):
        raise DataError(
            f"there is no data {str(path)!r}: give 'fashion-mnist', an .npz, .npy, .png or .zip file, or a folder"
        )
    found = next((known for known in FORMATS if known.matches(source)), None)
    if found is None:
        raise DataError(f"cannot read images from {source}: use {READABLE}")
    try:
        data = _checked(found.read(source, preprocess), preprocess, source)
        data.spread().stored[:SHOWN].tensor()
    except MemoryError:
        raise DataError(f"{source} does not fit into memory: use fewer or smaller images") from None
    except OSError as error:
        raise DataError(f"cannot read {source}: {error.strerror or error}") from None
    return data


def _exists(path: str, source: Path) -> bool:
    """Whether there is such a file or folder; an empty name does not mean the current folder."""
    try:
        return bool(path.strip()) and (source.is_file() or source.is_dir())
    except (OSError, ValueError):  # too long, no permission, or a null byte
        return False


def _checked(raw: Dataset, preprocess: Preprocess, source: Path) -> Dataset:
    for images in (raw.stored, raw.stored_calibration):
        if images is None:
            continue
        if preprocess.shape is not None and images.shape[1:] != preprocess.shape:
            raise preprocess.wrong_shape(str(source), images.shape[1:])
        if images.pixels.dtype.is_floating_point and not _is_finite(images):
            raise DataError(f"{source}: the images hold NaN or infinite values")
        if images.shape[1:] != raw.stored.shape[1:]:
            shapes = f"{images.shape[1:]}, but images are {raw.stored.shape[1:]}"
            raise DataError(f"{source}: calibration images are {shapes}: give both the same shape")
    if len(raw.stored) != len(raw.labels) or len(raw.stored) == 0:
        raise DataError(
            f"{source}: {len(raw.stored)} images and {len(raw.labels)} labels: give one label for each image"
        )
    calibration, known = raw.stored_calibration, raw.calibration_labels
    if calibration is not None and known is not None and len(calibration) != len(known):
        raise DataError(f"{source}: {len(calibration)} calibration images and {len(known)} labels of them")
    named = _with_classes(raw, preprocess.classes, str(source))
    is_guess = preprocess == UNIT and not raw.stored.pixels.dtype.is_floating_point
    return named.with_changes(
        notes=named.notes + (SCALE,) * is_guess,
        images=raw.stored.normalised(preprocess),
        calibration=None if calibration is None else calibration.normalised(preprocess),
        shuffled=source == EMBEDDED,
    )


def _with_classes(raw: Dataset, classes: tuple[str, ...], source: str) -> Dataset:
    """The same with class numbers of a network that names its classes, where the source names its own.

    Raises:
        DataError: a class of the source is none of the network's.
    """
    if not classes or not raw.classes:
        return raw
    numbers, notes = folder_labels(raw.classes, classes, source)
    others = tuple(note for note in raw.notes if note not in numbering(raw.classes))
    known = raw.calibration_labels
    return raw.with_changes(
        labels=torch.tensor(numbers)[raw.labels],
        calibration_labels=None if known is None else torch.tensor(numbers)[known],
        classes=classes,
        notes=(*others, *notes),
    )


def _is_finite(images: StoredImages) -> bool:
    return all(bool(torch.isfinite(block).all()) for block in images.split(BLOCK))
