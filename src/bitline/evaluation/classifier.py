"""A network that classifies, with images of known classes: what users give, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from bitline.config.counts import whole_number
from bitline.data.labels import class_count, class_numbers
from bitline.data.stored_images import StoredImages, inputs_of
from bitline.design import Design
from bitline.errors import BitlineError, ConversionError, DataError
from bitline.evaluation.labelled_images import LabelledImages
from bitline.nn import as_images, convert, independent_copy
from bitline.nn.precision import in_single_precision

Labels = Tensor | np.ndarray | Sequence[int]
"""Class numbers, as `bitline.data.labels.class_numbers` takes them."""


@dataclass(frozen=True)
class Classifier:
    """A float network and what shows how well it classifies.

    Attributes:
        model: as the user gave it.
        float_network: the same in eval mode.
        data: what it classifies.
        calibration: as the user gave it: normalised images of another set, other inputs, or an earlier calibration.

    Examples:
        >>> import torch
        >>> network = nn.Linear(4, 2).eval()
        >>> data = LabelledImages(torch.rand(6, 4), torch.zeros(6).long(), batch=64)
        >>> len(Classifier(network, network, data, calibration=torch.rand(8, 4)).data)
        6
    """

    model: nn.Module
    float_network: nn.Module
    data: LabelledImages
    calibration: Any

    @classmethod
    def of(
        cls,
        model: nn.Module,
        design: Design,
        images: Tensor | np.ndarray | StoredImages,
        labels: Labels,
        calibration: Any,
        batch: int,
    ) -> Classifier:
        """What a user gave, checked; arguments, and what is raised, are those of `evaluate`."""
        model = in_single_precision(model)
        images = images.beside(model) if isinstance(images, StoredImages) else as_images(images, model)
        _check(images, labels)
        batch = min(len(images), whole_number("batch", batch, 1, DataError))
        float_network = independent_copy(model) if model.training else model  # evaluation leaves it as it is
        classes = class_numbers(labels, classes_of(float_network, design, images)).to(images.device)
        return cls(model, float_network, LabelledImages(images, classes, batch), calibration)


def classes_of(network: nn.Module, design: Design, images: Tensor | StoredImages) -> int:
    """Classes that a network tells apart, from its outputs for two images.

    Args:
        network: in eval mode.
        design: the accelerator.
        images: normalised inputs, (images, ...).

    Raises:
        DataError, NetworkError: see `class_count`.
        ConversionError: a layer is to blame for that.

    Examples:
        >>> import torch
        >>> classes_of(nn.Linear(4, 3).eval(), Design(), torch.rand(6, 4))
        3
    """
    try:
        return class_count(network, images)
    except BitlineError as error:
        try:
            convert(network, design, inputs_of(images[:2]))
        except ConversionError:
            raise
        except (Exception, SystemExit):  # says nothing more
            pass
        raise error


def _check(images: Tensor | StoredImages, labels: Labels) -> None:
    shown, count = len(images) if images.shape else 0, 0
    if hasattr(labels, "__len__") and np.shape(labels) != ():
        count = len(labels)
    if shown != count or count == 0:
        raise DataError(f"{shown} images and {count} labels: give one label for each of one or more images")
