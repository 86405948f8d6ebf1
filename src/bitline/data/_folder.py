"""Folders of pictures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch

from bitline.data._images import SUFFIXES, cropped
from bitline.data.dataset import Dataset
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError


def read_folder(path: Path, preprocess: Preprocess) -> Dataset:
    """One subfolder for each class (in sorted order), or pictures with labels.csv (columns file, label)."""
    table = path / "labels.csv"
    if table.is_file():
        with table.open(newline="", encoding="utf-8") as file:
            entries = [(path / row["file"], int(row["label"])) for row in csv.DictReader(file)]
    else:
        classes = sorted(folder for folder in path.iterdir() if folder.is_dir())
        entries = [
            (file, number)
            for number, folder in enumerate(classes)
            for file in sorted(folder.iterdir())
            if file.suffix.lower() in SUFFIXES
        ]
    if not entries:
        raise DataError(f"{path} holds no pictures: use one subfolder for each class, or pictures with labels.csv")
    images = np.stack([cropped(file, preprocess) for file, _ in entries])
    return Dataset(torch.from_numpy(images), torch.tensor([label for _, label in entries]))
