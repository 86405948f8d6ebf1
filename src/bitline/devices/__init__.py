"""Stage 3: target conductances to programmed conductances.

Before it: `encode` says what each cell should hold. After it: `arrays` sums the cells' currents.
To add a device, write one file with a `Device` and add it to `AnyDevice`.
"""

from typing import Annotated

from pydantic import Field

from bitline._model import shorthand
from bitline.devices._device import Device
from bitline.devices.exact import Exact
from bitline.devices.state_independent import StateIndependent
from bitline.devices.state_proportional import StateProportional

AnyDevice = Annotated[
    Exact | StateIndependent | StateProportional,
    Field(discriminator="kind"),
    shorthand("kind", default="none"),
]

__all__ = ["AnyDevice", "Device", "Exact", "StateIndependent", "StateProportional"]
