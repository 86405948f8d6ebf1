"""What became of a converted network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import nn

from bitline.design import Design
from bitline.design.approximations import device_notes
from bitline.errors import ConversionError
from bitline.layer.chip import Chip
from bitline.nn.activity import Activities
from bitline.nn.calibration import RANGES, Calibration, ranges_in_words
from bitline.nn.contexts import analog_layers
from bitline.nn.fold import FoldReport
from bitline.numerics.notebook import table_html
from bitline.numerics.summary import counted, cut, summary


@dataclass(frozen=True)
class Conversion:
    """What became of a network.

    Examples:
        >>> import torch
        >>> from bitline.nn import convert
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> conversion = conversion_of(analog)
        >>> conversion.design.name, conversion.chip.number, conversion.digital
        ('differential', 0, ())
        >>> conversion
        Conversion('differential', 2 analog layers, chip 0)

    Attributes:
        design: the accelerator, at the age of the chip.
        analog: names of the layers on arrays.
        digital: names and types of layers with parameters that stay digital, and of parameters beside analog layers.
        folding: what happened to batch norms.
        calibration: ranges of every analog layer.
        remarks: what else a reader of the results should know.
        activities: codes of every analog layer's inputs on the calibration images, where they were seen on the way.
        chip: the chip that the layers are on now.
    """

    design: Design
    analog: tuple[str, ...]
    digital: tuple[tuple[str, str], ...]
    folding: FoldReport
    calibration: Calibration
    remarks: tuple[str, ...] = ()
    activities: Activities | None = None
    chip: Chip = field(default_factory=Chip)

    def __repr__(self) -> str:
        layers = counted(len(self.analog), "analog layer")
        return f"Conversion({cut(self.design.name, 20)!r}, {layers}, chip {self.chip.number})"

    def __str__(self) -> str:
        return summary(*self._summary)

    def _repr_html_(self) -> str:
        return table_html(*self._summary)

    @property
    def _summary(self) -> tuple[str, list[tuple[str, ...]], list[str]]:
        """A title, the rows of a table, and what is said below it."""
        layers = counted(len(self.analog), "analog layer")
        title = f"{cut(self.design.name, 20)}, chip {self.chip.number} of seed {self.chip.seed}: {layers}"
        rows = [(name, *ranges_in_words(self.calibration.layers[name])) for name in self.analog]
        notes = f"{counted(len(self.notes), 'note')} on what is approximate, digital or extrapolated: see .notes"
        return title, [("layer", *RANGES), *rows], [notes] if self.notes else []

    def __getstate__(self) -> dict[str, object]:
        """Files and copies go without activities: they are large, and made again from images."""
        return {**vars(self), "activities": None}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results should know.

        That is what is approximate, what stays digital and why, and what devices say of their use at this age, such
        as what is extrapolated.
        """
        digital = (f"{_digital(name, kind)} stays digital" for name, kind in self.digital)
        folding = (self.folding.message,) if self.folding.message else ()
        devices = device_notes(self.design) if self.design.is_loaded else ()
        return (*self.remarks, *digital, *folding, *devices)


def _digital(name: str, kind: str) -> str:
    """A layer with its type, or a parameter of what holds layers."""
    if kind != nn.Parameter.__name__:
        return f"{name} ({kind})"
    return f"parameter {name!r}" if "." in name else f"parameter {name!r} of the network itself"


def not_converted(network: nn.Module) -> ConversionError:
    """What is raised where a network of plain layers is given for a converted one.

    Examples:
        >>> not_converted(nn.Linear(4, 2))
        ConversionError('Linear is not a converted network: make one with bitline.convert')
    """
    return ConversionError(f"{type(network).__name__} is not a converted network: make one with bitline.convert")


def conversion_of(network: nn.Module) -> Conversion:
    """What `convert` did to make this network, and the chip that it is on now.

    The design is that of the layers at the age of their chip.

    Examples:
        >>> import torch
        >>> from bitline.nn import convert
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> conversion_of(analog).analog
        ('0', '2')

    Raises:
        ConversionError: it is not a converted network.
    """
    conversion = getattr(network, "_bitline", None)
    if not isinstance(conversion, Conversion):
        raise not_converted(network)
    chip = next(analog_layers(network)).chip
    return replace(conversion, design=chip.design(conversion.design), chip=chip)
