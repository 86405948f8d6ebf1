"""Published devices: their numbers, their ranges, and cells that follow them."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from bitline import Design
from bitline.devices import PublishedDevice
from bitline.errors import DesignError
from bitline.numerics.draws import Draws

DAY = 86400.0
MEASURED = ["sonos-xiao-2022", "sonos-agrawal-2022", "pcm-joshi-2020", "pcm-nandakumar-2019", "reram-milo-2021"]
MEASURED += ["reram-wan-2022"]


def device(kind, **settings) -> PublishedDevice:
    return Design().with_settings({"cell.device": {"kind": kind, **settings}}).cell.device


def sample(one, state, seconds=0.0, count=40_000):
    target = torch.full((count,), state / one.largest)
    draws = Draws((0, 0, "layer"))
    programmed = one.program(target, draws)
    return (one.aged(programmed, target, seconds, draws).double() * one.largest).numpy()


@pytest.mark.parametrize(
    ("kind", "state", "sigma"),
    [
        # PAPER: 7.4 % of I at 10 nA, 6.0 % at 250 nA, 4.8 % at 500 nA, 3.85 % at 800 nA (arXiv 2109.01262v3, Fig. 22)
        ("sonos-xiao-2022", 10, 0.74),
        ("sonos-xiao-2022", 250, 15.0),
        ("sonos-xiao-2022", 500, 24.0),
        ("sonos-xiao-2022", 800, 30.8),
        ("sonos-agrawal-2022", 10, 1.1),
        ("sonos-agrawal-2022", 800, 19.68),
        ("pcm-joshi-2020", 0, 0.286),
        ("pcm-joshi-2020", 20, 1.0885),
        ("pcm-nandakumar-2019", 0, 0.263),
        ("pcm-nandakumar-2019", 25, 1.0554),
        ("reram-milo-2021", 50, 4.327),
        ("reram-milo-2021", 225, 2.733),
        ("reram-wan-2022", 0, 1.053),
        ("reram-wan-2022", 10, 2.4136),
    ],
)
def test_programmed_cells_have_the_published_spread(kind, state, sigma):
    errors = sample(device(kind, extrapolate=True), state) - state
    assert errors.std() == pytest.approx(sigma, rel=0.02)
    assert abs(errors.mean()) < 5 * sigma / 200
    assert stats.kstest(errors / errors.std(), "norm").pvalue > 1e-4


@pytest.mark.parametrize(
    ("days", "state", "mean"),
    [(1, 52.36, 54.94), (2, 408.88, 417.15), (5, 1585.32, 1543.26), (5, 151.1, 162.27), (1.5, 721.61, 713.825)],
)
def test_sonos_keeps_the_published_mean_current(days, state, mean):
    currents = sample(device("sonos-xiao-2022"), state, days * DAY)
    spread = {1: (46.1065, 0.00203079), 2: (50.3982, 0.00205587), 5: (53.4358, 0.00217328)}
    assert currents.mean() == pytest.approx(mean, abs=5 * currents.std() / 200)
    if days in spread:
        height, rate = spread[days]
        assert currents.std() == pytest.approx(height * (1 - math.exp(-rate * mean)), rel=0.02)


@pytest.mark.parametrize(("days", "coefficients"), [(1, (1.72684e-01, 5.72552e-02)), (5, (3.19927e-01, 1.06596e-01))])
def test_agrawal_drift_starts_as_its_polynomial(days, coefficients):
    small = 2.0
    expected = small + coefficients[0] + coefficients[1] * small
    assert sample(device("sonos-agrawal-2022"), small, days * DAY).mean() == pytest.approx(expected, abs=0.02)


def test_agrawal_drift_stays_small_over_the_measured_range():
    """A wrong coefficient of degree 10 would show as nonsense at large currents."""
    one = device("sonos-agrawal-2022")
    states = torch.linspace(0, 1800, 50)
    for days in (1, 2, 3, 4, 5):
        shift = one.aged(torch.zeros(50), states / 1800, days * DAY, Draws((0, 0, "x"))) * 1800
        assert float(shift.abs().max()) < 150


def test_phase_change_memory_drifts_by_a_power_law():
    one = device("pcm-nandakumar-2019")
    values = {time: sample(one, 20.0, time).mean() for time in (20.0, 200.0, 2000.0, 20000.0)}
    slopes = [math.log(values[10 * time] / values[time]) / math.log(10) for time in (20.0, 200.0, 2000.0)]
    assert values[20.0] == pytest.approx(20, rel=0.01)
    # mu = 0.049 (its lower limit) at g = 0.8, for which -0.0155 ln g + 0.0244 = 0.028
    assert slopes == pytest.approx([-0.049] * 3, abs=0.002)


def test_weak_states_of_phase_change_memory_drift_more():
    one = device("pcm-nandakumar-2019")
    strong, weak = (sample(one, state, DAY).mean() / state for state in (25.0, 2.5))
    assert weak < strong < 1


def test_read_noise_of_phase_change_memory_grows_with_time():
    one = device("pcm-joshi-2020")
    conductance = torch.tensor([1.0, 0.1])
    early, late = (one.read_noise(conductance, conductance, time) for time in (20.0, DAY))
    expected = 0.0088 * math.sqrt(math.log((20 + 250e-9) / 500e-9))
    assert float(early[0]) == pytest.approx(expected, rel=1e-4)
    assert bool((late > early).all())
    assert float(early[1] / 0.1) > float(early[0])  # relatively more for weak states


@pytest.mark.parametrize("kind", MEASURED)
def test_nothing_is_extrapolated_in_silence(kind):
    one = device(kind)
    later = {"cell.device": kind, "cell.time": 1.5 * one.longest_s + 1}
    with pytest.raises(DesignError, match=r"extrapolate = true"):
        Design().with_settings(later)
    assert Design().with_settings({**later, "cell.device": {"kind": kind, "extrapolate": True}}).cell.time > 0
    largest = next(name for name in type(one).model_fields if name in ("G_max_uS", "I_max_nA"))
    with pytest.raises(DesignError, match="was measured up to"):
        Design().with_settings({"cell.device": {"kind": kind, largest: 10 * one.measured[1]}})


def test_the_window_of_a_device_is_that_of_the_device():
    assert Design().with_settings({"cell.device": "reram-milo-2021"}).cell.window_low == pytest.approx(50 / 225)
    with pytest.raises(DesignError, match=r"on_off_ratio = 4.5 or less"):
        Design().with_settings({"cell.device": "reram-milo-2021", "cell.on_off_ratio": 100.0})


def test_a_class_of_the_users_is_found_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "mylab.py").write_text(
        "from bitline.devices import Device\n"
        "class Leaky(Device):\n"
        "    loss: float = 0.5\n"
        "    def program(self, target, draws):\n"
        "        return target * (1 - self.loss)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    design = Design().with_settings({"cell.device": {"kind": "mylab:Leaky", "loss": 0.25}})
    assert float(design.cell.device.program(torch.ones(1), Draws((0,)))) == 0.75
    assert Design.from_toml(design.to_toml()) == design
    for kind, words in [("mylab:Absent", "no class 'Absent'"), ("nolab:Leaky", "cannot be imported")]:
        with pytest.raises(DesignError, match=words):
            Design().with_settings({"cell.device": kind})
    with pytest.raises(DesignError, match="los"):
        Design().with_settings({"cell.device": {"kind": "mylab:Leaky", "los": 0.25}})
