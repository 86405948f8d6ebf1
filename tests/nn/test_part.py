"""A part of a network by itself is on the chip that the whole network is on."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.errors import ConversionError
from bitline.nn import Part, analog_layers

DESIGN = Design.load("differential").with_settings(
    {"layers": [{"match": "blocks.1.fc", "set": {"adc.bits": 5}}, {"match": "blocks.0.*", "digital": True}]}
)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x, scale=1.0):
        return x + scale * self.fc(x).relu()


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(3))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def test_blocks_one_after_the_other_have_the_cells_and_rules_of_the_network():
    torch.manual_seed(0)
    network, inputs = Network().eval(), torch.randn(40, 6)
    whole = convert(network, DESIGN, inputs, seed=3)
    known = {layer.name: layer for layer in analog_layers(whole)}
    x = inputs
    with torch.no_grad():
        for number, block in enumerate(network.blocks):
            name = f"blocks.{number}"
            if number:  # the first one has no layer on arrays
                part = convert(Part(name, block), Design.of(DESIGN).with_settings({"layers": rules(number)}), x, seed=3)
                (layer,) = analog_layers(part)
                assert layer.name == f"{name}.fc" and layer.design.adc.bits == known[layer.name].design.adc.bits
                assert torch.equal(layer.cells().conductance, known[layer.name].cells().conductance)
            x = block(x)
    others = convert(network.blocks[1], Design.load("differential"), inputs, seed=3)
    assert not torch.equal(next(analog_layers(others)).cells().conductance, known["blocks.1.fc"].cells().conductance)


def rules(number):
    """Those that match in a part: a rule that matches nothing is refused."""
    return [rule.model_dump(exclude_defaults=True) for rule in DESIGN.layers if f"blocks.{number}" in str(rule.match)]


def test_a_part_takes_what_the_module_takes():
    part = Part("model.layers.3", Block())
    x = torch.randn(2, 6)
    assert torch.equal(part(x, scale=0.5), part.get_submodule("model.layers.3")(x, 0.5))
    assert list(part.state_dict()) == ["model.layers.3.fc.weight", "model.layers.3.fc.bias"]


@pytest.mark.parametrize("name", ["", "a..b", ".a", None])
def test_names_are_those_of_modules(name):
    with pytest.raises(ConversionError, match="as in its network"):
        Part(name, nn.Linear(2, 2))
