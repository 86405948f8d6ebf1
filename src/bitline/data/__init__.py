"""Labelled images: the embedded set, arrays, sheets of tiles, folders and archives of pictures.

To read another format, write one file and add a line to `FORMATS` in `registry.py`.
"""

from bitline.data.dataset import Dataset
from bitline.data.load import load_dataset
from bitline.data.preprocess import Preprocess
from bitline.data.stored_images import StoredImages

__all__ = ["Dataset", "Preprocess", "StoredImages", "load_dataset"]
