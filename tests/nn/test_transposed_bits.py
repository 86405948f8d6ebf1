"""Transposed convolutions give the same bits with the products with zeros between inputs, and without them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.arrays.integer import choose

NOISE = {"cell.read_noise": {"kind": "state-independent", "alpha": 0.1}}
DESIGNS = {
    "converters": {},
    "no converters": {"adc": "none"},
    "read noise": NOISE,
    "read noise, no converters": {"adc": "none", **NOISE},
    "arrays within kernels": {"array.rows": 7},
    "bit-serial": {"inputs.accumulation": "digital"},
    "offset cells": {"weights": {"kind": "offset", "subtraction": "digital"}},
    "unit columns": {"weights": {"kind": "offset", "subtraction": "unit-column"}},
    "skipped conversions": {"adc.skip_zero_inputs": True, "inputs.accumulation": "digital"},
    "ranges of vectors": {"inputs.range": "per-vector"},
    "row drivers": {"inputs.drivers.mismatch": 0.05},
}
LAYERS = {
    "k4 s2": (nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1), (4, 5, 6)),
    "k3 s2": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 3, 5)),
    "k2 s3": (nn.ConvTranspose2d(3, 3, 2, stride=3, output_padding=(1, 0)), (3, 4, 4)),
    "dilation": (nn.ConvTranspose2d(2, 5, (3, 5), stride=(2, 3), padding=(3, 0), dilation=(2, 3)), (2, 5, 4)),
    "much padding": (nn.ConvTranspose2d(2, 5, 3, stride=2, padding=3), (2, 6, 6)),
    "sequences": (nn.ConvTranspose1d(4, 3, 16, stride=8, padding=4), (4, 9)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("kind", DESIGNS)
@pytest.mark.parametrize("signed", [True, False])
def test_zeros_between_inputs_are_left_out_without_a_trace(name, kind, signed, monkeypatch):
    torch.manual_seed(0)
    layer, shape = LAYERS[name]
    inputs = torch.randn(3, *shape)
    inputs = inputs if signed else inputs.relu()
    design = Design.load("differential").with_settings(DESIGNS[kind])
    found = []
    for many in (1, 10**9):
        monkeypatch.setattr(choose, "MANY_ZEROS", many)
        with torch.no_grad():
            found.append(convert(nn.Sequential(layer), design, inputs)(inputs))
    assert torch.equal(*found)
