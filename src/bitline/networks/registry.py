"""The networks that a user can name: one line each."""

from __future__ import annotations

from pathlib import Path

import bitline.data
from bitline.config.messages import nearest
from bitline.config.trust import is_import_path
from bitline.config.weight_files import SUFFIXES
from bitline.data.preprocess import CIFAR10, FASHION_MNIST, IMAGENET, IMAGENET_TENSORFLOW
from bitline.errors import NetworkError
from bitline.networks.cifar_resnet import cifar_resnet20, cifar_resnet32, cifar_resnet56
from bitline.networks.efficientnet_lite import EfficientNetLite0
from bitline.networks.fashion_resnet import FashionResNet
from bitline.networks.fashion_vit import FashionViT
from bitline.networks.folder import folder_network, is_folder_network
from bitline.networks.imagenet_resnet import resnet18, resnet50
from bitline.networks.low_bit import cifar_resnet20_4bit, fashion_resnet_4bit
from bitline.networks.network import Network
from bitline.networks.onnx_file import is_onnx_network, onnx_network
from bitline.networks.own import own_network

EMBEDDED = Path(bitline.data.__file__).parent / "embedded"
"""Folder of the weights and images that come with bitline."""

FASHION_WEIGHTS = EMBEDDED / "fashion_resnet.safetensors"
FASHION_WEIGHTS_4BIT = EMBEDDED / "fashion_resnet_4bit.safetensors"
FASHION_VIT_WEIGHTS = EMBEDDED / "fashion_vit.safetensors"
CIFAR_WEIGHTS_4BIT = EMBEDDED / "cifar_resnet20_4bit.safetensors"

NETWORKS = {
    network.name: network
    for network in (
        Network("fashion-resnet", FashionResNet, FASHION_MNIST, FASHION_WEIGHTS, "fashion-mnist"),
        Network("fashion-resnet-4bit", fashion_resnet_4bit, FASHION_MNIST, FASHION_WEIGHTS_4BIT, "fashion-mnist"),
        Network("fashion-vit", FashionViT, FASHION_MNIST, FASHION_VIT_WEIGHTS, "fashion-mnist"),
        Network("cifar-resnet20", cifar_resnet20, CIFAR10),
        Network("cifar-resnet20-4bit", cifar_resnet20_4bit, CIFAR10, CIFAR_WEIGHTS_4BIT),
        Network("cifar-resnet32", cifar_resnet32, CIFAR10),
        Network("cifar-resnet56", cifar_resnet56, CIFAR10),
        Network("resnet18", resnet18, IMAGENET),
        Network("efficientnet-lite0", EfficientNetLite0, IMAGENET_TENSORFLOW),
        Network("resnet50", resnet50, IMAGENET),
    )
}
"""Networks by their names."""


def find_network(name: str) -> Network:
    """A network by its name, a folder of Hugging Face's, an .onnx file, or `package.module:function` for your own.

    For folders, see `folder_network`, for files `onnx_network`. The module of a function is imported; it needs no
    arguments, and returns a module, or a `Network` that also says which inputs it takes; a module or a class of modules
    does as well.

    Args:
        name: name of a network, a folder, a file, or import path of a function.

    Raises:
        NetworkError: there is no such network or function, its code fails, or the function returns something else.

    Examples:
        >>> find_network("cifar-resnet20").preprocess.shape
        (3, 32, 32)
        >>> find_network("resnet5")
        Traceback (most recent call last):
        bitline.errors.NetworkError: there is no network 'resnet5': did you mean 'resnet50'?, or package.module:function
    """
    if name in NETWORKS:
        return NETWORKS[name]
    if is_import_path(name):
        return own_network(name)
    if is_folder_network(name):
        return folder_network(name)
    if is_onnx_network(name):
        return onnx_network(name)
    if Path(name).suffix in SUFFIXES:
        raise NetworkError(f"{name} is a file of weights: give it with --weights, and the network with --model")
    raise NetworkError(
        f"there is no network {name!r}{nearest(name, NETWORKS)}, or package.module:function" + _of_the_hub(name)
    )


def _of_the_hub(name: str) -> str:
    """What is to be said of a name that looks like one of Hugging Face's hub."""
    parts = name.split("/")
    if len(parts) != 2 or not all(parts):
        return ""
    return (
        f"; there is no folder {name}, and nothing is downloaded: get it first, for example with 'hf download {name} "
        f"--local-dir {parts[1]}', and give that folder"
    )
