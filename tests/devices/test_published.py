"""Every device against the relations that were published for it, worked out here again in plain float64 NumPy.

Cells go through the whole stage of programming and ageing, unclipped. For each state their mean and standard deviation,
and the root mean square of their read noise, are those of the publication within the sampling error of the cells drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch

from bitline import Design
from bitline.devices import Cell
from bitline.devices.pcm_buchel_2025 import PcmBuchel2025
from bitline.devices.sonos_agrawal_2022 import SonosAgrawal2022
from bitline.devices.sonos_xiao_2022 import SonosXiao2022
from bitline.layer.cells import program_cells
from bitline.numerics.draws import Draws
from bitline.placement import Placement

COUNT = 20_000
ALLOWED = 5.5  # standard errors: one false alarm in ten million normal comparisons
HOUR, DAY = 3600.0, 86400.0
CODES = (3, 13, 32, 64, 96, 127)

Z = np.linspace(-8, 8, 4001)
WEIGHTS = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()


def expected(function: Callable[[np.ndarray], np.ndarray]) -> float:
    """Mean of a function of a standard normal number."""
    return float((function(Z) * WEIGHTS).sum())


def drifted(time: float, times: Sequence[float], values: Sequence[float]) -> np.floating:
    """Linear in time until the first one after programming, and in its logarithm from there on."""
    first = next(one for one in times if one > 0)
    places = [one / first if one < first else 1 + math.log(one / first) for one in (time, *times)]
    return np.interp(places[0], places[1:], values)


@dataclass(frozen=True)
class Published:
    """Mean and sigma of cells, and the root mean square of their read noise, in the unit of the publication."""

    mean: float
    sigma: float
    noise: float | None = None


# -- SONOS: Xiao et al., IEEE TCAS-I 69(4), 2022, Fig. 4d (spread) and 4e (means); day 0: arXiv 2109.01262v3, Fig. 22

XIAO_A = {0: 0.00188704, 1: 0.00203079, 2: 0.00205587, 5: 0.00217328}  # 1/nA
XIAO_B = {0: 39.5656, 1: 46.1065, 2: 50.3982, 5: 53.4358}  # nA
# fmt: off
XIAO_MEANS = {  # nA, of the same groups of cells at each day; a cell that is off stays off
    0: (0, 52.36, 101.54, 151.1, 202.17, 254.18, 305.76, 361.97, 408.88,
        512.92, 607.13, 721.61, 825.66, 930.48, 1034.71, 1303.16, 1585.32),
    1: (0, 54.94, 103.82, 155.11, 206.69, 259.1, 308.48, 363.51, 411.18,
        512.22, 601.67, 711.76, 817.82, 917.37, 1019.99, 1281.87, 1553.01),
    2: (0, 56.51, 105.8, 157.73, 210.48, 262.89, 312.24, 369.76, 417.15,
        519.34, 604.93, 715.29, 814.42, 918.3, 1019.02, 1278.3, 1550.17),
    5: (0, 58.44, 110.93, 162.27, 213.43, 273.47, 319.09, 377.16, 421.33,
        524.99, 608.45, 717.14, 819.56, 918.27, 1023.06, 1278.56, 1543.26),
}
# fmt: on


def xiao(current: float, seconds: float) -> Published:
    days = seconds / DAY
    at = sorted(XIAO_MEANS)
    mean = float(drifted(days, at, [np.interp(current, XIAO_MEANS[0], XIAO_MEANS[t]) for t in at]))
    sigmas = [XIAO_B[t] * (1 - math.exp(-XIAO_A[t] * mean)) for t in at]
    return Published(mean, float(drifted(days, at, sigmas)))


# -- SONOS: Agrawal et al., IEDM 2022, 21.7, Fig. 10a (spread), 10b (drift), 11b (read noise)

AGRAWAL_AB = [  # nA
    (19.88665, 176.3115),
    (25.59102, 186.85544),
    (28.72753, 193.56834),
    (31.04318, 198.90332),
    (33.76214, 204.77023),
    (34.57909, 207.34309),
]
# fmt: off
AGRAWAL_DRIFT = [
    [0.0] * 11,
    [1.72684e-01, 5.72552e-02, -6.85715e-04, 3.50271e-06, -9.37682e-09, 1.40575e-11,
     -1.19803e-14, 5.41293e-18, -8.85448e-22, -1.66869e-25, 5.95180e-29],
    [2.50712e-01, 6.62195e-02, -6.83218e-04, 2.99442e-06, -6.78255e-09, 7.70482e-12,
     -3.04983e-15, -2.15919e-18, 2.94617e-21, -1.23359e-24, 1.85329e-28],
    [-1.75300e-02, 9.76883e-02, -9.63791e-04, 4.55551e-06, -1.22391e-08, 1.93786e-11,
     -1.85899e-14, 1.07659e-17, -3.58211e-21, 5.96785e-25, -3.30410e-29],
    [4.03338e-02, 1.03111e-01, -1.04740e-03, 4.83961e-06, -1.28132e-08, 1.99484e-11,
     -1.85139e-14, 1.00008e-17, -2.84944e-21, 3.01008e-25, 1.18747e-29],
    [3.19927e-01, 1.06596e-01, -1.04054e-03, 4.50290e-06, -1.10352e-08, 1.56477e-11,
     -1.27592e-14, 5.45513e-18, -7.26841e-22, -2.43893e-25, 7.14608e-29],
]
# fmt: on


def agrawal(current: float, seconds: float) -> Published:
    days = seconds / DAY
    mean = current + drifted(days, range(6), [np.polyval(c[::-1], current) for c in AGRAWAL_DRIFT])
    sigma = drifted(days, range(6), [a * (1 - math.exp(-mean / b)) for a, b in AGRAWAL_AB])
    read = lambda z: 12.58037 * (1 - np.exp(-np.maximum(mean + sigma * z, 0) / 215.36557))  # noqa: E731
    return Published(float(mean), float(sigma), math.sqrt(expected(lambda z: read(z) ** 2)))


# -- PCM: Joshi et al., Nature Communications 11, 2473, 2020, Fig. 3b; Nandakumar et al., IEEE ICECS 2019


def joshi_sigma(target: float) -> float:
    return max(0.0, -0.00178767 * target**2 + 0.07585724 * target + 0.28638599)


def nandakumar_sigma(target: float) -> float:
    g = target / 25
    return 0.26348 + 1.9650 * g - 1.1731 * g**2


def drifted_pcm(target: float, sigma: float, seconds: float) -> Published:
    """G(t) = G_p (t / 20 s)^-nu with nu of the target, read with G(t) Q(G_p) sqrt(ln((t + t_read) / (2 t_read)))."""
    t = max(seconds, 20.0)
    log = math.log(target / 25)
    mu = min(max(-0.0155 * log + 0.0244, 0.049), 0.1)
    s = min(max(-0.0125 * log - 0.0059, 0.008), 0.045)
    first, second = (expected(lambda z, k=k: (t / 20) ** (-k * np.abs(mu + s * z))) for k in (1, 2))
    programmed = lambda z: np.maximum(target + sigma * z, 1e-9)  # noqa: E731
    q = lambda z: np.minimum(0.0088 / (programmed(z) / 25) ** 0.65, 0.2)  # noqa: E731
    growth = math.log((t + 250e-9) / (2 * 250e-9))
    return Published(
        target * first,
        math.sqrt((target**2 + sigma**2) * second - (target * first) ** 2),
        math.sqrt(expected(lambda z: (q(z) * programmed(z)) ** 2) * second * growth),
    )


# -- ReRAM: Milo et al., IEEE IRPS 2021 (IGVVA-100); Wan et al., Nature 608, 2022, Extended Data Fig. 3

PUBLISHED = {
    "sonos-xiao-2022": xiao,
    "sonos-agrawal-2022": agrawal,
    "pcm-joshi-2020": lambda g, t: drifted_pcm(g, joshi_sigma(g), t),
    "pcm-nandakumar-2019": lambda g, t: drifted_pcm(g, nandakumar_sigma(g), t),
    "reram-milo-2021": lambda g, t: Published(g, 4.782321 - 0.009107 * g),
    "reram-wan-2022": lambda g, t: Published(g, 1.536e-4 * g**3 - 1.167e-2 * g**2 + 2.374e-1 * g + 1.053),
}
LARGEST = {  # G_max or I_max: the largest state that was measured, with its drift
    "sonos-xiao-2022": 1585.32,
    "sonos-agrawal-2022": 1800.0,
    "pcm-joshi-2020": 25.0,
    "pcm-nandakumar-2019": 25.0,
    "reram-milo-2021": 225.0,
    "reram-wan-2022": 39.26,
}
RATIO = {"reram-milo-2021": 225 / 50}
TIMES = {
    "sonos-xiao-2022": (0.0, 0.5 * DAY, DAY, 2 * DAY, 3.5 * DAY, 5 * DAY),
    "sonos-agrawal-2022": (0.0, 0.25 * DAY, DAY, 2 * DAY, 3.5 * DAY, 5 * DAY),
    "pcm-joshi-2020": (0.0, 20.0, 60.0, HOUR, DAY),
    "pcm-nandakumar-2019": (0.0, 20.0, 60.0, HOUR, DAY),
    "reram-milo-2021": (0.0,),
    "reram-wan-2022": (0.0, 1.0),
}


def programmed(cell: dict, seed: int = 0, codes=CODES, count: int = COUNT):
    """Cells of the positive lines for each code, (codes, count), their noise, and their targets, all as G/G_max."""
    design = Design().with_settings({"cell": {"clip": "none", **cell}})
    low = design.cell.window_low
    columns = torch.tensor(codes).float()[None, None, :].expand(1, count, len(codes))
    cells = program_cells(columns, design, Placement.on_one_array(count, len(codes)), Draws((seed, 0)), "layer")
    first = lambda values: values[0, 0, 0].double().numpy().T  # noqa: E731
    targets = low + (1 - low) * np.array(codes) / 127
    return first(cells.conductance), None if cells.noise is None else first(cells.noise), targets


def agree(cells: np.ndarray, noise: np.ndarray | None, published: Published, what: str) -> None:
    """Cells have the published mean, sigma and noise within sampling error."""
    count = len(cells)
    spread = np.sqrt(((cells - cells.mean()) ** 4).mean() / cells.var() ** 2 - 1) / 2 if cells.std() else 0.0
    rounding = 1e-6 * abs(published.mean)
    assert cells.mean() == pytest.approx(published.mean, abs=ALLOWED * published.sigma / math.sqrt(count) + rounding), (
        what
    )
    assert cells.std() == pytest.approx(
        published.sigma, abs=ALLOWED * spread * published.sigma / math.sqrt(count) + rounding
    ), what
    assert (noise is None) == (published.noise is None)
    if noise is not None:
        power = noise**2
        allowed = ALLOWED * power.std() / math.sqrt(count) + 1e-5 * power.mean()
        assert power.mean() == pytest.approx(published.noise**2, abs=allowed), what


RENEWED = ("pcm-joshi-2020", "pcm-nandakumar-2019")
"""Devices whose noise is told from what cells hold where every read has its own."""


@pytest.mark.parametrize(("kind", "time"), [(kind, time) for kind, times in TIMES.items() for time in times])
def test_cells_follow_their_publication(kind, time):
    largest = LARGEST[kind]
    field = "I_max_nA" if kind.startswith("sonos") else "G_max_uS"
    ratio = RATIO.get(kind, math.inf)
    renewed = {"noise_renewed": "read"} if kind in RENEWED else {}
    cells, noise, targets = programmed(
        {"device": {"kind": kind, field: largest, **renewed}, "time": time, "on_off_ratio": ratio}, seed=int(time)
    )
    for row, target in enumerate(targets):
        reads = None if noise is None else noise[row] * largest
        published = PUBLISHED[kind](float(target) * largest, time)
        agree(cells[row] * largest, reads, published, f"{kind} at {target * largest:g} after {time:g} s")


@pytest.mark.parametrize(
    ("units", "sigma"), [(0.5, 0.0), (10, 4.479525), (52.0, 8.323948), (53.0, 8.367918), (180, 19.198411)]
)
def test_weights_of_language_models_follow_their_publication(units, sigma):
    """Buechel et al., NeurIPS 2025: one memory cell up to 52.5 of 180 units, two above, none below 0.6."""
    cells = PcmBuchel2025().program(torch.full((COUNT,), units / 180), Draws((0, 0))).double().numpy() * 180
    assert cells.mean() == pytest.approx(units if sigma else 0.0, abs=ALLOWED * sigma / math.sqrt(COUNT) + 1e-4)
    assert cells.std() == pytest.approx(sigma, rel=ALLOWED / math.sqrt(2 * COUNT))


@pytest.mark.parametrize("kind", ["pcm-joshi-2020", "pcm-nandakumar-2019"])
def test_phase_change_memory_is_normalised_to_25_uS_whatever_G_max_is(kind):
    """g = G / 25 uS in every relation (Nandakumar et al. 2019): a smaller G_max only uses fewer states."""
    cells, noise, targets = programmed(
        {"device": {"kind": kind, "G_max_uS": 10.0, "noise_renewed": "read"}, "time": HOUR, "on_off_ratio": math.inf}
    )
    for row, target in enumerate(targets * 10):
        agree(cells[row] * 10, noise[row] * 10, PUBLISHED[kind](float(target), HOUR), f"{kind} at {target:g} uS")


@pytest.mark.parametrize(
    ("kind", "ratio"),
    [
        ("sonos-xiao-2022", 1e7),  # Xiao et al. 2022, section 9.1
        ("sonos-agrawal-2022", 1e7),
        ("pcm-joshi-2020", 100.0),
        ("pcm-nandakumar-2019", 100.0),  # the same cells
        ("reram-milo-2021", 4.5),  # 50 .. 225 uS
        ("reram-wan-2022", math.inf),  # from 0
    ],
)
def test_devices_have_the_published_window(kind, ratio):
    assert Cell(device={"kind": kind}).window_low == pytest.approx(1 / ratio)


def test_every_number_of_the_tables_is_the_published_one():
    """The highest powers of the polynomials move no cell by more than its spread."""
    xiao, agrawal = SonosXiao2022(), SonosAgrawal2022()
    assert [(0, *means) for means in xiao.retention_nA] == list(XIAO_MEANS.values())
    assert list(xiao.spread_B_nA) == list(XIAO_B.values())
    assert [1 / scale for scale in xiao.spread_C_nA] == pytest.approx(list(XIAO_A.values()))
    assert list(zip(agrawal.spread_A_nA, agrawal.spread_B_nA, strict=True)) == AGRAWAL_AB
    assert [list(powers) for powers in agrawal.drift] == AGRAWAL_DRIFT[1:]


@pytest.mark.parametrize(
    ("kind", "lowest", "largest", "seconds"),
    [
        ("sonos-xiao-2022", 0, 1600, 5 * DAY),
        ("sonos-agrawal-2022", 0, 3200, 5 * DAY),
        ("pcm-joshi-2020", 0, 25, DAY),
        ("pcm-nandakumar-2019", 0, 25, DAY),
        ("reram-milo-2021", 50, 225, 0),
        ("reram-wan-2022", 0, 39.26, 1),
    ],
)
def test_states_and_times_end_where_the_measurement_did(kind, lowest, largest, seconds):
    full = "I_max_nA" if kind.startswith("sonos") else "G_max_uS"
    ratio = largest / lowest if lowest else math.inf
    Cell(device={"kind": kind, full: largest}, on_off_ratio=ratio)
    Cell(device=kind, time=seconds)
    with pytest.raises(ValueError, match="was measured up to"):
        Cell(device={"kind": kind, full: 1.001 * largest})
    with pytest.raises(ValueError, match="was measured"):
        Cell(device=kind, time=1.001 * seconds or 1e-3)
    if lowest:
        with pytest.raises(ValueError, match="was measured from"):
            Cell(device={"kind": kind, full: largest}, on_off_ratio=1.001 * ratio)


# -- generic errors (Xiao et al. 2022, Fig. 8; arXiv 2109.01262v3 refers the independent error to G_max / 2)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("ratio", [math.inf, 10.0])
@pytest.mark.parametrize(
    ("settings", "sigma"),
    [
        ({"kind": "state-independent", "alpha": 0.03}, lambda g: 0.03),
        ({"kind": "state-independent", "alpha": 0.03, "reference": "G_max/2"}, lambda g: 0.015),
        ({"kind": "state-proportional", "alpha": 0.2}, lambda g: 0.2 * g),
    ],
)
def test_generic_errors_have_their_sigma(settings, sigma, ratio, distribution):
    cells, noise, targets = programmed({"device": {**settings, "distribution": distribution}, "on_off_ratio": ratio})
    for row, target in enumerate(targets):
        agree(cells[row], noise, Published(float(target), sigma(target)), f"{settings} at {target:g}")


def test_generic_read_noise_has_its_sigma_of_the_present_conductance():
    device = {"kind": "pcm-joshi-2020"}
    for settings, sigma in [
        ({"kind": "state-independent", "alpha": 0.04}, lambda g: 0 * g + 0.04),
        ({"kind": "state-proportional", "alpha": 0.04}, lambda g: 0.04 * np.abs(g)),
    ]:
        cells, noise, _ = programmed({"device": device, "time": DAY, "read_noise": settings}, count=100)
        np.testing.assert_allclose(noise, sigma(cells), rtol=1e-6)


def test_clipped_reads_would_have_the_noise_that_the_docstring_says():
    """The numbers in the docstring of `bitline.devices.read_noise`, from the moments of max(0, G + sigma n)."""

    def kept(conductance: np.ndarray, sigma: float) -> np.ndarray:
        reads = np.maximum(conductance[:, None] + sigma * Z, 0)
        mean = (reads * WEIGHTS).sum(1)
        return ((reads**2 * WEIGHTS).sum(1) - mean**2) / sigma**2

    off = kept(np.zeros(1), 1.0)[0]
    assert math.sqrt(off) == pytest.approx(0.584, abs=1e-3)
    assert math.sqrt((off + 1) / 2) == pytest.approx(0.82, abs=5e-3)
    weights = np.abs(np.random.default_rng(0).standard_normal(2000))
    assert math.sqrt((off + kept(weights / weights.max(), 0.05).mean()) / 2) == pytest.approx(0.78, abs=0.02)
    weakest = 0.2 * math.sqrt(math.log((DAY + 250e-9) / 500e-9))  # sigma / G of PCM cells at the limit of Q
    assert math.sqrt(kept(np.ones(1), weakest)[0]) > 0.86


# -- tables of measurements

TABLE_TARGETS = (5.0, 15.0, 40.0)
TABLE_TIMES = (10.0, HOUR, DAY)


def table_of(path) -> tuple[str, dict]:
    """A file of skewed cells, and the cells by time and target, ascending."""
    rng = np.random.default_rng(7)
    rows, cells = [], {}
    for target in TABLE_TARGETS:
        fresh = target + 0.5 + (0.4 + 0.03 * target) * (rng.gamma(3.0, 1.0, 80) - 3) / math.sqrt(3)
        for number, time in enumerate(TABLE_TIMES):
            measured = fresh * (1 - 0.04 * number) + 0.1 * number * rng.standard_normal(80)
            cells[time, target] = np.sort(measured)
            rows += [(target, value, time) for value in measured]
    pd.DataFrame(rows, columns=["target", "measured", "time_s"]).to_csv(path, index=False)
    return str(path), cells


STATES = [(12.0, 0.0), (5.0, 10.0), (40.0, HOUR), (15.0, 0.4 * DAY), (12.0, 0.4 * DAY), (12.0, DAY)]  # target, time


def test_resampled_cells_have_the_quantiles_of_the_table(tmp_path):
    """Rank by rank, linear between the targets around a state, and in the logarithm of time between the times."""
    file, cells = table_of(tmp_path / "cells.csv")
    for target, time in STATES:

        def at(measured: float, rank: int, target: float = target) -> float:
            deviations = [cells[measured, x][rank] - x for x in TABLE_TARGETS]
            return target + float(np.interp(target, TABLE_TARGETS, deviations))

        values = np.array(
            [drifted(max(time, 10.0), TABLE_TIMES, [at(t, rank) for t in TABLE_TIMES]) for rank in range(80)]
        )
        sampled = _sampled({"kind": "measurements-resampled", "file": file}, target, time)
        agree(sampled, None, Published(float(values.mean()), float(values.std())), f"{target} after {time}")


def test_fitted_cells_have_the_polynomials_of_the_table(tmp_path):
    """Straight lines through mean and sigma, weighted by the standard errors of the means, then linear in log time."""
    file, cells = table_of(tmp_path / "cells.csv")
    for target, time in STATES:
        means, sigmas = [], []
        for t in TABLE_TIMES:
            groups = [cells[t, x] for x in TABLE_TARGETS]
            spread = np.array([group.std(ddof=1) for group in groups])
            offsets = np.array([group.mean() for group in groups]) - TABLE_TARGETS
            means.append(np.polyval(np.polyfit(TABLE_TARGETS, offsets, 1, w=1 / spread), target))
            sigmas.append(np.polyval(np.polyfit(TABLE_TARGETS, spread, 1, w=1 / spread), target))
        mean, sigma = (float(drifted(max(time, 10.0), TABLE_TIMES, values)) for values in (means, sigmas))
        device = {"kind": "measurements-fit", "file": file, "mean_degree": 1, "sigma_degree": 1}
        agree(_sampled(device, target, time), None, Published(target + mean, sigma), f"{target} after {time}")


def _sampled(device: dict, target: float, time: float) -> np.ndarray:
    model = Design().with_settings({"cell.device": device}).cell.device
    targets, draws = torch.full((COUNT,), target / model.largest), Draws((3, 0))
    return (model.aged(model.program(targets, draws), targets, time, draws).double() * model.largest).numpy()


# -- what happens to cells besides their device


def test_telegraph_cells_are_half_up_and_half_down():
    cells, _, targets = programmed({"faults": {"telegraph": 0.3, "telegraph_amplitude": 0.2}})
    for row, target in enumerate(targets):
        sigma = 0.1 * target * math.sqrt(0.3)
        agree(cells[row], None, Published(float(target), sigma), f"telegraph at {target:g}")


def test_write_verify_leaves_the_normal_law_inside_the_tolerance():
    """A normal error truncated to +-d sigma has variance 1 - 2 d phi(d) / (2 Phi(d) - 1)."""
    alpha, tolerance = 0.05, 0.04
    cells, _, targets = programmed(
        {
            "device": {"kind": "state-independent", "alpha": alpha},
            "programming": {"kind": "write-verify", "tolerance": tolerance, "iterations": 12},
        }
    )
    d = tolerance / alpha
    inside = math.erf(d / math.sqrt(2))
    sigma = alpha * math.sqrt(1 - 2 * d * math.exp(-(d**2) / 2) / math.sqrt(2 * math.pi) / inside)
    for row, target in enumerate(targets):
        agree(cells[row], None, Published(float(target), sigma), f"written to {target:g}")


@pytest.mark.parametrize("voltage", [-1.0, -0.3, 0.5, 1.0])
def test_nonlinear_current_is_the_published_polynomial(voltage):
    """I = G V + N2 V^2 + N3 V^3 (Milo et al., IEEE IRPS 2021), G and currents in S and A, V within +-0.5 V."""
    curve = Cell(current_voltage={"kind": "milo-2021", "read_voltage_V": 0.5}).current_voltage
    for siemens in (50e-6, 100e-6, 225e-6):
        log = math.log10(siemens)
        n2 = 0.0001388 * log**3 + 0.001541 * log**2 + 0.005711 * log + 0.007063
        n3 = 8.8710e-05 * log**2 + 6.7919e-04 * log + 1.2968e-03
        volts = voltage * 0.5
        amperes = siemens * volts + n2 * volts**2 + n3 * volts**3
        current = float(curve.current(torch.tensor([siemens / 225e-6]), voltage)[0])
        assert current == pytest.approx(amperes / (225e-6 * 0.5), rel=1e-5)
