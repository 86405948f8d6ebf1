"""Train the embedded default network on Fashion-MNIST and write the files that come with the package.

    python scripts/train_fashion_resnet.py --data FOLDER

FOLDER holds the four idx files (Debian: package dataset-fashion-mnist). The script prints the accuracy on the full
test set, measured on the weights as stored, and keeps it in the metadata of the weights file.
"""

from __future__ import annotations

import argparse
import gzip
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bitline.networks.fashion_resnet import FashionResNet

EMBEDDED = Path(__file__).parents[1] / "src" / "bitline" / "data" / "embedded"
MEAN, DEVIATION = 0.2860, 0.3530
BATCH = 128
TEST_IMAGES, CALIBRATION_PER_CLASS = 1000, 20


def read_idx(path: Path) -> np.ndarray:
    """An idx file of unsigned bytes."""
    data = gzip.decompress(path.read_bytes())
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def normalised(images: np.ndarray) -> Tensor:
    """uint8 (n, 28, 28) to float (n, 1, 28, 28)."""
    return ((torch.from_numpy(images.copy()).float() / 255 - MEAN) / DEVIATION)[:, None]


def augmented(images: Tensor, pixels: int = 2) -> Tensor:
    """Random crops of images padded by a few pixels, half of them mirrored."""
    count = len(images)
    padded = nn.functional.pad(images, 4 * (pixels,), value=-MEAN / DEVIATION)
    rows = torch.randint(2 * pixels + 1, (count, 1)) + torch.arange(28)
    columns = torch.randint(2 * pixels + 1, (count, 1)) + torch.arange(28)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    return padded[torch.arange(count)[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None]


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Fraction of correct answers."""
    model.eval()
    answers = torch.cat([model(part).argmax(1) for part in images.split(500)])
    return float((answers == labels).float().mean())


def train(images: Tensor, labels: Tensor, epochs: int, seed: int) -> nn.Module:
    """A trained network."""
    torch.manual_seed(seed)
    model = FashionResNet()
    steps = len(images) // BATCH
    optimiser = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.4, total_steps=epochs * steps, pct_start=0.25)
    run_epochs(model, optimiser, schedule, lambda part: (augmented(images[part]), labels[part]), len(images), epochs)
    return model


def run_epochs(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    batch: Callable[[Tensor], tuple[Tensor, Tensor]],
    count: int,
    epochs: int,
    largest_gradient: float = math.inf,
) -> None:
    """Train a network in place.

    Args:
        model: classifies.
        optimiser, schedule: stepped after every batch.
        batch: images, changed a little, and labels of some places of the data.
        count: images of the data.
        epochs: passes over them.
        largest_gradient: norm to which gradients are clipped.
    """
    steps, loss_of = count // BATCH, nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(epochs):
        model.train()
        start, total = time.time(), 0.0
        for part in torch.randperm(count)[: steps * BATCH].split(BATCH):
            images, labels = batch(part)
            loss = loss_of(model(images), labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), largest_gradient)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}, {time.time() - start:.0f} s", flush=True)


def main() -> None:
    """Train, store, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    files = {
        name: read_idx(next(arguments.data.glob(f"{name}*")))
        for name in ("train-images", "train-labels", "t10k-images", "t10k-labels")
    }
    labels = {name: torch.from_numpy(files[name].astype(np.int64)) for name in ("train-labels", "t10k-labels")}

    model = train(normalised(files["train-images"]), labels["train-labels"], arguments.epochs, arguments.seed)

    EMBEDDED.mkdir(parents=True, exist_ok=True)
    weights = EMBEDDED / "fashion_resnet.safetensors"
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, weights)
    model.load_state_dict(load_file(weights))
    measured = accuracy(model, normalised(files["t10k-images"]), labels["t10k-labels"])
    facts = {"test_accuracy": f"{measured:.4f}", "epochs": str(arguments.epochs), "seed": str(arguments.seed)}
    save_file(state, weights, metadata={**facts, "data": "Fashion-MNIST, 60,000 training images"})

    chosen = np.sort(
        np.concatenate([np.flatnonzero(files["train-labels"] == one)[:CALIBRATION_PER_CLASS] for one in range(10)])
    )
    np.savez_compressed(
        EMBEDDED / "fashion_mnist.npz",
        images=files["t10k-images"][:TEST_IMAGES],
        labels=files["t10k-labels"][:TEST_IMAGES],
        calibration=files["train-images"][chosen],
    )
    print(f"accuracy on the {len(files['t10k-images']):,} test images: {100 * measured:.2f} %")


if __name__ == "__main__":
    main()
