"""Sections 6 and 9.1: every mapping with cells that were measured, without ADC."""

from __future__ import annotations

from bitline.paper.axes import over_mappings, together
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import DIFFERENTIAL, MAPPINGS, OFFSET
from bitline.paper.measurements import Measurements
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict
from bitline.study import DesignResult

DEVICES = {
    "SONOS (Xiao 2022)": {"cell.device": "sonos-xiao-2022", "cell.on_off_ratio": 1e7},
    "SONOS (Agrawal 2022)": {"cell.device": "sonos-agrawal-2022", "cell.on_off_ratio": 1e7},
    "PCM (Joshi 2020)": {"cell.device": "pcm-joshi-2020", "cell.on_off_ratio": 100.0},
    "PCM (Nandakumar 2019)": {"cell.device": "pcm-nandakumar-2019", "cell.on_off_ratio": 100.0},
    "ReRAM (Milo 2021)": {"cell.device": "reram-milo-2021", "cell.on_off_ratio": 4.5},
    "ReRAM (Wan 2022)": {"cell.device": "reram-wan-2022", "cell.on_off_ratio": 39.26},
}
"""Device and G_max / G_min: the measured window; 1 uS to 39.26 uS for Wan et al., Nature 608, 504, 2022."""
GROUPS = {"differential": DIFFERENTIAL, "offset": OFFSET}


def run(experiment: Experiment) -> Findings:
    """Measure cells that were just programmed and are read without noise, so that programming alone is seen."""
    axes = [over_mappings([*DIFFERENTIAL, *OFFSET]), together(DEVICES.values())]
    data = experiment.measure("measured devices", axes, {"cell.read_noise": "none"})
    panels = []
    for title, names in GROUPS.items():
        designs = {device: [_design(data, device, name) for name in names] for device in DEVICES}
        lines = tuple(Line.with_bars(device, map(_cell_bits, line), line) for device, line in designs.items())
        panels.append(Panel(title, lines, "bits per cell"))
    verdicts = (*(_mappings(data, device) for device in DEVICES), *(_slices(data, device) for device in DEVICES))
    return Findings(data.table, Drawing(tuple(panels), experiment.caption), verdicts, data.failures)


def _design(data: Measurements, device: str, mapping: str) -> DesignResult:
    (design,) = data.designs({**MAPPINGS[mapping].settings, "cell.device": DEVICES[device]["cell.device"]})
    return design


def _mappings(data: Measurements, device: str) -> Verdict:
    differential, offset = (_design(data, device, name) for name in ("differential 7b", "offset 8b"))
    return Claim(f"{device}: differential cells lose less than offset cells (sections 6 and 9).").measured(
        "accuracy of differential 7b less that of offset 8b in points", data.gain(differential, offset), ">", 0
    )


def _slices(data: Measurements, device: str) -> Verdict:
    sliced, unsliced = (_design(data, device, name) for name in ("differential 1b", "differential 7b"))
    return Claim(f"{device}: sliced and unsliced differential cells differ little (claim 1).").measured(
        "accuracy of differential 1b less that of 7b in points", data.gain(sliced, unsliced), "<", 1.5
    )


def _cell_bits(design: DesignResult) -> float:
    bits = design.settings["weights.bits_per_cell"]
    unsliced = 7.0 if design.settings["weights.kind"] == "differential" else 8.0
    return unsliced if bits == "unsliced" else float(bits)


STUDY = PaperStudy("measured-devices", "Sections 6, 9.1", "measured SONOS, PCM and ReRAM cells by mapping", run)
