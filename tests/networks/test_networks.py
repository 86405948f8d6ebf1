"""Networks that come with bitline, and their weights files."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import fx, nn

from bitline import Design, analog_layers, convert
from bitline.config.weight_files import SUFFIXES
from bitline.data import load_dataset
from bitline.errors import NetworkError
from bitline.evaluation.remedies import fine_tune
from bitline.networks import NETWORKS, Network, find_network, load_network, load_weights
from bitline.networks.low_bit import SteppedReLU, prepare_training
from bitline.networks.registry import EMBEDDED
from bitline.networks.weights import READERS


def parameters(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def cifar_parameters(depth: int) -> int:
    """He et al. 2016, section 4.2: 6n+2 layers of 16, 32 and 64 channels, shortcuts without parameters."""
    n = (depth - 2) // 6
    convolutions = 3 * 9 * 16 + sum(9 * a * b for a, b in [(16, 32), (32, 64)])
    convolutions += 9 * (16 * 16 * 2 * n + 32 * 32 * (2 * n - 1) + 64 * 64 * (2 * n - 1))
    norms = 2 * (16 + 2 * n * (16 + 32 + 64))
    return convolutions + norms + 64 * 10 + 10


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("resnet50", 25_557_032),
        ("resnet18", 11_689_512),
        ("efficientnet-lite0", 4_652_008),
        ("cifar-resnet20", cifar_parameters(20)),
        ("cifar-resnet32", cifar_parameters(32)),
        ("cifar-resnet56", cifar_parameters(56)),
    ],
)
def test_networks_have_as_many_parameters_as_published(name, count):
    assert parameters(NETWORKS[name].build()) == count


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_can_be_traced_and_take_their_inputs(name):
    network = NETWORKS[name]
    model = network.build().eval()
    fx.symbolic_trace(model)
    classes = 1000 if name.startswith(("resnet", "efficientnet")) else 10
    assert model(torch.zeros(1, *network.preprocess.shape)).shape == (1, classes)


def test_the_embedded_network_is_small_and_as_accurate_as_it_says(fashion):
    model, data = fashion
    assert sum(file.stat().st_size for file in EMBEDDED.iterdir()) < 3e6
    with safe_open(EMBEDDED / "fashion_resnet.safetensors", "pt") as file:
        published = float(file.metadata()["test_accuracy"])
    assert published >= 0.925
    with torch.no_grad():
        right = (model(data.images).argmax(1) == data.labels).double().mean()
    assert len(data.images) == 1000 and len(data.calibration) == 200
    assert float(right) == pytest.approx(published, abs=0.02)


def test_the_embedded_transformer_is_as_accurate_as_it_says_and_runs_on_arrays(fashion):
    _, data = fashion
    model = load_network(find_network("fashion-vit"))
    path = EMBEDDED / "fashion_vit.safetensors"
    with safe_open(path, "pt") as file:
        published = float(file.metadata()["test_accuracy"])
    assert path.stat().st_size < 1e6
    with torch.no_grad():
        right = model(data.images).argmax(1) == data.labels
        assert float(right.double().mean()) == pytest.approx(published, abs=0.025)
        design = Design.load("ideal").with_settings({"inputs.range": "per-vector"})
        analog = convert(model, design, data.calibration[:4])
        assert len(list(analog_layers(analog))) == 1 + 4 * 6 + 1
        same = analog(data.images[:32]).argmax(1) == model(data.images[:32]).argmax(1)
    assert same.sum() >= 30


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth", ".npz"])
def test_weights_come_back_from_every_format(tmp_path, suffix):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    state = {name: value for name, value in model.state_dict().items() if "num_batches" not in name}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(state, path)
    elif suffix == ".npz":
        np.savez(path, **{name: value.numpy() for name, value in state.items()})
    else:
        torch.save(state, path)
    other = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    load_weights(other, path)
    for saved, loaded in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(saved, loaded)


def test_weights_that_do_not_fit_are_refused_in_one_message(tmp_path):
    good = nn.Linear(3, 2)
    cases = {
        "missing": {"weight": good.weight},
        "additional": {**good.state_dict(), "other": torch.ones(1)},
        "(2, 4)": {"weight": torch.ones(2, 4), "bias": good.bias},
        "NaN": {"weight": torch.full((2, 3), float("nan")), "bias": good.bias},
    }
    for words, state in cases.items():
        path = tmp_path / "weights.pt"
        torch.save(state, path)
        with pytest.raises(NetworkError) as caught:
            load_weights(nn.Linear(3, 2), path)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_files_that_are_not_weights_are_refused(tmp_path):
    (tmp_path / "weights.pt").write_text("nothing")
    (tmp_path / "weights.h5").write_text("nothing")
    for name, words in [
        ("weights.pt", "cannot read"),
        ("weights.h5", "use .safetensors"),
        ("none.pt", "no weights file"),
    ]:
        with pytest.raises(NetworkError, match=words):
            load_weights(nn.Linear(3, 2), tmp_path / name)


def test_unknown_networks_are_refused_with_the_nearest_name():
    with pytest.raises(NetworkError, match="did you mean 'resnet50'"):
        find_network("resnet5")
    with pytest.raises(NetworkError, match="comes without weights"):
        load_network(find_network("resnet50"))


def test_a_network_of_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "mynets.py").write_text(
        "from torch import nn\ndef build():\n    return nn.Linear(3, 2)\ndef wrong():\n    return 5\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    network = find_network("mynets:build")
    assert isinstance(network, Network)
    assert not load_network(network).training
    for name, words in [("mynets:absent", "cannot import"), ("mynets:wrong", "must return a torch.nn.Module")]:
        with pytest.raises(NetworkError, match=words):
            find_network(name)


def accuracy(model, data, count, batch=50):
    with torch.no_grad():
        right = sum(
            int((model(data.images[i : i + batch]).argmax(1) == data.labels[i : i + batch]).sum())
            for i in range(0, count, batch)
        )
    return right / count


@pytest.mark.parametrize(("depth", "published"), [(20, 0.9173), (32, 0.9263)])
def test_cifar_weights_have_their_published_accuracy(shared, depth, published):
    network = find_network(f"cifar-resnet{depth}")
    model = load_network(network, shared / "weights" / f"cifar10_resnet{depth}.safetensors")
    data = load_dataset(shared / "cifar10" / "test_10000.png", network.preprocess)
    assert accuracy(model, data, 1000, 100) == pytest.approx(published, abs=0.03)


def test_depthwise_weights_have_their_known_accuracy(shared):
    network = find_network("efficientnet-lite0")
    model = load_network(network, shared / "weights" / "imagenet_efficientnet_lite0_fp16.safetensors")
    data = load_dataset(shared / "imagenet" / "val1300_227.zip", network.preprocess)
    assert accuracy(model, data, 40, 20) > 0.7


def test_product_quantised_weights_are_expanded(shared):
    network = find_network("resnet18")
    model = load_network(network, shared / "weights" / "imagenet_resnet18_pqf.pth")
    data = load_dataset(shared / "imagenet" / "val1300_227.zip", network.preprocess)
    assert accuracy(model, data, 40, 20) > 0.6


def test_images_that_do_not_fit_leave_the_steps_of_a_network_alone():
    network = nn.Sequential(nn.Linear(4, 4), SteppedReLU(), nn.Linear(3, 2))
    with pytest.raises(RuntimeError):
        prepare_training(network, torch.rand(8, 4))
    step = network[1].step.detach().clone()
    network[1](torch.rand(8, 4) * 100)
    assert torch.equal(network[1].step, step)


# -- checkpoints as they come


def saved_as(folder, content, name="weights.ckpt"):
    torch.save(content, folder / name)
    return folder / name


WRAPPED = {
    "a state dict": lambda state: state,
    "with an optimiser": lambda state: {"epoch": 3, "model": state, "optimizer": {"lr": torch.ones(1)}},
    "state_dict": lambda state: {"state_dict": state},
    "DataParallel": lambda state: {f"module.{name}": value for name, value in state.items()},
    "torch.compile": lambda state: {f"_orig_mod.{name}": value for name, value in state.items()},
    "compiled inside": lambda state: {name.replace("0.", "0._orig_mod.", 1): value for name, value in state.items()},
    "Lightning": lambda state: {
        "pytorch-lightning_version": "2.5",
        "state_dict": {f"model.{name}": value for name, value in state.items()} | {"loss.weight": torch.ones(5)},
    },
    "arguments and numbers": lambda state: {
        "model": state,
        "args": Namespace(lr=0.1, data="images"),
        "best": np.float64(71.2),
        "epoch": np.int64(3),
    },
    "params": lambda state: {"params": state},
    "params_ema": lambda state: {"params_ema": state},
    "all of it": lambda state: {"model": {f"module._orig_mod.net.{name}": value for name, value in state.items()}},
}


@pytest.mark.parametrize("name", WRAPPED)
def test_checkpoints_load_as_they_come(name, tmp_path):
    make = lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))  # noqa: E731
    saved = make()
    loaded = load_weights(make(), saved_as(tmp_path, WRAPPED[name](saved.state_dict())))
    assert all(torch.equal(value, loaded.state_dict()[key]) for key, value in saved.state_dict().items())


def test_weights_that_layers_share_may_be_in_the_file_once(tmp_path):
    def make():
        network = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False))
        network[1].weight = network[0].weight
        return network

    saved = make()
    loaded = load_weights(make(), saved_as(tmp_path, {"0.weight": saved[0].weight.detach()}))
    assert torch.equal(loaded[1].weight, saved[0].weight)


TWICE = {f"{copy}.{name}": value for copy in "ab" for name, value in nn.Linear(3, 2).state_dict().items()}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"fc.weight": torch.ones(2, 3)},
            r"only in the file: fc.weight \(2, 3\); only in the network: weight \(2, 3\)",
        ),
        (TWICE, "2 times, under a. and b."),
        ({"epoch": 3}, "holds no weights, but epoch"),
        ([1, 2], "holds a list"),
    ],
)
def test_a_file_of_another_network_says_what_is_in_it(content, words, tmp_path):
    with pytest.raises(NetworkError, match=words):
        load_weights(nn.Linear(3, 2), saved_as(tmp_path, content))


STATE = {name: torch.ones_like(value) for name, value in nn.Linear(3, 2).state_dict().items()}
OTHER = {name: 2 * value for name, value in STATE.items()}
AMBIGUOUS = {
    "both 'module.weight' and 'weight'": {
        **{f"module.{name}": value for name, value in STATE.items()},
        "weight": 2 * STATE["weight"],
    },
    "under 'state_dict' and under 'model'": {"state_dict": STATE, "model": OTHER},
    "under 'params' and under 'params_ema'": {"params": STATE, "params_ema": OTHER},
    "under 'model' and under 'model_ema'": {
        "model": STATE,
        "model_ema": {f"module.{name}": value for name, value in OTHER.items()},
    },
    "'model' and the same names beside it": {**STATE, "model": OTHER},
    "both 'weight.codes_matrix' and 'weight.weight'": {
        "weight.weight": torch.ones(2, 3),
        "weight.codes_matrix": torch.zeros(2, 1, dtype=torch.uint8),
        "weight.codebook": torch.ones(1, 3),
    },
}


@pytest.mark.parametrize("words", AMBIGUOUS)
def test_weights_that_a_file_has_twice_are_refused(words, tmp_path):
    with pytest.raises(NetworkError, match=words) as caught:
        load_weights(nn.Linear(3, 2), saved_as(tmp_path, AMBIGUOUS[words]))
    assert "save" in str(caught.value) and "\n" not in str(caught.value)


def test_different_values_for_what_a_network_shares_are_refused(tmp_path):
    network = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    network[1].weight = network[0].weight
    same = torch.rand(3, 3)
    assert torch.equal(
        load_weights(network, saved_as(tmp_path, {"0.weight": same, "1.weight": same.clone()}))[1].weight, same
    )
    with pytest.raises(NetworkError, match=r"different values for '0.weight' and '1.weight'"):
        load_weights(network, saved_as(tmp_path, {"0.weight": same, "1.weight": 2 * same}))


@pytest.mark.parametrize("kind", [torch.int8, torch.uint8, torch.int64])
def test_codes_of_quantised_weights_are_no_weights(kind, tmp_path):
    content = {"weight": torch.full((2, 3), 100, dtype=kind), "bias": torch.zeros(2)}
    with pytest.raises(NetworkError, match=f"weight is {kind} in the file and torch.float32 in the network.*save"):
        load_weights(nn.Linear(3, 2), saved_as(tmp_path, content))


def test_values_stay_what_they_are_in_the_type_of_the_network(tmp_path):
    fine = {name: value.double() + 1e-12 for name, value in STATE.items()}
    loaded = load_weights(nn.Linear(3, 2).double(), saved_as(tmp_path, fine))
    assert torch.equal(loaded.weight, fine["weight"])
    large = {"weight": torch.full((2, 3), 1e5), "bias": torch.zeros(2)}
    with pytest.raises(NetworkError, match=r"weight does not fit into the torch.float16 of the network"):
        load_weights(nn.Linear(3, 2).half(), saved_as(tmp_path, large))
    counting = nn.Linear(3, 2)
    counting.register_buffer("places", torch.zeros(2, dtype=torch.int64))
    with pytest.raises(NetworkError, match=r"places does not fit into the torch.int64 of the network"):
        load_weights(counting, saved_as(tmp_path, {**STATE, "places": torch.full((2,), 0.5)}))


@pytest.mark.needs("gguf")
@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_1"])
def test_gguf_files_hold_what_their_codes_stand_for(kind, tmp_path):
    import gguf

    saved, way = torch.linspace(-1, 1, 2 * 64).reshape(2, 64).numpy(), gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(tmp_path / "net.gguf", "own")
    writer.add_tensor("weight", gguf.quantize(saved, way), raw_dtype=way)
    writer.add_tensor("bias", np.array([1, -2], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    loaded = load_weights(nn.Linear(64, 2), tmp_path / "net.gguf")
    steps = {"F32": 0, "F16": 2**-11, "BF16": 2**-8, "Q8_0": 0.5 / 127 + 2**-11, "Q4_1": 0.5 * 0.5 / 15 + 2**-10}
    assert np.abs(loaded.weight.detach().numpy() - saved).max() <= steps[kind]
    assert loaded.bias.tolist() == [1, -2]
    with pytest.raises(NetworkError, match=r"only in the file: weight \(2, 64\)"):
        load_weights(nn.Sequential(nn.Linear(64, 2)), tmp_path / "net.gguf")


def test_a_file_of_weights_is_no_network():
    with pytest.raises(NetworkError, match="is a file of weights: give it with --weights"):
        find_network("net.gguf")


class Touch:
    """Would make a file if it were unpickled as it says."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_arguments_beside_the_weights_run_no_code(tmp_path):
    content = {"model": STATE, "args": Namespace(callback=Touch(tmp_path / "ran"))}
    with pytest.raises(NetworkError, match="stranger's code"):
        load_weights(nn.Linear(3, 2), saved_as(tmp_path, content))
    assert not (tmp_path / "ran").exists()
    with pytest.raises(UnpicklingError):  # what is harmless here stays unknown to other readers of files
        torch.load(saved_as(tmp_path, {"args": Namespace()}), weights_only=True)


