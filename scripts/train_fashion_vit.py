"""Train the embedded vision transformer on Fashion-MNIST and write its weights, in half precision.

    python scripts/train_fashion_vit.py --data FOLDER

FOLDER holds the four idx files (Debian: package dataset-fashion-mnist). The script prints the accuracy on the full
test set, measured on the weights as stored, and keeps it in the metadata of the weights file.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from train_fashion_resnet import DEVIATION, EMBEDDED, MEAN, accuracy, normalised, read_idx

from bitline.networks.fashion_vit import FashionViT
from bitline.networks.weights import load_weights

BATCH = 128


def augmented(images: Tensor) -> Tensor:
    """Images moved by up to one pixel, half of them mirrored."""
    count = len(images)
    padded = nn.functional.pad(images, (1, 1, 1, 1), value=-MEAN / DEVIATION)
    rows = torch.randint(3, (count, 1)) + torch.arange(28)
    columns = torch.randint(3, (count, 1)) + torch.arange(28)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    return padded[torch.arange(count)[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None]


def train(images: Tensor, labels: Tensor, epochs: int, seed: int) -> nn.Module:
    """A trained network."""
    torch.manual_seed(seed)
    model = FashionViT()
    steps = len(images) // BATCH
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps, pct_start=0.2)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(epochs):
        model.train()
        start, total = time.time(), 0.0
        order = torch.randperm(len(images))[: steps * BATCH]
        for part in order.split(BATCH):
            loss = loss_of(model(augmented(images[part])), labels[part])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}, {time.time() - start:.0f} s", flush=True)
    return model


def main() -> None:
    """Train, store, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = ("train-images", "train-labels", "t10k-images", "t10k-labels")
    files = {name: read_idx(next(arguments.data.glob(f"{name}*"))) for name in names}
    labels = {name: torch.from_numpy(files[name].astype(np.int64)) for name in ("train-labels", "t10k-labels")}

    model = train(normalised(files["train-images"]), labels["train-labels"], arguments.epochs, arguments.seed)

    weights = EMBEDDED / "fashion_vit.safetensors"
    state = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(state, weights)
    measured = accuracy(load_weights(model, weights), normalised(files["t10k-images"]), labels["t10k-labels"])
    facts = {"test_accuracy": f"{measured:.4f}", "epochs": str(arguments.epochs), "seed": str(arguments.seed)}
    save_file(state, weights, metadata={**facts, "data": "Fashion-MNIST, 60,000 training images"})
    print(f"accuracy on the {len(labels['t10k-labels']):,} test images: {100 * measured:.2f} %")


if __name__ == "__main__":
    main()
