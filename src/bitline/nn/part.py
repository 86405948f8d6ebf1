"""Part of a network by itself, its layers called as in the whole network."""

from __future__ import annotations

from typing import Any

from torch import nn

from bitline.errors import ConversionError


class Part(nn.Module):
    """A part of a network under the name that it has there, so that it can be converted by itself.

    A layer's name decides its cells on a chip and which rules of a design match. The blocks of a network that is larger
    than memory can so be converted and evaluated one after the other, on the chip that the whole network would be on.

    Args:
        name: of the part in the network, such as `model.layers.3`.
        module: the part.

    Raises:
        ConversionError: the name is no name of a module.

    Examples:
        >>> import torch
        >>> from bitline import convert
        >>> part = Part("blocks.3", nn.Sequential(nn.Linear(4, 2)))
        >>> convert(part, "differential", torch.rand(16, 4)).get_submodule("blocks.3.0")
        AnalogLinear('blocks.3.0', rows=4, outputs=2, groups=1)
    """

    def __init__(self, name: str, module: nn.Module) -> None:
        super().__init__()
        if not isinstance(name, str) or not all(name.split(".")):
            raise ConversionError(f"a part is called as in its network, such as 'model.layers.3', not {name!r}")
        self.name = name
        place: nn.Module = self
        *folders, last = name.split(".")
        for folder in folders:
            place.add_module(folder, nn.Module())
            place = place.get_submodule(folder)
        place.add_module(last, module)

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        return self.get_submodule(self.name)(*arguments, **keywords)
