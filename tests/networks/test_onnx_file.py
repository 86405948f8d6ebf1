"""Networks in ONNX files: the same outputs as ONNX's own reference, on layers of `torch.nn`."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert, evaluate
from bitline.data import load_dataset
from bitline.data.preprocess import UNIT
from bitline.errors import LeftOutWarning, NetworkError, StudyError
from bitline.networks import find_network, load_network
from bitline.networks.onnx_file import read_onnx
from bitline.nn import analog_layers
from bitline.study import Study, read_results, sweep

pytestmark = pytest.mark.needs("ONNX")

DRAWS = np.random.default_rng(0)


def values(*shape):
    return DRAWS.standard_normal(shape).astype(np.float32)


def written(path, nodes, constants, shape=(None, 4, 9, 9), rank=None, **options):
    """An ONNX file with one input 'x' and one output 'y', and the file as its own reference computes it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    sizes = ["batch" if size is None else size for size in shape]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)]
    inputs += [helper.make_tensor_value_info(name, 1, constants[name].shape) for name in options.get("as_inputs", ())]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * (rank or len(shape)))
    graph = helper.make_graph(nodes, "graph", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path, save_as_external_data=options.get("external", False), size_threshold=0)
    return lambda images: ReferenceEvaluator(str(path)).run(None, {"x": images.numpy()})[0]


def node(kind, *inputs, output="y", **attributes):
    from onnx import helper

    return helper.make_node(kind, inputs, [output], **attributes)


CONVOLUTIONS = {
    "plain": ((6, 4, 3, 3), {}),
    "strides and pads": ((6, 4, 3, 3), {"strides": [2, 1], "pads": [1, 0, 1, 0]}),
    "pads that differ": ((6, 4, 3, 2), {"pads": [0, 1, 2, 0]}),
    "dilated": ((6, 4, 3, 3), {"dilations": [2, 1], "pads": [2, 1, 2, 1]}),
    "grouped": ((6, 2, 3, 3), {"group": 2}),
    "depthwise": ((4, 1, 3, 3), {"group": 4}),
    "same, upper": ((6, 4, 3, 4), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same, lower": ((6, 4, 2, 4), {"auto_pad": "SAME_LOWER", "strides": [1, 1]}),
    "valid": ((6, 4, 3, 3), {"auto_pad": "VALID", "strides": [2, 2]}),
}


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_are_layers(tmp_path, case, has_bias):
    shape, attributes = CONVOLUTIONS[case]
    constants = {"stem.weight": values(*shape), **({"stem.bias": values(shape[0])} if has_bias else {})}
    reference = written(tmp_path / "net.onnx", [node("Conv", "x", *constants, **attributes)], constants)
    network, images = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(3, 4, 9, 9))
    (layer,) = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    assert torch.equal(layer.weight, torch.from_numpy(constants["stem.weight"]))
    assert not list(network.buffers())  # the weights are in the layer alone
    np.testing.assert_allclose(network(images).detach().numpy(), reference(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
def test_layers_of_other_dimensions(tmp_path, kind, dimensions):
    constants = {"w": values(4, 4, *[3] * dimensions), "b": values(4)}
    shape = (None, 4, *[7] * dimensions)
    pads = {"pads": [1] * 2 * dimensions, "strides": [2] * dimensions}
    reference = written(tmp_path / "net.onnx", [node(kind, "x", "w", "b", **pads)], constants, shape)
    network, images = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(2, *shape[1:]))
    assert [type(module).__name__ for module in network.children()] == [f"{kind}{dimensions}d"]
    np.testing.assert_allclose(network(images).detach().numpy(), reference(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("groups", [1, 2])  # ONNX's reference fails on groups, hence PyTorch's function
@pytest.mark.parametrize("attributes", [{}, {"output_padding": [1, 0], "dilations": [1, 2]}])
def test_transposed_convolutions_are_layers(tmp_path, attributes, groups):
    constants = {"w": values(4, 3, 3, 2), "b": values(3 * groups)}
    nodes = [node("ConvTranspose", "x", "w", "b", strides=[2, 2], pads=[1, 0, 1, 0], group=groups, **attributes)]
    written(tmp_path / "net.onnx", nodes, constants)
    network, images = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(2, 4, 9, 9))
    assert [type(module).__name__ for module in network.children()] == ["ConvTranspose2d"]
    options = {"output_padding": attributes.get("output_padding", 0), "dilation": attributes.get("dilations", 1)}
    wanted = nn.functional.conv_transpose2d(
        images, *map(torch.from_numpy, constants.values()), stride=2, padding=(1, 0), groups=groups, **options
    )
    assert torch.allclose(network(images), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bias", [(), (6,), (1,), (1, 6)])
@pytest.mark.parametrize("attributes", [{"transB": 1}, {"alpha": 0.5, "beta": 2.0}])
def test_general_products_are_layers(tmp_path, bias, attributes):
    weight = values(*((6, 4) if "transB" in attributes else (4, 6)))
    constants = {"w": weight, "b": values(*bias)}
    reference = written(tmp_path / "net.onnx", [node("Gemm", "x", "w", "b", **attributes)], constants, (None, 4))
    network, rows = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(5, 4))
    assert [type(module).__name__ for module in network.children()] == ["Linear"]
    np.testing.assert_allclose(network(rows).detach().numpy(), reference(rows), rtol=1e-4, atol=1e-5)


def test_what_is_added_to_a_product_is_its_bias_and_shared_weights_are_one_layer(tmp_path):
    nodes = [
        node("MatMul", "x", "w", output="a"),
        node("Add", "fc.bias", "a", output="b"),
        node("MatMul", "b", "w", output="c"),
        node("Add", "c", "fc.bias", output="d"),
        node("MatMul", "d", "v", output="e"),
        node("Add", "e", "d"),
    ]
    constants = {"w": values(4, 4), "v": values(4, 4), "fc.bias": values(4)}
    reference = written(tmp_path / "net.onnx", nodes, constants, (None, 5, 4))
    network, rows = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(3, 5, 4))
    assert {name: layer.bias is not None for name, layer in network.named_children()} == {"fc": True, "matmul": False}
    np.testing.assert_allclose(network(rows).detach().numpy(), reference(rows), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [{"as_inputs": ["w", "b"]}, {"external": True}])
def test_weights_wherever_they_lie(tmp_path, options):
    constants = {"w": values(6, 4), "b": values(6)}
    nodes = [node("Gemm", "x", "w", "b", transB=1)]
    reference = written(tmp_path / "net.onnx", nodes, constants, (None, 4), **options)
    network, rows = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(5, 4))
    np.testing.assert_allclose(network(rows).detach().numpy(), reference(rows), rtol=1e-4, atol=1e-5)


