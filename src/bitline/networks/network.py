"""A network, the inputs it is made for, and its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from bitline.config.code_names import is_code
from bitline.data.dataset import Dataset
from bitline.data.load import load_dataset
from bitline.data.load_samples import sample_file, without_length
from bitline.data.own_data import own_data
from bitline.data.preprocess import Preprocess
from bitline.data.read_samples import Takes
from bitline.data.split_samples import SplitSamples
from bitline.errors import DataError, NetworkError
from bitline.networks.weights import load_weights


@dataclass(frozen=True)
class Network:
    """A network and the inputs it is made for.

    Attributes:
        name: name on the command line.
        build: makes the network with random weights.
        preprocess: shape and normalisation of its images; or what says how its inputs are made of other files: a
            `TextWindows`, `Sentences` or `Recordings`.
        weights: file of the weights that come with bitline; None if there are none.
        data: name of the images that come with bitline; None if there are none.
        measure: name of what is measured if nobody says otherwise.
        is_whole: whether `build` gives it its weights, and no others will do.
        digest: of the file that says what it computes, where that is no code; so that stores notice another one.

    Examples:
        >>> linear = Network("linear", lambda: nn.Linear(4, 2), Preprocess(None, mean=(0.0,), deviation=(1.0,)))
        >>> linear.images("pictures.npz")
        'pictures.npz'
        >>> linear.images(None)
        Traceback (most recent call last):
        bitline.errors.DataError: network 'linear' comes without data: give some (--data, or ...
    """

    name: str
    build: Callable[[], nn.Module]
    preprocess: Preprocess | Takes
    weights: Path | None = None
    data: str | None = None
    measure: str = "accuracy"
    is_whole: bool = False
    digest: str = ""

    @property
    def pictures(self) -> Preprocess:
        """Shape and normalisation of its images.

        Raises:
            DataError: it takes none.
        """
        if not isinstance(self.preprocess, Preprocess):
            raise DataError(f"network {self.name!r} takes no images, but {self.preprocess.wants}")
        return self.preprocess

    def images(self, source: str | None) -> str:
        """Where the data comes from: what the user asked for, or the images that come with the network.

        Args:
            source: what the user asked for, if anything.

        Raises:
            DataError: nothing was asked for, and the network comes without data.
        """
        if source is None and self.data is None:
            raise DataError(f"network {self.name!r} comes without data: give some (--data, or data.source in a study)")
        return str(self.data if source is None else source)

    def data_of(
        self, source: str | None, model: nn.Module, images: int | None, calibration: int | None, length: int | None
    ) -> Dataset | SplitSamples:
        """What the network is shown: labelled images, all of the source, or other samples, as many as are asked for.

        Args:
            source: path, or import path of a function of the user's; what comes with the network if None.
            model: the network with its weights.
            images: samples to measure on; all if None.
            calibration: samples to set apart.
            length: of every sample, of texts and recordings; what suits the network if None.

        Raises:
            DataError: there is no such data, or the network cannot take it.

        Examples:
            >>> from bitline.networks import find_network
            >>> network = find_network("fashion-resnet")
            >>> network.data_of(None, load_network(network), 10, 10, None).images.shape
            torch.Size([1000, 1, 28, 28])
        """
        if is_code(source):
            if length is not None:
                raise without_length(str(source))
            return own_data(str(source), model, images, calibration)
        named = self.images(source)
        file = sample_file(named, self.preprocess, length)
        return load_dataset(named, self.pictures) if file is None else file.read(model, images, calibration)


def load_network(network: Network, weights: Path | None = None) -> nn.Module:
    """Build a network in eval mode and load its weights.

    Args:
        network: what to build.
        weights: file of its weights; those that come with the network if None.

    Raises:
        NetworkError: the network comes without weights and no file was given, one was given for a network that is
            whole, or the weights do not fit.

    Examples:
        >>> from bitline.networks import find_network
        >>> model = load_network(find_network("fashion-resnet"))
        >>> model.training, sum(weight.numel() for weight in model.parameters())
        (False, 77754)
    """
    if network.is_whole:
        if weights is not None:
            raise NetworkError(
                f"network {network.name!r} has its own weights: leave --weights {weights} out, or save a network with "
                "them (save_pretrained, or torch.onnx.export) and give that with --model"
            )
        return network.build().eval()
    weights = weights or network.weights
    if weights is None and ":" not in network.name:
        raise NetworkError(f"network {network.name!r} comes without weights: give a file with --weights")
    model = network.build()
    return (model if weights is None else load_weights(model, weights)).eval()
