"""Labelled images: the embedded set, arrays, sheets of tiles, folders and archives of pictures. Texts and recordings.

To read another format, write one file and add a line in `registry.py`: to `FORMATS`, or to `SAMPLE_FORMATS` for samples
that are no images.
"""

from bitline.data.dataset import Dataset
from bitline.data.load import load_dataset
from bitline.data.preprocess import Preprocess
from bitline.data.recordings import Recordings
from bitline.data.sentences import Sentences
from bitline.data.stored_images import StoredImages
from bitline.data.text_windows import TextWindows

__all__ = ["Dataset", "Preprocess", "Recordings", "Sentences", "StoredImages", "TextWindows", "load_dataset"]
