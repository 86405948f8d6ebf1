"""Exceptions of a design for some layers of a network."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bitline.config.part import Part
from bitline.config.trust import heed
from bitline.design.settings import code_in, flat

WRAPPERS = re.compile(r"(^|\.)(?:module|_orig_mod)\.")
"""What `DataParallel` and `torch.compile` put into the names of layers."""

OWN_HARDWARE = ("adc_bits",)
"""Settings of the hardware that layers can have of their own; of the others, a network has one."""

Names = Annotated[
    tuple[str, ...], Field(min_length=1), BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]


class LayerRule(Part):
    """Exceptions for some layers of the network; the first rule that matches a layer applies.

    Examples:
        >>> rule = LayerRule(match="layer1", set={"adc.bits": 6})
        >>> rule.matches("layer1.conv2"), rule.matches("layer2.conv1")
        (True, False)
    """

    match: Names
    """Name of a layer or of a block of layers, or a pattern, or several of them: 'fc', 'layer1', ['conv1', 'fc*']."""
    digital: bool = False
    """Keep the layer digital, in floating point."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Settings of these layers that differ from the design's."""

    def model_post_init(self, context: Any) -> None:
        heed(code_in(self.set))

    def check_hardware(self, of_network: Part, of_layers: Part) -> None:
        """Refuse a library, or an arrangement of circuits, for some layers alone.

        Args:
            of_network: the hardware of the design.
            of_layers: that of the layers that the rule is for.

        Raises:
            ValueError: they differ in what a network has one of.
        """
        known = flat(of_network.model_dump())
        for name, value in flat(of_layers.model_dump()).items():
            if name not in OWN_HARDWARE and known.get(name) != value:
                raise ValueError(
                    f"layers: rule {self.title} sets hardware.{name}, of which a network has one: set it for the "
                    f"design; of the hardware, a rule can set {', '.join(OWN_HARDWARE)}"
                )

    @property
    def title(self) -> str:
        """What it matches, in words."""
        return " or ".join(map(repr, self.match))

    def without(self, setting: str) -> LayerRule:
        """The same rule without one of its settings."""
        kept = flat(self.set)
        if setting not in kept:
            return self
        del kept[setting]
        return self.model_copy(update={"set": kept})

    def matches(self, name: str) -> bool:
        """Whether the rule is for a layer of this name, or for a block that it is in."""
        parts = name.split(".")
        blocks = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        patterns = {*self.match, *(WRAPPERS.sub(r"\1", pattern) for pattern in self.match)}
        return any(fnmatchcase(block, pattern) for block in blocks for pattern in patterns)
