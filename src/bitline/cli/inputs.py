"""What commands work on: a network with its weights and data, a design, a place to compute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bitline.cli.commands import refuse_idle
from bitline.cli.consent import allowed_design
from bitline.cli.own_samples import OwnSample
from bitline.config.code_names import import_path
from bitline.errors import BitlineError, DesignError, DeviceError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bitline.data import Dataset
    from bitline.data.stored_images import StoredImages
    from bitline.design import Design
    from bitline.measures import Measure
    from bitline.networks import Network


@dataclass(frozen=True)
class Source:
    """Where network and data come from, as a command line says.

    Attributes:
        model: a network that comes with bitline, a folder of Hugging Face's, or package.module:function.
        weights: file; those that come with the network where it is None.
        data: images, texts, recordings or signals; those that come with the network where it is None.
        length: of every sample, of texts and recordings; what suits the network where it is None.
    """

    model: str
    weights: Path | None = None
    data: str | None = None
    length: int | None = None

    @cached_property
    def found(self) -> Network:
        """The network, its weights not loaded.

        Raises:
            NetworkError: there is no such network.
        """
        from bitline.networks import find_network

        return find_network(import_path(self.model))

    def network(self) -> nn.Module:
        """The network with its weights.

        Raises:
            NetworkError: there is no such network, or its weights do not fit.
        """
        from bitline.networks import load_network

        return load_network(self.found, self.weights)

    def metric(self, name: str | None) -> str:
        """The name of what is measured: what the user asked for, or what suits the network.

        Raises:
            NetworkError: there is no such network.
        """
        return self.found.measure if name is None else import_path(name)

    def shown(self, images: int | None, calibration_images: int) -> Sample | OwnSample:
        """The network and what it is measured on.

        Args:
            images: how many samples to measure on; all if None.
            calibration_images: how many others to set apart.

        Raises:
            NetworkError, DataError: network or data cannot be used.
        """
        from bitline.data import Dataset

        network, weights = self.network(), str(self.weights or self.found.weights or "")
        found = self.found.data_of(self.data, network, images, calibration_images, self.length)
        name = str(self.data or self.found.data)
        if isinstance(found, Dataset):
            return Sample(network, weights, name, found.split(images, calibration_images))
        return OwnSample(network, weights, name, found)


@dataclass(frozen=True)
class Sample:
    """A network and the images that it is shown.

    Attributes:
        network: with its weights.
        weights: file of the weights, empty where they come from the network's own function.
        data: where the images come from.
        dataset: images, labels, and calibration images.
    """

    network: nn.Module
    weights: str
    data: str
    dataset: Dataset

    @cached_property
    def images(self) -> StoredImages:
        """The images to classify, decoded.

        Raises:
            DataError: an image cannot be read.
        """
        return self.dataset.stored.decoded()

    def __len__(self) -> int:
        return len(self.dataset.stored)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the images were read."""
        return (*self.dataset.notes, *self.images.notes)

    @property
    def inputs(self) -> Tensor:
        """What the network is shown, as one tensor."""
        return self.images.tensor()

    def given(self, measure: Measure, design: Design, compute: str) -> tuple[StoredImages, Tensor, Tensor]:
        """What `evaluate` takes: images, labels and calibration images, on a compute device."""
        from bitline.data.labels import labels_for
        from bitline.evaluation.subject import classes_of
        from bitline.measures import ACCURACY

        labels = self.dataset.labels
        if measure == ACCURACY:
            labels = labels_for(self.dataset, classes_of(self.network, design, self.images))
        return self.images.to(compute), labels.to(compute), self.calibration.to(compute)

    def for_recalibration(self, count: int, compute: str) -> Tensor:
        """The first calibration images, on a compute device."""
        return self.calibration[:count].to(compute)

    @cached_property
    def calibration(self) -> Tensor:
        """The calibration images.

        Raises:
            BitlineError: there are none, or an image cannot be read.
        """
        images = self.dataset.stored_calibration
        if images is None or len(images) == 0:
            raise BitlineError(
                "there are no calibration images: use --calibration-images 1 or more, and data with enough images"
            )
        return images.decoded().tensor()


def chosen_design(name: str, settings: list[str] | None, allow_code: bool) -> Design:
    """The design that --design and --set say, whose code may run.

    Raises:
        DesignError: there is no such design, or a setting is impossible.
        BitlineError: the file names code that the person does not allow.
    """
    from bitline.design.settings import parse_settings

    return allowed_design(name, parse_settings(settings or []), allow_code)


def check_time(context: typer.Context, settings: list[str] | None) -> None:
    """Refuse --time beside --set cell.time, which says it, too.

    Args:
        context: of a command with --time.
        settings: of its --set.

    Raises:
        BitlineError: both were given.
    """
    from bitline.design.settings import flat, parse_settings

    if "cell.time" in flat(parse_settings(settings or [])):
        refuse_idle(context, "where --set cell.time says the time", "time")


def check_compute(name: str) -> str:
    """Refuse a place to compute that is not there.

    Raises:
        DeviceError: there is none of that name, or no GPU.
    """
    import torch

    kind, colon, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (colon and (kind == "cpu" or not number.isdecimal())):
        raise DeviceError(f"--compute is {name!r}: use cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "--compute cuda needs a CUDA GPU and a PyTorch built for it, and there is none here: use --compute cpu"
        )
    if number and int(number) >= torch.cuda.device_count():
        raise DeviceError(f"--compute is {name!r}, and there are {torch.cuda.device_count()} GPUs, counted from 0")
    return name


def check_picture(out: Path) -> None:
    """Refuse a picture whose format cannot be drawn, or that cannot be written.

    Raises:
        BitlineError: what is wrong with it.
    """
    from bitline.config.files import check_writable

    if out.suffix not in (".png", ".svg", ".pdf"):
        raise DesignError(f"--out is {str(out)!r}: use a .png, .svg or .pdf file")
    check_writable("--out", out)


def check_text(option: str, path: Path | None, kind: str) -> None:
    """Refuse a text file that cannot be written, or whose name is that of another kind of file.

    Args:
        option: that names the file.
        path: of the file, if one is wanted; without a suffix it can be that of a pipe.
        kind: suffix of what is written.

    Raises:
        BitlineError: what is wrong with it.
    """
    from bitline.config.files import check_writable

    if path is None:
        return
    if path.suffix not in ("", kind) or path.name == "-":
        raise BitlineError(f"{option} is {str(path)!r}: use a {kind} file")
    check_writable(option, path)


def beside(path: Path, suffix: str) -> Path:
    """The file of another kind beside a file.

    Raises:
        BitlineError: the path is empty, or that of a folder such as '/'.
    """
    if not path.name:
        raise BitlineError(f"{str(path)!r} is not a file: give the path of one")
    return path.with_suffix(f".{suffix}")


def one_of(what: str, name: str, known: Any) -> str:
    """A name, if it is a known one.

    Raises:
        BitlineError: it is not, and which ones there are.
    """
    from bitline.config.messages import nearest

    if name not in known:
        raise BitlineError(f"there is no {what} {name!r}{nearest(name, known)}")
    return name
