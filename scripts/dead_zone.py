"""Why the speaker encoder loses by adding input bits in analog: docs/networks/results/speaker-encoder-dead-zone.json.

    python scripts/dead_zone.py speaker-encoder --files FOLDER

Only the matrix between the mel spectra and the first layer of the LSTM, `lstm.ih_l0`, is on arrays, with exact cells;
everything after it is in floating point. Its errors are what its ADCs make of exact sums. They are put back as they
are, or with one property undone, so that the accuracy tells which property matters. The scripts speaker_encoder.py and
recordings.py say which files belong into FOLDER.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from kept_rows import SEED, TARGET, KeptRows
from subjects import FINE, speaker_encoder
from torch import Tensor, nn

from bitline import AnalogCore, Design
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.sample_values import SampleValues
from bitline.networks.speaker_encoder import BANDS, WIDTH, SpeakerEncoder
from bitline.nn import Inputs

(OWN,) = FINE.values()
BASE: dict[str, Any] = {**OWN, "cell.device": "none", "array.rows": 1152}
DIGITAL = {"inputs.accumulation": "digital"}
GATES = {"input": 0, "forget": 1, "candidate": 2, "output": 3}
"""Places of the gates of an LSTM among its outputs."""
PERCENTILES = (99.98, 99.0, 97.0, 95.0, 90.0, 80.0)


class AfterFirstMatrix(nn.Module):
    """The speaker encoder from the products of its first matrix on, (batch, frames, 1024)."""

    def __init__(self, network: SpeakerEncoder) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4 * WIDTH, WIDTH, network.lstm.num_layers, batch_first=True)
        self.lstm.load_state_dict({**network.lstm.state_dict(), "weight_ih_l0": torch.eye(4 * WIDTH)})
        self.linear, self.speakers = network.linear, network.speakers

    embed, forward = SpeakerEncoder.embed, SpeakerEncoder.forward


class Bench:
    """Products of the first matrix on designs, and what the rest of the network makes of them."""

    def __init__(self, files: Path) -> None:
        subject = speaker_encoder(files)
        assert isinstance(subject.model, SpeakerEncoder)
        self.matrix = subject.model.lstm.weight_ih_l0.detach()
        self.rest = AfterFirstMatrix(subject.model).eval()
        self.calibration = subject.calibration.reshape(-1, BANDS)
        calls = Inputs.of(subject.data.samples, subject.model).calls
        self.mels = torch.cat([call.tensors()[0] for call in calls])
        self.labels = torch.cat([batch.targets for batch in subject.data.samples.batches(len(self.mels))])
        self.measure = subject.data.measure
        self.exact = self.products({"adc": "none"})
        self.base = self.values(self.exact)
        self.plain = self.values(self.mels @ self.matrix.T)

    def products(self, settings: dict[str, Any]) -> Tensor:
        """Of all frames on a design, (recordings, frames, 1024)."""
        design = Design.load("differential").with_settings({**BASE, **settings})
        core = AnalogCore(self.matrix, design, calibration=self.calibration.T, seed=SEED)
        found: Tensor = core.matmul(self.mels.reshape(-1, BANDS).T)
        return found.T.reshape(*self.mels.shape[:2], -1)

    def values(self, products: Tensor) -> Any:
        """What the measure says of each recording."""
        return MeasuredSamples.labelled(products, self.labels, batch=30).values(self.rest)

    def row(self, products: Tensor) -> dict[str, Any]:
        """Accuracy, its loss against exact sums of the same codes, and the share of sums that are 0 now."""
        values = self.values(products)
        loss = SampleValues(self.plain, self.base, (values,)).loss(self.measure)
        low, high = loss.interval()
        return {
            "float": self.measure.of(self.plain),
            "reference": self.measure.of(self.base),
            "values": [self.measure.of(values)],
            "loss": {"points": 100 * loss.value, "interval": [100 * low, 100 * high]},
            "zeros": float((products == 0).float().mean()),
            "rms_error": float((products - self.exact).square().mean().sqrt()),
        }


def undone(bench: Bench) -> Iterator[tuple[str, Tensor]]:
    """Products with the errors of analog accumulation at 6 bits, and with one property of them undone."""
    analog, exact = bench.products({"adc.bits": 6}), bench.exact
    error, is_zero = analog - exact, analog == 0
    yield "6 bits, analog", analog
    yield "6 bits, digital", bench.products({"adc.bits": 6, **DIGITAL})
    signs = torch.randint(0, 2, error.shape, generator=torch.Generator().manual_seed(SEED)) * 2 - 1
    yield "6 bits, analog, errors with random signs", exact + error * signs
    yield "6 bits, analog, errors only of sums that become 0", exact + error * is_zero
    yield "6 bits, analog, errors only of all others", exact + error * ~is_zero
    for name, gate in GATES.items():
        own = torch.zeros_like(error)
        own[..., gate * WIDTH : (gate + 1) * WIDTH] = error[..., gate * WIDTH : (gate + 1) * WIDTH]
        yield f"6 bits, analog, errors only of the {name} gate", exact + own


def settings(bench: Bench) -> Iterator[tuple[str, Tensor]]:
    """Products with other converters."""
    for bits in (4, 6, 8):
        for percentile in PERCENTILES:
            own = {"adc.range": {"kind": "calibrated", "percentile": percentile}}
            yield f"{bits} bits, analog, P {percentile:g}", bench.products({"adc.bits": bits, **own})
    for percentile in (99.98, 99.0, 95.0):
        own = {"adc.range": {"kind": "calibrated", "percentile": percentile}, "adc.ranges_per": ["column"]}
        yield f"6 bits, analog, P {percentile:g} of each column", bench.products({"adc.bits": 6, **own})
    for bits in (9, 10):
        yield f"{bits} bits, analog", bench.products({"adc.bits": bits})
    for bits in (4, 5):
        yield f"{bits} bits, digital", bench.products({"adc.bits": bits, **DIGITAL})
    yield "6 bits, analog, one weight step", bench.products({"adc.bits": 6, "weights.scale": "layer"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["speaker-encoder"])
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(arguments.files)
    kept = KeptRows(
        arguments.out / "speaker-encoder-dead-zone.json",
        Path(__file__).name,
        arguments.network,
        about=speaker_encoder(arguments.files).about + "; lstm.ih_l0 alone on arrays, with exact cells",
        samples=len(bench.mels),
        measure=bench.measure.name,
    )
    for name, products in chain(undone(bench), settings(bench)):
        row = bench.row(products)
        loss = "{:.1f} ({:.1f} to {:.1f})".format(row["loss"]["points"], *row["loss"]["interval"])
        print(f"{name:<60} loss {loss}, zeros {row['zeros']:.3f}, rms {row['rms_error']:.3f}", flush=True)
        kept.add(name, row)


if __name__ == "__main__":
    main()
