"""Signals, or anything else, in one array of NumPy."""

from __future__ import annotations

from pathlib import Path

from bitline.data._arrays import arranged, read_label_file
from bitline.data.dataset import Dataset
from bitline.data.labels import numbering
from bitline.data.npy import read_npy
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError


def is_array(path: Path) -> bool:
    """Whether this is an .npy file."""
    return path.suffix.lower() == ".npy"


def read_array(path: Path, preprocess: Preprocess) -> Dataset:
    """An array (samples, ...), with NAME_labels.npy beside it."""
    file = path.with_name(f"{path.stem}_labels.npy")
    if not file.is_file():
        raise DataError(f"{path} has no labels: put {file.name} beside it, or use an .npz with 'x' and 'y'")
    labels, classes = read_label_file(file)
    notes = list(numbering(classes))
    return Dataset(arranged(read_npy(path), preprocess, str(path), notes), labels, classes=classes, notes=tuple(notes))