def test_shared_weights_are_padded_for_each_size(tmp_path):
    nodes = [
        node("Conv", "x", "w", output="a", auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Conv", "a", "w", auto_pad="SAME_UPPER", strides=[2, 2]),
    ]
    constants = {"w": values(4, 4, 3, 3)}
    reference = written(tmp_path / "net.onnx", nodes, constants, (None, 4, 12, 11))  # then 6 x 6: other zeros
    network, images = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(2, 4, 12, 11))
    np.testing.assert_allclose(network(images).detach().numpy(), reference(images), rtol=1e-4, atol=1e-3)


class Small(nn.Module):
    """Convolutions with a norm, a residual, attention-like products, and a sum over positions."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.mix, self.head = nn.Linear(8, 8), nn.Linear(8, 5, bias=False)

    def forward(self, images):
        tokens = self.stem(images).flatten(2).transpose(1, 2)
        scores = torch.softmax(tokens @ self.mix(tokens).transpose(1, 2), -1)
        return self.head(tokens + scores @ tokens).mean(1)


@pytest.fixture(params=[True, False], ids=["dynamo", "traced"])
def exported(request, tmp_path):
    torch.manual_seed(0)
    network, images = Small().eval(), torch.rand(2, 3, 6, 6)
    shapes = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    axes = {"dynamic_axes": {"images": {0: "batch"}}, "input_names": ["images"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter that PyTorch is about to drop
        options = shapes if request.param else axes
        torch.onnx.export(network, (images,), tmp_path / "net.onnx", dynamo=request.param, verbose=False, **options)
    return network, tmp_path / "net.onnx"


def test_an_exported_network_runs_on_arrays_as_before(exported):
    network, path = exported
    images = torch.rand(7, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    again = read_onnx(path)
    assert torch.allclose(again(images), network(images), atol=1e-6)
    found, wanted = (convert(each, Design(), images) for each in (again, network))
    assert len(list(analog_layers(found))) == len(list(analog_layers(wanted))) == 3
    assert {"stem_0", "mix"} <= {name for name, _ in again.named_children()}
    # a folded batch norm changes the weights of the first layer, hence its steps
    assert (found(images) - wanted(images)).abs().max() < 0.02 * network(images).abs().max()


def test_a_study_of_a_file_gives_the_numbers_of_evaluate(exported, tmp_path):
    """Workers build the network again; the store knows the file."""
    images = torch.rand(24, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    labels = exported[0](images).argmax(1)
    np.savez(tmp_path / "data.npz", x=images.numpy(), y=labels.numpy())
    data = {"source": str(tmp_path / "data.npz"), "calibration_images": 8}
    axes = [{"setting": "adc.bits", "values": [3, 8]}]
    study = Study(model={"name": str(exported[1])}, data=data, run={"chips": 2}, axes=axes)
    sweep(study, tmp_path / "study.sqlite", workers=2)
    result = read_results(tmp_path / "study.sqlite")
    shown = load_dataset(data["source"], UNIT).split(None, 8)
    network = load_network(find_network(str(exported[1])))
    for found in result.designs:
        design = Design().with_settings({"adc.bits": found.value("adc.bits")})
        expected = evaluate(network, design, shown.images, shown.labels, shown.calibration, chips=2)
        assert found.chip_values == expected.chip_accuracies
    exported[1].write_bytes(exported[1].read_bytes() + b"\x1a\x00")  # an empty name of the graph's domain: another file
    with pytest.raises(StudyError, match="model"):
        sweep(study, tmp_path / "study.sqlite")


def test_copies_keep_weights_that_changed(exported):
    again = read_onnx(exported[1])
    with torch.no_grad():
        again.mix.weight.mul_(2)
    images = torch.rand(3, 3, 6, 6)
    for other in (copy.deepcopy(again), pickle.loads(pickle.dumps(again))):
        assert torch.equal(other(images), again(images))


def test_recurrent_nodes_stay_digital_and_are_told(tmp_path):
    from onnx import helper

    lstm = helper.make_node("LSTM", ["steps", "w", "r"], ["h"], hidden_size=4)
    nodes = [
        node("Transpose", "x", output="steps", perm=[1, 0, 2]),
        lstm,
        node("Squeeze", "h", "axis", output="s"),
        node("Transpose", "s", output="samples", perm=[1, 0, 2]),
        node("MatMul", "samples", "head"),
    ]
    constants = {"w": values(1, 16, 3), "r": values(1, 16, 4), "head": values(4, 2), "axis": np.array([1])}
    reference = written(tmp_path / "net.onnx", nodes, constants, (None, 5, 3))
    network, steps = read_onnx(tmp_path / "net.onnx"), torch.from_numpy(values(2, 5, 3))
    np.testing.assert_allclose(network(steps).detach().numpy(), reference(steps), rtol=1e-4, atol=1e-5)
    with pytest.warns(LeftOutWarning, match="of the weights that multiply stay digital"):
        convert(network, Design(), steps)


def test_files_that_cannot_be_used_are_refused(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x08\x01no model")
    with pytest.raises(NetworkError, match="cannot read"):
        read_onnx(path)
    written(path, [node("Mystery", "x", output="a", domain="of.others"), node("Relu", "a")], {})
    with pytest.raises(NetworkError, match=r"has operators that onnx2fx does not know: Mystery"):
        read_onnx(path)
    scale = {"scale": np.float32(0.1), "zero": np.uint8(0)}
    steps = [node("QuantizeLinear", "x", *scale, output="q"), node("DequantizeLinear", "q", *scale)]
    written(path, steps, scale)
    with pytest.raises(NetworkError, match="quantised already"):
        read_onnx(path)


@pytest.mark.parametrize("rows", [1, -1])
def test_a_network_for_one_number_of_samples_is_refused(tmp_path, rows):
    nodes = [node("Reshape", "x", "shape", output="a"), node("MatMul", "a", "w")]
    constants = {"shape": np.array([rows, 12]), "w": values(12, 2)}
    written(tmp_path / "net.onnx", nodes, constants, (1, 3, 4), rank=2)
    if rows == 1:
        with pytest.raises(NetworkError, match="takes 1 sample at once"):
            read_onnx(tmp_path / "net.onnx")
    else:  # named in the file, but not needed
        assert read_onnx(tmp_path / "net.onnx")(torch.rand(5, 3, 4)).shape == (5, 2)
