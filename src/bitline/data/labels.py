"""Labels to class numbers: what files hold, and what the outputs of a network allow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.messages import first_line
from bitline.data.call import Call
from bitline.data.outputs import class_scores
from bitline.data.stored_images import StoredImages, inputs_of
from bitline.errors import BitlineError, DataError, NetworkError
from bitline.numerics.real_tensors import refuse_indirect, refuse_masked

if TYPE_CHECKING:
    from bitline.data.dataset import Dataset

SHOWN = 12
"""Classes and files that a message lists."""

WANTED = "give one class number, 0 .. classes - 1, for each image"

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def class_numbers(labels: object, classes: int) -> Tensor:
    """Class numbers as int64, (images,).

    Args:
        labels: class numbers, (images,) or a column, (images, 1); or rows with a single 1 and one column for each
            class, (images, classes). A tensor, an array or a sequence; floating-point numbers must be whole.
        classes: number of outputs of the network.

    Raises:
        DataError: the labels are anything else: names, targets of a regression, labels of pixels, or numbers that are
            no class.

    Examples:
        >>> class_numbers([2, 0], classes=3), class_numbers([[0, 0, 1], [1, 0, 0]], classes=3)
        (tensor([2, 0]), tensor([2, 0]))
        >>> class_numbers([1, 3], classes=3)
        Traceback (most recent call last):
        bitline.errors.DataError: label 1 is 3, but the network has 3 outputs, for the classes 0 .. 2: they seem to ...
    """
    values = _tensor(labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and _is_one_hot(values):
        if values.shape[1] != classes:
            raise DataError(
                f"one-hot labels have {values.shape[1]} columns, but the network has {classes} outputs: {WANTED}"
            )
        values = values.to(torch.int64).argmax(1)
    if values.ndim != 1:
        what = "labels of pixels have no accuracy over images" if values.ndim > 2 else "several labels for an image"
        raise DataError(f"labels have the shape {tuple(values.shape)} ({what}): {WANTED}")
    if values.is_floating_point():
        whole = values.isfinite() & (values == values.round())
        if not bool(whole.all()):
            place = int((~whole).nonzero()[0])
            raise DataError(
                f"label {place} is {float(values[place]):g}: targets of a regression have no accuracy over classes; "
                + WANTED
            )
    numbers = values.to(torch.int64)
    outside = (numbers < 0) | (numbers >= classes)
    if bool(outside.any()):
        place = int(outside.nonzero()[0])
        from_one = int(numbers.min()) == 1 and int(numbers.max()) == classes
        hint = ": they seem to count from 1, so subtract 1" if from_one else ""
        raise DataError(
            f"label {place} is {int(numbers[place])}, but the network has {classes} outputs, for the classes "
            f"0 .. {classes - 1}{hint}"
        )
    return numbers


def class_count(network: nn.Module, images: Tensor | StoredImages) -> int:
    """Classes that a network tells apart: its outputs for an image, seen on the first two.

    Args:
        network: a network in eval mode.
        images: normalised inputs, (images, ...).

    Raises:
        DataError: the network cannot take the images, or does not return one score for each class.
        NetworkError: its scores are NaN.

    Examples:
        >>> class_count(nn.Linear(4, 10), torch.rand(5, 4))
        10
    """
    shown = inputs_of(images[:2])
    try:
        outputs = scores(network, shown)
    except BitlineError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's network raises
        raise DataError(
            f"the network cannot take inputs of shape {tuple(shown.shape[1:])} and type {shown.dtype}: "
            + first_line(error)
        ) from error
    if bool(outputs.isnan().any()):
        raise NetworkError("the network's scores are NaN: check its weights")
    return outputs.shape[1]


@torch.no_grad()
def scores(network: nn.Module, images: Tensor) -> Tensor:
    """Scores of a network, (images, classes).

    Args:
        network: a network in eval mode.
        images: normalised inputs, (images, ...).

    Raises:
        DataError: as for `class_scores`.

    Examples:
        >>> scores(nn.Linear(4, 10), torch.rand(5, 4)).shape
        torch.Size([5, 10])
    """
    return class_scores(Call((images,), {}).on(network), len(images))


def labels_for(dataset: Dataset, outputs: int) -> Tensor:
    """The labels of a data set as class numbers of a network with so many outputs, int64, (images,).

    Args:
        dataset: labelled images.
        outputs: number of outputs of the network.

    Raises:
        DataError: as for `class_numbers`, or the source names fewer or more classes than there are outputs, so that
            numbers in the order of names are not those of the network.

    Examples:
        >>> from bitline.data.dataset import Dataset
        >>> labels_for(Dataset(torch.rand(2, 4), torch.tensor([1, 0]), classes=("cat", "dog")), outputs=2)
        tensor([1, 0])
        >>> labels_for(Dataset(torch.rand(2, 4), torch.tensor([1, 0]), classes=("cat", "dog")), outputs=1000)
        Traceback (most recent call last):
        bitline.errors.DataError: the data has 2 classes (cat, dog), but the network has 1000 outputs: ...
    """
    if dataset.classes and len(dataset.classes) != outputs:
        raise DataError(
            f"the data has {len(dataset.classes)} classes ({in_short(dataset.classes)}), but the network has {outputs} "
            "outputs: numbers in the order of names would not be the network's; give its class numbers, in labels.csv "
            "or in an .npz"
        )
    return class_numbers(dataset.labels, outputs)


def labels_of_array(values: np.ndarray, source: str) -> tuple[Tensor, tuple[str, ...]]:
    """Labels of a file as numbers, and the names of their classes where the file has them.

    Integers and booleans become int64, floating-point numbers float64, as targets of a regression may be; columns are
    squeezed, one-hot rows become class numbers, and names are numbered in alphabetical order.

    Args:
        values: labels as the file contains them.
        source: what messages call the file.

    Returns:
        Class numbers (or targets of a regression), and the names of all classes.

    Raises:
        DataError: the labels are dates, complex numbers, records or NaN, or a name is missing.

    Examples:
        >>> labels_of_array(np.array(["dog", "cat", "dog"]), "labels.npy")
        (tensor([1, 0, 1]), ('cat', 'dog'))
    """
    kind = values.dtype.kind
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if kind in "US" and values.ndim == 1:
        texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values.tolist()]
        texts = [text.strip() for text in texts]
        return labels_of_texts(texts, [f"{source}, label {index}" for index in range(len(texts))])
    if kind not in "biuf" or values.ndim == 0:
        raise DataError(f"{source}: labels are {values.dtype}, {values.shape}: {WANTED}")
    if kind == "f" and not np.isfinite(values).all():
        raise DataError(f"{source}: labels hold NaN or infinite values: {WANTED}")
    if kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        raise DataError(f"{source}: label {values.max()} is no class: {WANTED}")
    numbers = torch.from_numpy(values.astype(np.float64 if kind == "f" else np.int64))
    if numbers.ndim == 2 and _is_one_hot(numbers):
        return numbers.argmax(1), tuple(map(str, range(numbers.shape[1])))
    return numbers, ()


def labels_of_texts(texts: Sequence[str], places: Sequence[str]) -> tuple[Tensor, tuple[str, ...]]:
    """Labels that are written as text: numbers, or names, which are numbered in alphabetical order.

    Args:
        texts: the label of each image.
        places: where each label stands, for messages.

    Returns:
        Class numbers (or targets of a regression), and the names of all classes.

    Raises:
        DataError: a label is missing or too large, or some are numbers and some are names.

    Examples:
        >>> labels_of_texts(["dog", "cat"], ["labels.csv, line 2", "labels.csv, line 3"])
        (tensor([1, 0]), ('cat', 'dog'))
        >>> labels_of_texts(["7", "cat"], ["labels.csv, line 2", "labels.csv, line 3"])
        Traceback (most recent call last):
        bitline.errors.DataError: labels.csv, line 3: 'cat' is a name, but labels.csv, line 2 has a number, 7: use ...
    """
    numeric = [bool(_NUMBER.fullmatch(text)) for text in texts]
    for text, place in zip(texts, places, strict=True):
        if not text:
            raise DataError(f"{place}: the label is missing")
    if any(numeric) and not all(numeric):
        word, number = numeric.index(False), numeric.index(True)
        raise DataError(
            f"{places[word]}: {texts[word]!r} is a name, but {places[number]} has a number, {texts[number]}: use either"
        )
    if not any(numeric):
        names = sorted(set(texts))
        known = {name: number for number, name in enumerate(names)}
        return torch.tensor([known[text] for text in texts], dtype=torch.int64), tuple(names)
    if not all(_INTEGER.fullmatch(text) for text in texts):
        return torch.tensor([float(text) for text in texts], dtype=torch.float64), ()
    for text, place in zip(texts, places, strict=True):
        if len(text) > 18:
            raise DataError(f"{place}: {text} is no class: {WANTED}")
    return torch.tensor([int(text) for text in texts], dtype=torch.int64), ()


def numbering(classes: Sequence[str]) -> tuple[str, ...]:
    """A note on how classes are numbered; empty if their names are their numbers.

    Examples:
        >>> numbering(["cat", "dog"]), numbering(["0", "1"])
        (('classes are numbered in the order of their names: 0 cat, 1 dog',), ())
    """
    named = [f"{number} {name}" for number, name in enumerate(classes)]
    if all(name == str(number) for number, name in enumerate(classes)):
        return ()
    return (f"classes are numbered in the order of their names: {in_short(named)}",)


def in_short(names: Sequence[str]) -> str:
    """The first few names, and how many there are in all if there are more.

    Examples:
        >>> in_short(["a", "b"]), in_short("abcdefghijklmnopqrstuvwxyz")
        ('a, b', 'a, b, c, d, e, f, g, h, i, j, k, l, ... (26 in all)')
    """
    more = f", ... ({len(names)} in all)" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def names_in(labels: np.ndarray) -> str:
    """Labels that are texts, in words; empty for others.

    Examples:
        >>> names_in(np.array(["cat", "dog"])), names_in(np.array([0, 1]))
        ("names such as 'cat'", '')
    """
    first = labels.flat[0] if labels.size and labels.dtype.kind in "USO" else None
    return f"names such as {str(first)!r}" if isinstance(first, (str, bytes)) else ""


def _tensor(labels: object) -> Tensor:
    if not isinstance(labels, Tensor):
        refuse_masked(labels, "the array of labels", DataError)
        try:
            array = np.asarray(labels)
        except (ValueError, TypeError, RuntimeError) as error:
            raise DataError(f"labels cannot be read ({first_line(error)}): {WANTED}") from None
        if array.dtype.kind not in "biuf" or array.ndim == 0:
            raise DataError(f"labels are {names_in(array) or f'{array.dtype}, {array.shape}'}: {WANTED}")
        labels = torch.from_numpy(array.astype(np.float64 if array.dtype.kind == "f" else np.int64))
    refuse_indirect(labels, "the tensor of labels", DataError)
    if labels.is_complex() or labels.ndim == 0:
        raise DataError(f"labels are {labels.dtype}, {tuple(labels.shape)}: {WANTED}")
    return labels.detach().cpu()


def _is_one_hot(values: Tensor) -> bool:
    """Whether every row has exactly one 1, two or more columns, and is 0 elsewhere."""
    ones, zeros = values == 1, values == 0
    return values.shape[1] > 1 and bool((ones | zeros).all()) and bool((ones.sum(1) == 1).all())
