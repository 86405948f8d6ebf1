"""Claims on weights, conductances, currents, ranges, costs and cells: each can come out either way."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from bitline.devices.sonos_xiao_2022 import SonosXiao2022
from bitline.paper import Experiment, find
from bitline.paper.studies import adc_inputs, energy, prior_accelerators, slicing_gain, useful_range


@dataclass(frozen=True)
class Network(Experiment):
    """A network of which only what a study asks for is known."""

    statistics: object = None
    loaded: object = None


def words(name, out, **known):
    found = {verdict.claim: verdict.words for verdict in find(name).run(Network(out=out, **known)).verdicts}
    assert found
    return found


def expect(found, right):
    assert found == dict.fromkeys(found, "holds" if right else "does not hold")


@pytest.mark.parametrize("right", [True, False])
def test_weights(right, tmp_path):
    weight = torch.linspace(-1, 1, 1001)
    weight = weight**5 if right else torch.where(weight > 0.1, weight, 1.0)
    expect(words("weights", tmp_path, statistics=SimpleNamespace(layers=[SimpleNamespace(weight=weight)])), right)


@pytest.mark.parametrize("right", [True, False])
def test_conductances(right, tmp_path):
    def mean_digits(layer, mapping):
        if mapping.kind == "offset":
            return np.full(mapping.slices, 0.5 if right else 0.1), 1
        return 0.02 / 20.0 ** np.arange(mapping.slices) if right else np.full(mapping.slices, 0.02), 1

    expect(words("conductances", tmp_path, statistics=SimpleNamespace(layers=[None], mean_digits=mean_digits)), right)


@pytest.mark.parametrize("right", [True, False])
def test_currents(right, tmp_path):
    def mean_current(layer, design):
        differential = 2.0 if right else 12.0
        return differential * (20 if right else 5) if design.weights.kind == "offset" else differential

    layer = SimpleNamespace(name="conv1", product=SimpleNamespace(rows=576))
    expect(words("currents", tmp_path, statistics=SimpleNamespace(layers=[layer], mean_current=mean_current)), right)


@pytest.mark.parametrize("right", [True, False])
def test_energy(right, tmp_path, monkeypatch):
    def core_cost(design, activity):
        digital = 2.2 if design.inputs.accumulation == "digital" else 1
        offset = 10 if design.weights.kind == "offset" else 1
        cost = (1152 / design.array.rows) ** 0.8 * design.weights.slices * digital * offset
        cost = cost if right else 1 / cost
        share = 0.5 if right else 0.3
        return SimpleNamespace(energy_per_operation_fJ=cost, area_mm2=cost, energies_pJ={"ADCs": share}, energy_pJ=1.0)

    monkeypatch.setattr(energy, "core_cost", core_cost)
    monkeypatch.setattr(energy, "RowActivity", SimpleNamespace(average=lambda statistics, design: None))
    expect(words("energy", tmp_path), right)


@pytest.mark.parametrize("right", [True, False])
def test_useful_range(right, tmp_path, monkeypatch):
    def ranges_frame(design):
        offset, differential = ([0.2] * 4, [0.1, 0.01, 0.001, 0.0001]) if right else ([0.01] * 4, [0.01] * 4)
        useful = offset if design.weights.kind == "offset" else differential
        return pd.DataFrame({"slice": range(4), "useful": useful})

    monkeypatch.setattr(useful_range, "study_ranges", lambda model, design, images: design)
    monkeypatch.setattr(useful_range, "ranges_frame", ranges_frame)
    context = SimpleNamespace(model=None)
    expect(words("useful-range", tmp_path, loaded=SimpleNamespace(context=context, calibration=[None] * 8)), right)


@pytest.mark.parametrize("right", [True, False])
def test_adc_inputs(right, tmp_path, monkeypatch):
    share = 0.01 if right else 0.5
    signals = SimpleNamespace(
        centres=torch.tensor([0.0]), counts=torch.tensor([1.0]), percentile=lambda percent: share * (percent - 50) / 100
    )
    layer = SimpleNamespace(layer="conv1", rows=27, lines=SimpleNamespace(low=-0.5, high=0.5), signals=signals)
    monkeypatch.setattr(adc_inputs, "study_ranges", lambda model, design, images: [layer])
    context = SimpleNamespace(model=None)
    expect(words("adc-inputs", tmp_path, loaded=SimpleNamespace(context=context, calibration=[None] * 8)), right)


@pytest.mark.parametrize("right", [True, False])
def test_prior_accelerators(right, tmp_path, monkeypatch):
    monkeypatch.setattr(prior_accelerators, "GUARANTEED", {"isaac": right, "prime": False})
    expect(words("prior-accelerators", tmp_path), right)


@pytest.mark.parametrize("right", [True, False])
def test_slicing_gain(right, tmp_path, monkeypatch):
    exponent = 0.5 if right else 1.0
    gains = slicing_gain.EQUATION if right else dict.fromkeys(slicing_gain.EQUATION, 3.0)
    monkeypatch.setattr(slicing_gain, "_errors", lambda rows, bits, _: [rows**exponent / gains[bits]] * 3)
    expect(words("slicing-gain", tmp_path), right)


def test_sonos_cell(tmp_path, monkeypatch):
    expect(words("sonos-cell", tmp_path), right=True)
    monkeypatch.setattr(SonosXiao2022, "sigma", lambda device, current: torch.full_like(current, 1e-3))
    monkeypatch.setattr(SonosXiao2022, "program", lambda device, target, draws: target + 0.1 * torch.rand(target.shape))
    expect(words("sonos-cell", tmp_path), right=False)