def test_all_endings_of_weights_files_are_said_where_weights_are_given():
    assert tuple(READERS) == SUFFIXES
    guides = Path(__file__).parents[2] / "docs" / "guides"
    for page in ("own_network.md", "any_network.md"):
        text = (guides / page).read_text()
        assert [suffix for suffix in SUFFIXES if f"`{suffix}`" not in text] == []


def test_networks_in_files_are_no_weights():
    with pytest.raises(NetworkError, match=r"net\.onnx: there is no such file"):
        find_network("net.onnx")
    with pytest.raises(NetworkError, match="give the file with --model"):
        load_weights(nn.Linear(3, 2), "net.onnx")


def test_folders_without_transformers_say_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    for name in [name for name in sys.modules if name.partition(".")[0] == "transformers"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        NetworkError, match=r"built with the package transformers .*pip install 'bitline\[transformers\]'"
    ):
        find_network(str(tmp_path))


class Normed(nn.Module):
    """Two convolutions with batch norms, one of them without a bias of its own."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(3, 8, 3, bias=False), nn.BatchNorm1d(8)
        self.conv2, self.bn2 = nn.Conv1d(8, 8, 3), nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        return self.head(x.mean(-1))


def test_a_fine_tuned_network_is_loaded_back_bit_by_bit(tmp_path):
    """Its batch norms were folded; the network that it was made from takes its weights all the same."""
    generator = torch.Generator().manual_seed(0)
    signals, labels = torch.rand(40, 3, 12, generator=generator), torch.arange(40) % 2
    network = Normed()
    network(signals)  # running means that are not 0
    tuned = fine_tune(network.eval(), "differential", signals, labels, signals, epochs=1).network.eval()
    torch.save(tuned.state_dict(), tmp_path / "tuned.pt")
    again = load_weights(Normed(), tmp_path / "tuned.pt")
    assert again.training
    assert torch.equal(again.eval()(signals), tuned(signals))


@pytest.mark.parametrize("lacking", ["bn1.weight", "conv1.bias"])
def test_weights_that_are_only_partly_folded_are_refused(tmp_path, lacking):
    network = Normed().eval()
    state = dict(network.state_dict())
    if lacking == "conv1.bias":
        state = {name: value for name, value in state.items() if not name.startswith("bn")}
    else:
        del state[lacking]
    torch.save(state, tmp_path / "partly.pt")
    with pytest.raises(NetworkError, match="does not fit Normed"):
        load_weights(network, tmp_path / "partly.pt")
    assert isinstance(network.bn1, nn.BatchNorm1d)


def test_the_state_of_an_analog_network_has_weights(tmp_path):
    plain, inputs = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), torch.rand(8, 3)
    torch.save(convert(plain, "differential", inputs).state_dict(), tmp_path / "analog.pt")
    loaded = load_weights(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), tmp_path / "analog.pt")
    assert torch.equal(loaded(inputs), plain(inputs))


def test_weights_are_read_from_a_file_only():
    with pytest.raises(NetworkError, match=r"OrderedDict is not: .* model\.load_state_dict"):
        load_weights(nn.Linear(3, 2), nn.Linear(3, 2).state_dict())
