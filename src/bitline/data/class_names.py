"""Labels as the class numbers of a network that names its classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from bitline.data.labels import in_short, labels_of_texts, numbering
from bitline.errors import DataError

_NUMBER = re.compile(r"\d{1,18}")
_UNNAMED = re.compile(r"LABEL_\d+")
"""What Hugging Face calls classes that nobody named."""


def class_labels(texts: Sequence[str], places: Sequence[str], classes: Sequence[str]) -> Tensor:
    """Labels that are written as text, as class numbers of a network.

    Args:
        texts: the label of each sample: names of classes, in any case, or class numbers.
        places: where each label stands, for messages.
        classes: names of the network's classes, in the order of their numbers; any labels will do where there are none.

    Returns:
        Class numbers, int64; or targets of a regression, float64, where the network names no classes. (samples,)

    Raises:
        DataError: a label is missing, or is none of the classes.

    Examples:
        >>> class_labels(["dog", "Cat"], ["line 2", "line 3"], ["dog", "cat"]), class_labels(["1"], ["line 2"], "ab")
        (tensor([0, 1]), tensor([1]))
        >>> class_labels(["dog", "fox"], ["line 2", "line 3"], ["dog", "cat"])
        Traceback (most recent call last):
        bitline.errors.DataError: line 3: the label 'fox' is none of the network's 2 classes: dog, cat; or ...
    """
    if not classes:
        return labels_of_texts(texts, places)[0]
    known = {name.lower(): number for number, name in enumerate(classes)}
    known |= {name: number for number, name in enumerate(classes)}
    are_names = any(text in known or text.lower() in known for text in texts)
    numbers = []
    for text, place in zip(texts, places, strict=True):
        number = known.get(text, known.get(text.lower())) if are_names else _number(text)
        if number is None or number >= len(classes):
            what = f"the label {text!r} is" if text else "the label is missing: it must be"
            raise DataError(
                f"{place}: {what} none of the network's {len(classes)} classes: {in_short(classes)}; or numbers, 0 .. "
                f"{len(classes) - 1}"
            )
        numbers.append(number)
    return torch.tensor(numbers, dtype=torch.int64)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def folder_labels(names: Sequence[str], classes: Sequence[str], place: str) -> tuple[list[int], tuple[str, ...]]:
    """The class number of each folder of a class, and what is to be said of it.

    Args:
        names: of the folders, sorted.
        classes: names of the network's classes; empty where it does not name them.
        place: the folder that they are in, for messages.

    Raises:
        DataError: a folder is called like none of the classes, or there are as many folders as no network of unnamed
            classes has.

    Examples:
        >>> folder_labels(["cat", "dog"], ["dog", "cat", "fox"], "pets"), folder_labels(["cat", "dog"], [], "pets")[0]
        (([1, 0], ()), [0, 1])
    """
    if classes and not all(map(_UNNAMED.fullmatch, classes)):
        return class_labels(names, [f"{place}/{name}" for name in names], classes).tolist(), ()
    if classes and all(map(_NUMBER.fullmatch, names)):
        return class_labels(names, [f"{place}/{name}" for name in names], classes).tolist(), ()
    if classes and len(classes) != len(names):
        raise DataError(
            f"{place} has {len(names)} folders of classes, but the network has {len(classes)} classes without names: "
            "call the folders by class numbers"
        )
    return list(range(len(names))), numbering(names)
