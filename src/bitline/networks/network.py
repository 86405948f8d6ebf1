"""A network, the inputs it is made for, and its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from bitline.data.preprocess import Preprocess
from bitline.errors import DataError, NetworkError
from bitline.networks.weights import load_weights


@dataclass(frozen=True)
class Network:
    """A network and the inputs it is made for.

    Attributes:
        name: name on the command line.
        build: makes the network with random weights.
        preprocess: shape and normalisation of its images.
        weights: file of the weights that come with bitline; None if there are none.
        data: name of the images that come with bitline; None if there are none.

    Examples:
        >>> linear = Network("linear", lambda: nn.Linear(4, 2), Preprocess(None, mean=(0.0,), deviation=(1.0,)))
        >>> linear.images("pictures.npz")
        'pictures.npz'
        >>> linear.images(None)
        Traceback (most recent call last):
        bitline.errors.DataError: network 'linear' comes without images: give some (--data, or ...
    """

    name: str
    build: Callable[[], nn.Module]
    preprocess: Preprocess
    weights: Path | None = None
    data: str | None = None

    def images(self, source: str | None) -> str:
        """Where the images come from: what the user asked for, or those that come with the network.

        Args:
            source: what the user asked for, if anything.

        Raises:
            DataError: nothing was asked for, and the network comes without images.
        """
        if source is None and self.data is None:
            raise DataError(
                f"network {self.name!r} comes without images: give some (--data, or data.source in a study)"
            )
        return str(self.data if source is None else source)


def load_network(network: Network, weights: Path | None = None) -> nn.Module:
    """Build a network in eval mode and load its weights.

    Args:
        network: what to build.
        weights: file of its weights; those that come with the network if None.

    Raises:
        NetworkError: the network comes without weights and no file was given, or the weights do not fit.

    Examples:
        >>> from bitline.networks import find_network
        >>> model = load_network(find_network("fashion-resnet"))
        >>> model.training, sum(weight.numel() for weight in model.parameters())
        (False, 77754)
    """
    weights = weights or network.weights
    if weights is None and ":" not in network.name:
        raise NetworkError(f"network {network.name!r} comes without weights: give a file with --weights")
    model = network.build()
    return (model if weights is None else load_weights(model, weights)).eval()
