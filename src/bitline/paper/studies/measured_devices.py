"""Sections 6 and 9.1: every mapping with cells that were measured, without ADC."""

from __future__ import annotations

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.studies.cell_errors import DIFFERENTIAL, OFFSET
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import measured
from bitline.study import DesignResult

DEVICES = {
    "SONOS (Xiao 2022)": ("sonos-xiao-2022", 1e7),
    "SONOS (Agrawal 2022)": ("sonos-agrawal-2022", 1e7),
    "PCM (Joshi 2020)": ("pcm-joshi-2020", 100.0),
    "PCM (Nandakumar 2019)": ("pcm-nandakumar-2019", 100.0),
    "ReRAM (Milo 2021)": ("reram-milo-2021", 4.5),
    "ReRAM (Wan 2022)": ("reram-wan-2022", 39.26),
}
"""Device and G_max / G_min: the measured window; 1 uS to 39.26 uS for Wan et al., Nature 608, 504, 2022."""
DEVICE, RATIO, CELL_BITS = "cell.device", "cell.on_off_ratio", "weights.bits_per_cell"
GROUPS = {"differential": DIFFERENTIAL, "offset": tuple(name for name in OFFSET if "unit" not in name)}


def run(experiment: Experiment) -> Findings:
    """Measure and judge: cells just programmed, read without noise, so that programming alone is seen."""
    columns = zip(*DEVICES.values(), strict=True)
    devices = {"zip": {name: list(values) for name, values in zip((DEVICE, RATIO), columns, strict=True)}}
    names = tuple(name for group in GROUPS.values() for name in group)
    data = experiment.measure("measured devices", [mappings.axis(*names), devices], {"cell.read_noise": "none"})

    def design(device: str, mapping: str) -> DesignResult:
        kind, _ = DEVICES[device]
        return data.designs(**mappings.settings(mapping), cell__device=kind)[0]

    def differences(device: str, better: str, worse: str) -> list[float]:
        pairs = zip(design(device, better).accuracies, design(device, worse).accuracies, strict=True)
        return [100 * (a - b) for a, b in pairs]

    verdicts = (
        *(
            measured(f"{device}: differential cells lose less than offset cells (sections 6 and 9).",
                     "accuracy of differential 7b less that of offset 8b in points, by chip",
                     differences(device, "differential 7b", "offset 8b"))
            for device in DEVICES
        ),
        *(
            measured(f"{device}: sliced and unsliced differential cells differ little (claim 1).",
                     "1.5 less the accuracy of differential 1b less that of 7b in points, by chip",
                     [1.5 - one for one in differences(device, "differential 1b", "differential 7b")])
            for device in DEVICES
        ),
    )  # fmt: skip

    def line(device: str, group: tuple[str, ...]) -> Line:
        designs = sorted((design(device, name) for name in group), key=_cell_bits)
        bars = tuple(0.0 if len(one.accuracies) < 2 else 200 * one.std for one in designs)
        return Line(device, tuple(map(_cell_bits, designs)), tuple(100 * one.mean for one in designs), bars)

    panels = tuple(
        Panel(title, tuple(line(device, group) for device in DEVICES), "bits per cell")
        for title, group in GROUPS.items()
    )
    return Findings(data.frame.drop(columns=["key"]), Drawing(panels, experiment.caption), verdicts, data.failures)


def _cell_bits(design: DesignResult) -> float:
    bits = design.settings[CELL_BITS]
    unsliced = 7.0 if design.settings["weights.kind"] == "differential" else 8.0
    return unsliced if bits == "unsliced" else float(bits)


STUDY = PaperStudy("measured-devices", "Sections 6, 9.1", "measured SONOS, PCM and ReRAM cells by mapping", run)
