"""The Design, what depends on which of its settings, and the designs that come with bitline."""

from bitline.design.design import Cell, Design, LayerRule, NoAdc
from bitline.design.inputs import Inputs
from bitline.design.preset_files import presets
from bitline.design.views import reference

__all__ = ["Cell", "Design", "Inputs", "LayerRule", "NoAdc", "presets", "reference"]
