"""Stage 3: target conductances to programmed conductances.

Before it: `encode` says what each cell should hold. After it: `arrays` sums the cells' currents.
To add a device, write one file with a `Device` and add it to `AnyDevice` in `registry.py`.
"""

from bitline.devices._device import Device, NormalError
from bitline.devices.cell import Cell
from bitline.devices.charge_sharing import ChargeSharing
from bitline.devices.current_voltage import CurrentVoltage
from bitline.devices.duration import Duration, format_duration
from bitline.devices.exact import Exact
from bitline.devices.faults import Faults
from bitline.devices.full_scale import FullScale
from bitline.devices.measurements import TableDevice
from bitline.devices.programming import Once, Written
from bitline.devices.published import PublishedDevice
from bitline.devices.registry import AnyDevice
from bitline.devices.state_independent import StateIndependent
from bitline.devices.state_proportional import StateProportional
from bitline.devices.variation import Variation

__all__ = [
    "AnyDevice",
    "Cell",
    "ChargeSharing",
    "CurrentVoltage",
    "Device",
    "Duration",
    "Exact",
    "Faults",
    "FullScale",
    "NormalError",
    "Once",
    "PublishedDevice",
    "StateIndependent",
    "StateProportional",
    "TableDevice",
    "Variation",
    "Written",
    "format_duration",
]
