"""Operators of ONNX in full: the same outputs as ONNX's own reference."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.networks.onnx_file import read_onnx

pytestmark = pytest.mark.needs("ONNX")

DRAWS = np.random.default_rng(0)
WEIGHTS = DRAWS.standard_normal((8, 3)).astype(np.float32)


def written(path, kind, indices, **attributes):
    """A file that picks from 'x', (samples, 5, 8), and the file as its own reference computes it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    constants = [numpy_helper.from_array(np.asarray(indices), "indices"), numpy_helper.from_array(WEIGHTS, "w")]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"]),
        helper.make_node(kind, ["product", "indices"], ["y"], **attributes),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 5, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "graph", [x], [y], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return lambda images: ReferenceEvaluator(str(path)).run(None, {"x": images.numpy()})[0]


def every(shape, high, dtype=np.int64):
    return DRAWS.integers(-high, high, shape, dtype=dtype)


CASES = {
    "the last position": ("Gather", np.int64(-1), {"axis": 1}),
    "the first position": ("Gather", np.int64(0), {"axis": 1}),
    "some positions": ("Gather", np.array([-1, 0, -5]), {"axis": 1}),
    "a matrix of positions": ("Gather", np.array([[-1, 0], [2, -2]]), {"axis": -2}),
    "narrow numbers": ("Gather", np.array([-3, 1], dtype=np.int32), {"axis": 2}),
    "samples": ("Gather", np.array([-1, 0]), {}),
    "elements": ("GatherElements", every((4, 2, 3), 5), {"axis": 1}),
    "narrow elements": ("GatherElements", every((4, 5, 2), 3, np.int32), {"axis": 2}),
    "places": ("GatherND", every((6, 2), 4), {}),
    "places in each sample": ("GatherND", every((4, 2, 1), 5), {"batch_dims": 1}),
    "places in each position": ("GatherND", every((4, 5, 1), 3), {"batch_dims": 2}),
}


@pytest.mark.parametrize("case", CASES)
def test_picks_are_those_of_the_reference(case, tmp_path):
    kind, indices, attributes = CASES[case]
    reference = written(tmp_path / "net.onnx", kind, indices, **attributes)
    network, x = read_onnx(tmp_path / "net.onnx"), torch.randn(4, 5, 8)
    for each in (network, copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        with torch.no_grad():
            torch.testing.assert_close(each(x), torch.from_numpy(reference(x)), rtol=0, atol=1e-5)


def test_the_last_position_of_an_exported_network(tmp_path):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 3)

        def forward(self, x):
            return self.layer(torch.relu(x)[:, -1])

    torch.manual_seed(0)
    network, x, path = Last().eval(), torch.randn(40, 5, 8), tmp_path / "last.onnx"
    torch.onnx.export(network, (x,), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    read = read_onnx(path)
    with torch.no_grad():
        torch.testing.assert_close(read(x), network(x))
        assert float((convert(read, Design.load("ideal"), x)(x) - network(x)).std()) < 0.02
