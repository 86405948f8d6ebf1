"""Networks whose weights are elsewhere until a layer runs."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from bitline import convert, evaluate
from bitline.errors import NetworkError
from bitline.nn import Part, analog_layers


def network():
    torch.manual_seed(0)
    block = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 6))
    return nn.Sequential(block, nn.BatchNorm1d(6), nn.Linear(6, 4)).eval()


def inputs():
    return torch.randn(40, 6, generator=torch.Generator().manual_seed(1))


def outputs_of(model, x):
    with torch.no_grad():
        return convert(model, "differential", x, seed=2)(x)


class Loading:
    """Loads the parameters of one module, as hooks of accelerate do."""

    offload, offload_buffers, place_submodules = True, False, False

    def __init__(self, module):
        self.weights_map = {name: value.detach() for name, value in module.named_parameters(recurse=False)}
        self.loads = 0

    def pre_forward(self, module, *arguments, **keywords):
        if self.offload:
            self.loads += 1
            self._put(module, self.weights_map)
        return arguments, keywords

    def post_forward(self, module, output):
        if self.offload:
            self._put(module, {name: value.to("meta") for name, value in self.weights_map.items()})
        return output

    def _put(self, module, values):
        for name, value in values.items():
            module._parameters[name] = nn.Parameter(value, requires_grad=True)


def offloaded():
    """The network, each module of it loaded when it runs."""

    def forward(module, *arguments, **keywords):
        arguments, keywords = module._hf_hook.pre_forward(module, *arguments, **keywords)
        return module._hf_hook.post_forward(module, module._old_forward(*arguments, **keywords))

    model = network()
    for module in model.modules():
        if list(module.parameters(recurse=False)):
            module._old_forward, module._hf_hook = module.forward, Loading(module)
            module.forward = functools.partial(forward, module)
            module._hf_hook.post_forward(module, None)
    return model


def test_weights_are_loaded_for_the_copy_and_left_where_they_are():
    model, x = offloaded(), inputs()
    assert all(weight.is_meta for weight in model.parameters())
    analog = convert(model, "differential", x)
    assert all(weight.is_meta for weight in model.parameters())
    assert not any(weight.is_meta for weight in analog.parameters())
    assert [layer.name for layer in analog_layers(analog)] == ["0.0", "0.2", "2"]
    with torch.no_grad():
        assert torch.equal(model(x), network()(x))


def test_outputs_are_those_of_the_network_in_memory():
    plain = network()[0]
    assert torch.equal(outputs_of(offloaded()[0], inputs()), outputs_of(plain, inputs()))


def test_the_copy_does_not_follow_what_is_loaded_later():
    model, x = offloaded(), inputs()
    analog = convert(model[0], "differential", x)
    with torch.no_grad():
        before = analog(x)
        loads = model[0][0]._hf_hook.loads
        model[0][0]._hf_hook.weights_map["weight"].zero_()
        assert torch.equal(analog(x), before)
    assert model[0][0]._hf_hook.loads == loads


def test_a_part_is_loaded_alone():
    model, x = offloaded(), inputs()
    assert torch.equal(outputs_of(Part("0", model[0]), x), outputs_of(Part("0", network()[0]), x))
    assert model[2]._hf_hook.loads == 0


def test_evaluation_takes_it():
    x, labels = inputs(), torch.arange(40) % 4
    found, expected = (
        evaluate(model[0], "differential", (x[:20], labels[:20]), calibration=x[20:], chips=1)
        for model in (offloaded(), network())
    )
    assert found.chip_accuracies == expected.chip_accuracies
    assert found.float_accuracy == expected.float_accuracy


def test_weights_that_nothing_loads_are_refused_with_the_way_to_do_it():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(6, 4))
    with pytest.raises(NetworkError, match=r"0\.weight of the network is on the meta device.*bitline\.nn\.Part"):
        convert(model, "differential", inputs())


@pytest.mark.needs("accelerate")
@pytest.mark.parametrize("how", ["cpu", "disk", "dispatched"])
def test_accelerate(how, tmp_path):
    import accelerate

    model, x = network(), inputs()
    if how == "cpu":
        accelerate.cpu_offload(model, "cpu", offload_buffers=True)
    elif how == "disk":
        accelerate.disk_offload(model, str(tmp_path), "cpu")
    else:
        accelerate.dispatch_model(model, {"0": "cpu", "1": "disk", "2": "disk"}, "cpu", offload_dir=str(tmp_path))
    assert any(weight.is_meta for weight in model.parameters())
    places = [weight.device for weight in model.parameters()]
    # Hooks keep a batch norm digital; here it is, too, because a rule says so.
    expected = outputs_of(network()[0], x)
    assert torch.equal(outputs_of(Part("0", model[0]), x), outputs_of(Part("0", network()[0]), x))
    assert torch.equal(outputs_of(model[0], x), expected)
    whole = outputs_of(model, x)
    assert torch.isfinite(whole).all()
    assert [weight.device for weight in model.parameters()] == places
    with torch.no_grad():
        assert torch.equal(model(x), network()(x))
