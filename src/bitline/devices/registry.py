"""The devices that a design can name, and what else a cell can be: one line each."""

from __future__ import annotations

from typing import Annotated, Any

from bitline.config.contents import plain_value
from bitline.config.table_files import is_table
from bitline.config.variants import Variants
from bitline.devices.charge_sharing import ChargeSharing
from bitline.devices.current_voltage import Milo2021, Ohmic
from bitline.devices.exact import Exact
from bitline.devices.imported import Imported
from bitline.devices.imported_current import ImportedCurrent
from bitline.devices.levels import ContinuousLevels, LevelTable, UniformLevels
from bitline.devices.measurements import FittedMeasurements, ResampledMeasurements
from bitline.devices.pcm_buchel_2025 import PcmBuchel2025
from bitline.devices.pcm_joshi_2020 import PcmJoshi2020
from bitline.devices.pcm_nandakumar_2019 import PcmNandakumar2019
from bitline.devices.programming import Once, WriteVerify
from bitline.devices.read_noise import DeviceNoise, IndependentNoise, NoNoise, ProportionalNoise
from bitline.devices.reram_milo_2021 import ReramMilo2021
from bitline.devices.reram_wan_2022 import ReramWan2022
from bitline.devices.sinh_current import SinhCurrent
from bitline.devices.sonos_agrawal_2022 import SonosAgrawal2022
from bitline.devices.sonos_xiao_2022 import SonosXiao2022
from bitline.devices.state_independent import StateIndependent
from bitline.devices.state_proportional import StateProportional


class DeviceVariants(Variants):
    """Variants that the path of a table of measurements chooses, too: `cell.device = "cells.csv"`."""

    def expanded(self, value: Any) -> Any:
        value = super().expanded(plain_value(value))
        named = value.get("kind") if isinstance(value, dict) else None
        if isinstance(named, str) and is_table(named):
            return {**value, "kind": "measurements-fit", "file": named}
        return value


AnyDevice = Annotated[
    Exact
    | StateIndependent
    | StateProportional
    | ChargeSharing
    | SonosXiao2022
    | SonosAgrawal2022
    | PcmJoshi2020
    | PcmNandakumar2019
    | PcmBuchel2025
    | ReramMilo2021
    | ReramWan2022
    | FittedMeasurements
    | ResampledMeasurements
    | Imported,
    DeviceVariants(default="none"),
]

AnyLevels = Annotated[
    ContinuousLevels | UniformLevels | LevelTable,
    Variants(default="uniform"),
]

AnyProgramming = Annotated[
    Once | WriteVerify,
    Variants(default="write-verify"),
]

AnyReadNoise = Annotated[
    DeviceNoise | NoNoise | IndependentNoise | ProportionalNoise,
    Variants(default="device"),
]

AnyCurrentVoltage = Annotated[
    Ohmic | Milo2021 | SinhCurrent | ImportedCurrent,
    Variants(default="ohmic"),
]
