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
from bitline.devices.pcm_buchel_2025 import PcmBuchel2025
from bitline.devices.pcm_joshi_2020 import PcmJoshi2020
from bitline.devices.pcm_nandakumar_2019 import PcmNandakumar2019
from bitline.devices.programming import Once, Written
from bitline.devices.published import PublishedDevice
from bitline.devices.registry import AnyDevice
from bitline.devices.reram_milo_2021 import ReramMilo2021
from bitline.devices.reram_wan_2022 import ReramWan2022
from bitline.devices.sonos_agrawal_2022 import SonosAgrawal2022
from bitline.devices.sonos_xiao_2022 import SonosXiao2022
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
    "PcmBuchel2025",
    "PcmJoshi2020",
    "PcmNandakumar2019",
    "PublishedDevice",
    "ReramMilo2021",
    "ReramWan2022",
    "SonosAgrawal2022",
    "SonosXiao2022",
    "StateIndependent",
    "StateProportional",
    "TableDevice",
    "Variation",
    "Written",
    "format_duration",
]
