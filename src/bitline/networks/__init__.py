"""Networks with a weights loader. To add one, write a function that builds it and add it to `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from torch import nn

from bitline.config.imports import import_object
from bitline.config.messages import nearest
from bitline.data.preprocess import CIFAR10, FASHION_MNIST, IMAGENET, IMAGENET_TENSORFLOW, UNIT, Preprocess
from bitline.errors import DataError, NetworkError
from bitline.networks.cifar_resnet import cifar_resnet20, cifar_resnet32, cifar_resnet56
from bitline.networks.efficientnet_lite import EfficientNetLite0
from bitline.networks.fashion_resnet import FashionResNet
from bitline.networks.imagenet_resnet import resnet18, resnet50
from bitline.networks.low_bit import cifar_resnet20_4bit, fashion_resnet_4bit
from bitline.networks.weights import load_weights


@dataclass(frozen=True)
class Network:
    """A network and the inputs it is made for.

    Attributes:
        name: name on the command line.
        build: makes the network with random weights.
        preprocess: image shape and normalisation.
        weights: weights that come with bitline, if any.
        data: name of images that come with bitline, if any.
    """

    name: str
    build: Callable[[], nn.Module]
    preprocess: Preprocess
    weights: Path | None = None
    data: str | None = None

    def images(self, source: str | None) -> str:
        """Where the images come from: those asked for, or its own.

        Args:
            source: what the user asked for, if anything.

        Raises:
            DataError: nothing was asked for, and it has none.
        """
        if source is None and self.data is None:
            raise DataError(
                f"network {self.name!r} comes without images: give some (--data, or data.source in a study)"
            )
        return str(self.data if source is None else source)


EMBEDDED = Path(str(resources.files("bitline") / "data" / "embedded"))

NETWORKS = {
    network.name: network
    for network in (
        Network(
            "fashion-resnet", FashionResNet, FASHION_MNIST, EMBEDDED / "fashion_resnet.safetensors", "fashion-mnist"
        ),
        Network(
            "fashion-resnet-4bit",
            fashion_resnet_4bit,
            FASHION_MNIST,
            EMBEDDED / "fashion_resnet_4bit.safetensors",
            "fashion-mnist",
        ),
        Network("cifar-resnet20", cifar_resnet20, CIFAR10),
        Network("cifar-resnet20-4bit", cifar_resnet20_4bit, CIFAR10, EMBEDDED / "cifar_resnet20_4bit.safetensors"),
        Network("cifar-resnet32", cifar_resnet32, CIFAR10),
        Network("cifar-resnet56", cifar_resnet56, CIFAR10),
        Network("resnet18", resnet18, IMAGENET),
        Network("efficientnet-lite0", EfficientNetLite0, IMAGENET_TENSORFLOW),
        Network("resnet50", resnet50, IMAGENET),
    )
}


def find_network(name: str) -> Network:
    """A network by its name, or `package.module:function` for one of your own.

    A function of your own returns a module, or a `Network` that also says which inputs it takes.

    Raises:
        NetworkError: no such network or function.
    """
    if ":" not in name:
        if name not in NETWORKS:
            raise NetworkError(f"there is no network {name!r}{nearest(name, NETWORKS)}, or package.module:function")
        return NETWORKS[name]
    made = _imported(name)()
    if isinstance(made, Network):
        return made
    if not isinstance(made, nn.Module):
        raise NetworkError(f"{name} returned {type(made).__name__}: it must return a torch.nn.Module")
    return Network(name, lambda: made, UNIT)


def load_network(network: Network, weights: Path | None = None) -> nn.Module:
    """Build a network in eval mode and load its weights.

    Raises:
        NetworkError: a network that has no weights of its own and was given none, or weights that do not fit.
    """
    weights = weights or network.weights
    if weights is None and ":" not in network.name:
        raise NetworkError(f"network {network.name!r} comes without weights: give a file with --weights")
    model = network.build()
    return (model if weights is None else load_weights(model, weights)).eval()


def _imported(name: str) -> Any:
    try:
        return import_object(name)
    except (ImportError, AttributeError) as error:
        raise NetworkError(f"cannot import the network {name!r}: {error}") from None


__all__ = ["NETWORKS", "Network", "find_network", "load_network", "load_weights"]
