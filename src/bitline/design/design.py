"""The Design: one frozen, validated description of an analog accelerator, as a TOML file holds it.

Its sections are the stages of the signal chain; the types of their variants live with the stages.
"""

from __future__ import annotations

import math
from html import escape
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator

from bitline.arrays import AnyArray, IdealArray
from bitline.config import toml
from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.config.messages import explain, nearest, wrong_settings
from bitline.config.near import near_files
from bitline.config.part import Part
from bitline.config.trust import heed, is_import_path, is_loadable, reading_a_file, trust
from bitline.config.variants import Variant
from bitline.design.checks import CHECKS
from bitline.design.hardware import Hardware
from bitline.design.inputs import Inputs
from bitline.design.preset_files import preset_text, presets
from bitline.design.rules import LayerRule
from bitline.design.settings import CODE, code_in, merge, nested
from bitline.devices import Cell
from bitline.encode import AnyWeights, Differential
from bitline.errors import DesignError, SettingError
from bitline.numerics.text import type_in_words
from bitline.quantize import InputScale
from bitline.readout import AnyAdc, BitLines, NoAdc, UniformAdc


class Design(Part):
    """One analog accelerator. Frozen; change it with `with_settings`, read and write it with `load` and `to_toml`.

    Examples:
        >>> design = Design(weights={"kind": "offset", "bits_per_cell": 2}, inputs={"accumulation": "digital"})
        >>> design.weights.slices, round(design.full_precision_bits, 1)
        (4, 12.2)
    """

    name: str = "unnamed"
    """Name in tables and reports."""
    description: str = ""
    """What the design is and where it comes from."""
    weights: AnyWeights = Differential()
    """Stages 1 and 2: weight codes and how cells hold them."""
    inputs: Inputs = Inputs()
    """Stages 1 and 2: input codes and how they drive the rows."""
    cell: Cell = Cell()
    """Stage 3: the memory cell."""
    array: AnyArray = IdealArray()
    """Stage 4: the array."""
    adc: AnyAdc = UniformAdc()
    """Stage 5: the readout."""
    hardware: Hardware = Hardware()
    """Circuits and their arrangement, for energy, area and latency."""
    layers: tuple[LayerRule, ...] = ()
    """Exceptions by layer name."""

    def __init__(self, **sections: Any) -> None:
        try:
            super().__init__(**sections)
        except ValidationError as error:
            message, wrong = explain(error, type(self), sections), wrong_settings(error, type(self))
            raise (SettingError(message, wrong) if wrong else DesignError(message)) from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for check in CHECKS:
            check(self)
        for rule in self.layers:
            if rule.set:
                rule.check_hardware(self.hardware, self.with_rule(rule).hardware)
        return self

    @classmethod
    def of(cls, design: Design | str) -> Design:
        """A design as it is, or that of a preset or TOML file; see `load`."""
        if not isinstance(design, (Design, str, Path)):
            raise DesignError(f"the design is {type_in_words(design)}: give a Design, the name of a preset or a file")
        return design if isinstance(design, Design) else cls.load(design)

    @classmethod
    @checked(DesignError)
    def load(cls, source: str | Path, *, allow_code: bool = False) -> Design:
        """Read a design from a TOML file, or a preset by its name.

        Args:
            source: a file, or the name of a preset.
            allow_code: import the classes that the file names by import path, which runs their modules; otherwise the
                design is what the file says, and a device or converter of such a class cannot be used.

        Examples:
            >>> Design.load("differential").weights.kind
            'differential'

        Raises:
            DesignError: no such preset or file, or its content is not a valid design.
        """
        path = Path(source)
        if path.suffix == ".toml" or path.is_file():
            design = cls.from_dict(near_files(path.parent, toml.parse(toml.read(path), str(path))))
            return design.with_code() if allow_code else design
        if str(source) not in presets():
            raise DesignError(
                f"there is no preset {str(source)!r}{nearest(str(source), presets())}, or give a .toml file"
            )
        return cls.from_toml(preset_text(str(source)), origin=f"preset {source}")

    @classmethod
    @checked(DesignError)
    def from_toml(cls, text: str, origin: str = "the design", *, allow_code: bool = False) -> Design:
        """Read a design from TOML text; `allow_code` is that of `load`."""
        design = cls.from_dict(toml.parse(text, origin))
        return design.with_code() if allow_code else design

    @classmethod
    @checked(DesignError)
    def from_dict(cls, sections: dict[str, Any]) -> Design:
        """A design from values that a file has, as `model_dump` gives them; no code runs that they name."""
        with reading_a_file():
            return cls(**sections)

    @property
    def code(self) -> tuple[str, ...]:
        """Import paths of the classes that it names, for all layers or in a rule, none of which is bitline's."""
        own = [part.kind for part in self._of_users if is_import_path(part.kind)]
        of_rules = [path for rule in self.layers for path in code_in(rule.set)]
        return tuple(dict.fromkeys((*own, *of_rules)))

    @property
    def is_loaded(self) -> bool:
        """Whether the code of all classes that it names is at hand."""
        of_rules = (path for rule in self.layers for path in code_in(rule.set))
        return all(part.is_loaded for part in self._of_users) and all(map(is_loadable, of_rules))

    @property
    def _of_users(self) -> tuple[Variant, ...]:
        """The parts whose class may be a user's."""
        return tuple(attrgetter(name)(self) for name in CODE)

    def with_code(self) -> Design:
        """The same design with the classes that it names, whose modules are imported.

        Raises:
            DesignError: there is no such class, it does not accept its settings, or its module fails.
        """
        trust(self.code)
        return Design.from_dict(self.model_dump())

    def _repr_html_(self) -> str:
        """The design as a notebook shows it: its file."""
        return f'<pre style="line-height:1.3">{escape(self.to_toml())}</pre>'

    def to_toml(self) -> str:
        """The design as TOML, every setting with its meaning; reads back as an equal design."""
        return toml.annotated(self)

    def with_settings(self, settings: dict[str, Any]) -> Design:
        """A copy with other settings; what described the design described the settings before, and is left out.

        Args:
            settings: values by dotted name.

        Examples:
            >>> Design().with_settings({"adc.bits": 6, "weights.kind": "offset"}).adc.bits
            6

        Raises:
            DesignError: an unknown name or impossible value.
        """
        if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
            raise DesignError(f"settings are {settings!r}: give values by dotted name, {{'adc.bits': 6}}")
        heed(code_in(settings))
        changes = nested(settings)
        kept = [] if self.code else [name for name in type(self).model_fields if name not in changes]
        made = self.with_sections(merge(self.model_dump(exclude=set(kept)), changes))
        is_same = made.model_copy(update={"name": self.name}) == self
        return made if is_same or "description" in changes else made.model_copy(update={"description": ""})

    @checked(DesignError)
    def with_sections(self, sections: dict[str, Any]) -> Design:
        """A copy with whole sections of other designs, checked as a whole.

        Examples:
            >>> coarse = Design().with_settings({"adc.bits": 6})
            >>> design = Design.load("offset").with_sections({"adc": coarse.adc})
            >>> design.adc is coarse.adc, design.weights.kind
            (True, 'offset')

        Raises:
            DesignError: an impossible combination.
        """
        return Design.from_dict({name: getattr(self, name) for name in type(self).model_fields} | sections)

    @checked(DesignError)
    def at(self, seconds: float) -> Design:
        """The design with its cells read so many seconds after programming.

        Raises:
            DesignError: a time at which the device is unknown.
        """
        if seconds == self.cell.time and not self.layers:
            return self
        timeless = self.model_copy(update={"layers": tuple(rule.without("cell.time") for rule in self.layers)})
        return timeless.with_settings({"cell.time": seconds, "description": self.description})

    @checked(DesignError)
    def for_layer(self, name: str) -> Design | None:
        """The design of one layer, None where the layer stays digital."""
        rule = self.rule_for(name)
        return self if rule is None else (None if rule.digital else self.with_rule(rule))

    @checked(DesignError)
    def rule_for(self, name: str) -> LayerRule | None:
        """The rule that holds for a layer, None where there is none."""
        return next((rule for rule in self.layers if rule.matches(name)), None)

    def variants(self) -> tuple[Design, ...]:
        """The designs that layers have: this one without its rules, and that of each rule for analog layers."""
        plain = self.model_copy(update={"layers": ()})
        return (plain, *(self.with_rule(rule) for rule in self.layers if not rule.digital))

    @checked(DesignError)
    def with_rule(self, rule: LayerRule) -> Design:
        """The design of the layers that a rule is for."""
        return Design.from_dict(merge(self.model_copy(update={"layers": ()}).model_dump(), nested(rule.set)))

    @property
    def skips_conversions(self) -> bool:
        """Whether some layers leave out conversions of inputs that are 0, so that costs depend on the images."""
        return any(variant.adc.skip_zero_inputs for variant in (self.variants() if self.layers else (self,)))

    @property
    def needs_calibrated_adc(self) -> bool:
        """Whether ADC ranges come from calibration images."""
        return self.adc.range.needs_calibration

    @property
    def has_plain_currents(self) -> bool:
        """Whether the current of a cell on an ideal line is its conductance times the digit on its row."""
        return self.cell.current_voltage.is_linear and self.inputs.drivers.have_exact_weights

    @property
    def bends_on_wires(self) -> bool:
        """Whether cells are not ohmic on lines with resistance, which are solved node by node."""
        return self.array.has_wires and not self.cell.current_voltage.is_linear

    @property
    def full_precision_bits(self) -> float:
        """B_out of Xiao et al. 2022, Eq. 2, for a full array."""
        return self.bit_lines(self.array.rows).full_precision_bits

    @property
    def guaranteed_bits(self) -> int:
        """Bits with which an ADC has a level for every output of a full array, if inputs are never negative."""
        lines = self.bit_lines(self.array.rows)
        return max(math.ceil(lines.full_precision_bits), lines.needed_bits)

    @checked(DesignError)
    def bit_lines(self, rows: int, inputs: InputScale | None = None) -> BitLines:
        """The signals at the ADCs of a layer.

        Args:
            rows: rows in use that add to one conversion.
            inputs: quantisation of the layer's inputs; if not given, unsigned unless `inputs.signed` is true.

        Raises:
            DesignError: less than one row.
        """
        whole_number("rows", rows, 1, DesignError)
        signed = inputs.signed if inputs else self.inputs.signed is True
        slicing = self.inputs.slicing(inputs.magnitude_bits if inputs else self.inputs.largest_magnitude_bits, signed)
        weights, window, top = self.weights, 1 - self.cell.window_low, slicing.top
        drive = min(2**slicing.magnitude_bits - 1, top) / top
        added, share = abs(sum(weights.added_radix)), weights.largest_digits / weights.top_digit
        largest = added - window * (added - share * weights.filled)
        return BitLines(
            rows=rows,
            signed=weights.signed_conversions or (signed and slicing.polarities == 1),
            cell_bits=weights.reading_bits,
            input_bits=slicing.conversion_bits,
            step=window * weights.reading_step / weights.top_digit / top,
            radix=weights.converted_radix,
            reach=drive * (window * share if weights.signed_readings else largest),
            filled=weights.filled,
            largest=largest,
        )


__all__ = ["Cell", "Design", "Inputs", "LayerRule", "NoAdc"]
