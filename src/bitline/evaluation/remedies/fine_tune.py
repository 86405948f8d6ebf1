"""Training under the errors of the hardware."""

from __future__ import annotations

from operator import attrgetter

import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.config.counts import whole_number
from bitline.data.labels import class_count, class_numbers
from bitline.design import Design
from bitline.errors import DataError
from bitline.evaluation.subject import Labels
from bitline.nn import as_images, conversion_of, convert, independent_copy, program
from bitline.nn.fold import fold_pairs
from bitline.numerics.progress import Progress, silent

TRAINING_CHIPS = 1_000_000
"""Number of the first chip used for training: far from those of evaluations."""


def fine_tune(
    model: nn.Module,
    design: Design,
    images: Tensor,
    labels: Labels,
    calibration: Tensor,
    *,
    epochs: int = 3,
    learning_rate: float = 1e-4,
    batch: int = 64,
    seed: int = 0,
    progress: Progress = silent,
) -> nn.Module:
    """Train a network a little longer, on another chip in every step.

    The forward pass is that of the hardware, errors included; gradients pass straight through quantisation and errors
    (noise-aware training, Joshi et al., Nature Communications 11, 2473, 2020). Batch norms are folded first, so the
    result has none.

    Args:
        model: float network that classifies; left as it is.
        design: the accelerator.
        images: normalised training images, not those of the evaluation.
        labels: their class numbers, as for `evaluate`.
        calibration: normalised calibration images.
        epochs: passes over the training images.
        learning_rate: of Adam, falling to zero along a cosine.
        batch: images in a step.
        seed: order of the images, and chips.
        progress: told how far the work is.

    Returns:
        A float network with the new weights, for `convert` and `evaluate`.

    Raises:
        DataError: as for `evaluate`.

    Examples:
        >>> network, images, labels = nn.Linear(4, 3), torch.rand(8, 4), torch.arange(8) % 3
        >>> tuned = fine_tune(network, Design(), images, labels, calibration=images, epochs=1)
        >>> bool((tuned.weight != network.weight).any())
        True
    """
    if len(images) != len(labels) or len(images) == 0:
        raise DataError(f"{len(images)} training images and {len(labels)} labels: give one label for each image")
    whole_number("epochs", epochs, 1, DataError)
    batch = min(len(images), whole_number("batch", batch, 1, DataError))
    images = as_images(images, model, "training images")
    tuned = independent_copy(model)
    classes = class_numbers(labels, class_count(tuned, images)).to(images.device)
    network = convert(model, design, calibration, seed=seed)
    fold_pairs(tuned, conversion_of(network).folding.folded)
    steps = epochs * -(-len(images) // batch)
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    order = torch.Generator().manual_seed(seed)
    step = 0
    for _ in range(epochs):
        for part in torch.randperm(len(images), generator=order).split(batch):
            program(network, chip=TRAINING_CHIPS + step)
            loss = functional.cross_entropy(network(images[part]), classes[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            step += 1
            progress("fine-tune", step, steps)
    with torch.no_grad():
        for name, value in tuned.named_parameters():
            value.copy_(attrgetter(name)(network))  # layers of several matrices give what belongs to their parts
    return tuned
