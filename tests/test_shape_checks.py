"""Shapes in annotations are checked while the tests run, so that they can be believed."""

from __future__ import annotations

import ast
import sys
import types

import pytest
import torch
from shape_checks import with_checks

from bitline.layer import signals
from bitline.layer.cells import target_conductances

SOURCE = """
from __future__ import annotations
from dataclasses import dataclass
from bitline.shapes import Float, Outputs, Table

@dataclass(frozen=True)
class Gains:
    by_output: Outputs

    @property
    def doubled(self) -> Outputs:
        return self.by_output[None] * 2

def scaled(outputs: Outputs, *, gains: Outputs | None = None) -> Outputs:
    return outputs if gains is None else outputs[: len(gains)] * gains

def grown(outputs: Outputs) -> Outputs:
    return torch.cat([outputs, outputs])
"""


@pytest.fixture(scope="module")
def small():
    module = types.ModuleType("small")
    sys.modules["small"] = module  # where data classes look for their module
    module.torch = torch
    exec(compile(with_checks(ast.parse(SOURCE)), "small.py", "exec"), vars(module))
    yield vars(module)
    del sys.modules["small"]


def test_right_shapes_pass(small):
    assert small["scaled"](torch.ones(3)).shape == (3,)
    assert small["scaled"](torch.ones(3), gains=torch.ones(3)).shape == (3,)
    assert small["Gains"](torch.ones(3)).by_output.shape == (3,)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda small: small["scaled"](torch.ones(3, 1)), r"small.scaled: outputs is torch.float32 \(3, 1\)"),
        (lambda small: small["scaled"](torch.ones(3), gains=torch.ones(2)), r"small.scaled: gains is .* \(2,\)"),
        (lambda small: small["grown"](torch.ones(3)), r"small.grown: return is torch.float32 \(6,\), not Float"),
        (lambda small: small["Gains"](torch.ones(2, 2)), r"by_output is torch.float32 \(2, 2\)"),
        (lambda small: small["Gains"](torch.ones(2)).doubled, r"Gains.doubled: return is torch.float32 \(1, 2\)"),
    ],
)
def test_wrong_shapes_are_told(small, call, told):
    with pytest.raises(AssertionError, match=told):
        call(small)


def test_the_package_is_checked():
    assert hasattr(signals.Signals.noisy_at_adcs, "__wrapped__")
    assert hasattr(target_conductances, "__wrapped__")
