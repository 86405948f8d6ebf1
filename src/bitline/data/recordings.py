"""Folders and archives of recordings: one subfolder for each class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.arguments import check_fields
from bitline.config.counts import whole_number
from bitline.config.messages import first_line
from bitline.data._files import Files, is_hidden, opened_files
from bitline.data._order import spread_over_classes
from bitline.data._sounds import heard, is_sound
from bitline.data.call import Call
from bitline.data.class_names import folder_labels
from bitline.data.outputs import tensor_of
from bitline.data.read_samples import ReadSamples
from bitline.errors import DataError

TRIED = 3
"""Recordings that show which shape a network takes: more than it has channels."""


@dataclass(frozen=True)
class Recordings:
    """What a network takes that classifies recordings: waves, or what an extractor of features makes of them.

    Attributes:
        rate: samples a second, to which recordings are resampled; that of the recordings if None, which all have then.
        extract: inputs of a wave (samples,), by the names of the network's arguments, without an axis of samples; if
            None, the network takes waves, (recordings, samples) or (recordings, channels, samples), as it is found to.
        classes: names of the network's classes; empty where it does not name them.
        length: samples of every wave: longer ones are cut, shorter ones followed by silence; as they are if None.

    Examples:
        What a network of a microphone takes, a second at a time:

        >>> takes = Recordings(rate=16_000, classes=("silence", "speech"), length=16_000)
        >>> takes.of_length(8000).length
        8000
    """

    rate: int | None = None
    extract: Callable[[np.ndarray], Mapping[str, Any]] | None = None
    classes: tuple[str, ...] = ()
    length: int | None = None

    wants = "recordings: a folder or .zip with one folder of .wav, .flac or .ogg files for each class"

    def __post_init__(self) -> None:
        check_fields(self, DataError)

    def of_length(self, length: int) -> Recordings:
        """The same with waves of so many samples.

        Raises:
            DataError: it is no number of samples.
        """
        return replace(self, length=whole_number("length", length, 1, DataError))


def is_recordings(path: Path) -> bool:
    """Whether this is a folder or an archive of recordings, as the first of its folders with files says."""
    if not (path.is_dir() or path.suffix.lower() == ".zip"):
        return False
    try:
        with opened_files(path) as files:
            for folder in _classes(files):
                names = [name for name in files.entries(folder)[1] if not is_hidden(name)]
                if names:
                    return any(map(is_sound, names))
    except DataError:  # which whoever reads it says in full
        pass
    return False


def read_recordings(path: Path, takes: Recordings, network: nn.Module) -> ReadSamples:
    """One subfolder for each class, called by its name or number; a folder or a .zip. All are kept in memory as waves.

    Raises:
        DataError: a recording cannot be read, is too short for the network, or has another rate than the others.
    """
    with opened_files(path) as files:
        folders = [folder for folder in _classes(files) if any(map(is_sound, files.entries(folder)[1]))]
        numbers, notes = folder_labels(folders, takes.classes, files.name)
        listed = [
            (number, f"{folder}/{name}")
            for number, folder in zip(numbers, folders, strict=True)
            for name in files.entries(folder)[1]
            if is_sound(name) and not is_hidden(name)
        ]
        order, spread = spread_over_classes(torch.tensor([number for number, _ in listed]), "recordings")
        listed, notes = [listed[place] for place in order.tolist()], notes + spread
        found = [
            (f"{files.name}/{file}", *heard(files.read(file) or b"", f"{files.name}/{file}")) for _, file in listed
        ]
    notes += _alike(found, takes)
    waves = tuple(_fitted(wave, rate, takes) for _, wave, rate in found)
    names = tuple(name for name, _, _ in found)
    return ReadSamples(Sounds(waves, tuple(n for n, _ in listed), names, takes).arranged_for(network), notes)


def _classes(files: Files) -> list[str]:
    return [folder for folder in files.entries("")[0] if not is_hidden(folder)]


def _alike(found: Sequence[tuple[str, np.ndarray, int]], known: Recordings) -> tuple[str, ...]:
    """What is to be said of the rates of recordings.

    Raises:
        DataError: they have several rates or numbers of channels, and the network does not say which it wants.
    """
    rates: dict[int, str] = {}
    channels: dict[int, str] = {}
    for name, wave, rate in found:
        rates.setdefault(rate, name)
        channels.setdefault(len(wave), name)
    refused = [("Hz", rates)] * (known.rate is None) + [("channels", channels)] * (known.extract is None)
    for unit, seen in refused:
        if len(seen) > 1:
            (number, name), (other, its_name), *_ = seen.items()
            raise DataError(f"{name} has {number:,} {unit}, and {its_name} {other:,}: give recordings that are alike")
    others = ", ".join(f"{rate:,}" for rate in sorted(rates) if rate != known.rate)
    if known.rate is None or not others:
        return ()
    return (f"recordings of {others} Hz were resampled to the {known.rate:,} Hz of the network",)


def _fitted(wave: np.ndarray, rate: int, known: Recordings) -> np.ndarray:
    """A wave at the rate and of the length that the network takes, (channels, samples)."""
    if known.rate not in (None, rate):
        wave = resampled(wave, rate, known.rate)
    if known.length is None:
        return wave
    return np.pad(wave, ((0, 0), (0, max(0, known.length - wave.shape[1]))))[:, : known.length]


@dataclass(frozen=True)
class Sounds:
    """A data set of recordings, whose features are extracted when they are used.

    Attributes:
        waves: (channels, samples) each.
        labels: class numbers.
        names: of the files, for messages.
        takes: how waves become inputs.
        has_channels: whether the network takes an axis of channels.
    """

    waves: tuple[np.ndarray, ...] = field(repr=False)
    labels: tuple[int, ...] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    takes: Recordings
    has_channels: bool = False

    def __len__(self) -> int:
        return len(self.waves)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return self.inputs(number), self.labels[number]

    def inputs(self, number: int) -> Any:
        """Inputs of the network for one recording, without an axis of samples.

        Raises:
            DataError: no features can be extracted.
        """
        wave = self.waves[number]
        if self.takes.extract is None:
            return torch.from_numpy(wave if self.has_channels else wave[0])
        try:
            return dict(self.takes.extract(wave.mean(0)))
        except Exception as error:  # whatever an extractor raises
            raise DataError(f"no features can be extracted of {self.names[number]}: {first_line(error)}") from None

    def arranged_for(self, network: nn.Module) -> Sounds:
        """The same, in the shape that a network takes, tried on the shortest recording.

        Raises:
            DataError: the network takes neither shape.
        """
        shortest = min(range(len(self)), key=lambda number: self.waves[number].shape[1])
        shapes = [self] * (self.takes.extract is not None or len(self.waves[shortest]) == 1)
        shapes += [replace(self, has_channels=True)] * (self.takes.extract is None)
        reasons = []
        for arranged in shapes:
            try:
                arranged._try(network, shortest)
                return arranged
            except (Exception, SystemExit) as error:  # a network can raise anything
                reasons.append(first_line(error))
        count = self.waves[shortest].shape[1]
        raise DataError(
            f"the network cannot take {self.names[shortest]}, the shortest recording, of {count:,} samples: "
            f"{', '.join(dict.fromkeys(reasons))}; if it is too short, leave it out, or give all a --length"
        )

    @torch.no_grad()
    def _try(self, network: nn.Module, number: int) -> None:
        inputs = self.inputs(number)

        def of(value: Tensor) -> Tensor:
            return value[None].expand(TRIED, *value.shape)

        call = (
            Call((of(inputs),), {}) if isinstance(inputs, Tensor) else Call((), {k: of(v) for k, v in inputs.items()})
        )
        outputs = tensor_of(call.for_network(network).on(network), "outputs of each recording")
        if len(outputs) != TRIED:
            raise DataError(f"of {TRIED} recordings, the network returns the shape {tuple(outputs.shape)}")


def resampled(wave: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Waves at another rate, by a polyphase filter (SciPy's `resample_poly`), float32.

    Args:
        wave: (channels, samples).
        rate, wanted: samples a second.

    Examples:
        >>> resampled(np.ones((1, 800), np.float32), 8000, 16000).shape
        (1, 1600)
    """
    from scipy.signal import resample_poly

    common = gcd(rate, wanted)
    return np.asarray(resample_poly(wave.astype(np.float64), wanted // common, rate // common, axis=1), np.float32)
