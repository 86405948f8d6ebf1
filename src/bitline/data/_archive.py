"""Archives of pictures."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from bitline.data._images import cropped
from bitline.data.dataset import Dataset
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError


def is_archive(path: Path) -> bool:
    """Whether this is a .zip file."""
    return path.suffix == ".zip"


def read_archive(path: Path, preprocess: Preprocess) -> Dataset:
    """A .zip of pictures with labels.csv (columns file, label)."""
    try:
        with zipfile.ZipFile(path) as archive:
            rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
            images = np.stack([cropped(io.BytesIO(archive.read(row["file"])), preprocess) for row in rows])
            labels = torch.tensor([int(row["label"]) for row in rows])
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"cannot read {path}: {error}; it needs pictures and labels.csv with the columns file and label"
        ) from None
    return Dataset(torch.from_numpy(images), labels)
