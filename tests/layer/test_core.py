"""A matrix without a network can be copied and sent to other processes."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from bitline import AnalogCore, Design

READ_NOISE = {"kind": "state-proportional", "alpha": 0.05}


@pytest.mark.parametrize("design", ["differential", "sonos-e"])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda core: pickle.loads(pickle.dumps(core))])
def test_a_copy_of_a_core_that_has_multiplied_goes_on_as_the_core_does(design, duplicate):
    """Its plan holds prepacked weights, which PyTorch neither copies nor pickles."""
    generator = torch.Generator().manual_seed(0)
    matrix, inputs = torch.randn(20, 64, generator=generator), torch.rand(64, 5, generator=generator)
    noisy = {"cell.device": {"kind": "state-proportional", "alpha": 0.05}, "cell.read_noise": READ_NOISE}
    core = AnalogCore(matrix, Design.load(design).with_settings(noisy), calibration=inputs, chip=3)
    first = core @ inputs
    twin = duplicate(core)
    assert twin.reads == 5
    assert torch.equal(twin @ inputs, again := core @ inputs)
    assert not torch.equal(again, first), "reads of a noisy cell differ"
