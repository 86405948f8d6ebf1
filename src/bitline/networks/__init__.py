"""Networks that come with bitline, and a loader of weights.

To add one, write one file with a function that builds it and add a line to `NETWORKS` in `registry.py`.
"""

from bitline.networks.folder import folder_network
from bitline.networks.network import Network, load_network
from bitline.networks.onnx_file import onnx_network, read_onnx
from bitline.networks.registry import NETWORKS, find_network
from bitline.networks.weights import load_weights

__all__ = [
    "NETWORKS",
    "Network",
    "find_network",
    "folder_network",
    "load_network",
    "load_weights",
    "onnx_network",
    "read_onnx",
]
