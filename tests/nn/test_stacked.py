"""Matrices of one parameter, as mixtures of experts have them: each lies on arrays of its own."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, conversion_of, convert, evaluate
from bitline.cost import gather_statistics, network_cost
from bitline.nn import record
from bitline.nn.record_bytes import pack_record, unpack_record

X = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
FINE = Design.load("ideal").with_settings(
    {"weights.bits": 12, "inputs.bits": 14, "inputs.range": {"kind": "percentile", "percentile": 100.0}}
)


class Experts(nn.Module):
    """Each sample goes through one of four experts, a matrix up and one down."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.router, self.last = nn.Linear(8, 4), nn.Linear(8, 3)
        self.up, self.down = nn.Parameter(torch.randn(4, 16, 8) / 3), nn.Parameter(torch.randn(4, 16, 8) / 4)

    def forward(self, x):
        return self.last(self.mixed(x, self.router(x).argmax(1)))


class OneByOne(Experts):
    """As Mixtral and gpt-oss of transformers, one after the other."""

    def mixed(self, x, chosen):
        outputs = torch.zeros_like(x)
        for expert in chosen.unique():
            rows = torch.where(chosen == expert)[0]
            hidden = functional.linear(x[rows], self.up[expert]).relu()
            outputs[rows] = hidden @ self.down[expert]
        return outputs


class Together(Experts):
    """With grouped products, the default of transformers."""

    def mixed(self, x, chosen):
        order = chosen.argsort(stable=True)
        ends = chosen.bincount(minlength=4).cumsum(0).to(torch.int32)
        hidden = functional.grouped_mm(x[order], self.up.transpose(-2, -1), offs=ends).relu()
        return functional.grouped_mm(hidden, self.down, offs=ends)[order.argsort()]


@pytest.fixture(params=[OneByOne, Together])
def network(request):
    return request.param().eval()


STACKS = tuple(f"{parameter}_matrices.{index}" for parameter in ("up", "down") for index in range(4))


def test_each_matrix_lies_on_arrays_of_its_own(network):
    analog = convert(network, FINE, X)
    conversion = conversion_of(analog)
    assert conversion.analog == ("router", "last", *STACKS) and conversion.digital == ()
    torch.testing.assert_close(analog(X), network(X), atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", ["up_matrices.2", "down_matrices.2"])
def test_errors_of_one_matrix_change_the_samples_of_its_expert(network, name):
    noisy = {"match": name, "set": {"cell.device": {"kind": "state-independent", "alpha": 0.1}}}
    analog, exact = (convert(network, FINE.with_settings({"layers": rules}), X) for rules in ([noisy], []))
    changed = (analog(X) != exact(X)).any(1)
    assert torch.equal(changed, network.router(X).argmax(1) == 2)


def test_copies_files_and_moved_networks_compute_the_same(network):
    analog, file = convert(network, "differential", X), io.BytesIO()
    torch.save(analog, file)
    file.seek(0)
    compiled = [torch.compile(analog)] if isinstance(network, OneByOne) else []  # PyTorch compiles no groups of float32
    for again in (copy.deepcopy(analog), torch.load(file, weights_only=False), *compiled):
        assert torch.equal(again(X), analog(X))
    other = convert(network, "differential", X)
    other.load_state_dict(analog.state_dict())
    other.load_state_dict(network.state_dict())  # the parameter that it always was
    assert torch.equal(other(X), analog(X)) and set(network.state_dict()) <= set(analog.state_dict())
    moved = copy.deepcopy(analog).double()  # the parameter lies elsewhere then
    torch.testing.assert_close(moved(X.double()).float(), analog(X), atol=1e-4, rtol=0)


def test_new_weights_are_programmed(network):
    analog = convert(network, FINE, X)
    with torch.no_grad():
        analog.up[1] *= 0.5
        network.up[1] *= 0.5
    torch.testing.assert_close(analog(X), network(X), atol=1e-3, rtol=0)


def test_gradients_reach_the_parameter(network):
    analog = convert(network, FINE, X)
    for each in (network, analog):
        each(0.7 * X).square().sum().backward()
    for name in ("up", "down"):
        got, wanted = (each.get_parameter(name).grad for each in (analog, network))
        assert (got - wanted).norm() < 0.02 * wanted.norm()


def test_records_results_and_costs_know_them(network):
    analog, labels = convert(network, "differential", X), network(X).argmax(1)
    for known in (conversion_of(analog).calibration, unpack_record(pack_record(record(network, "differential", X)))):
        assert torch.equal(convert(network, "differential", known)(X), analog(X))
    result = evaluate(network, FINE, X, labels, X, chips=1)
    assert result.mean == 1 and {layer.name for layer in result.layers} >= set(STACKS)
    cost = network_cost(gather_statistics(network, "sonos-a", X), "sonos-a")
    macs = {layer.name: layer.macs for layer in cost.layers}
    assert sum(macs[name] for name in STACKS) == pytest.approx(2 * 16 * 8)


def test_rules_keep_them_digital(network):
    analog = convert(network, FINE.with_settings({"layers": [{"match": "*_matrices", "digital": True}]}), X)
    assert conversion_of(analog).analog == ("router", "last")
    torch.testing.assert_close(analog(X), network(X), atol=1e-3, rtol=0)


class Whole(Experts):
    """All matrices at once, which is the product of no layer."""

    def mixed(self, x, chosen):
        hidden = torch.einsum("bf,bof->bo", x, self.up[chosen]).relu()
        return torch.einsum("bo,bof->bf", hidden, self.down[chosen])


def test_other_products_with_a_parameter_stay_digital_and_are_told():
    with pytest.warns(UserWarning, match="of the weights that multiply stay digital: 'up', 'down'"):
        analog = convert(Whole().eval(), FINE, X)
    assert conversion_of(analog).analog == ("router", "last")
