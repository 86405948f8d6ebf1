"""Train the embedded vision transformer on Fashion-MNIST and write its weights, in half precision.

    python scripts/train_fashion_vit.py --data FOLDER

FOLDER holds the four idx files (Debian: package dataset-fashion-mnist). The script prints the accuracy on the full
test set, measured on the weights as stored, and keeps it in the metadata of the weights file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from train_fashion_resnet import BATCH, EMBEDDED, accuracy, augmented, normalised, read_idx, run_epochs

from bitline.networks.fashion_vit import FashionViT
from bitline.networks.weights import load_weights


def train(images: Tensor, labels: Tensor, epochs: int, seed: int) -> nn.Module:
    """A trained network."""
    torch.manual_seed(seed)
    model = FashionViT()
    steps = len(images) // BATCH
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps, pct_start=0.2)

    def batch(part: Tensor) -> tuple[Tensor, Tensor]:
        return augmented(images[part], pixels=1), labels[part]

    run_epochs(model, optimiser, schedule, batch, len(images), epochs, largest_gradient=1.0)
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
