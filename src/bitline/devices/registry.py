"""The devices that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Tag

from bitline.config.part import IMPORTED, kind, shorthand
from bitline.devices.exact import Exact
from bitline.devices.imported import Imported
from bitline.devices.measurements import FittedMeasurements, ResampledMeasurements
from bitline.devices.pcm_joshi_2020 import PcmJoshi2020
from bitline.devices.pcm_nandakumar_2019 import PcmNandakumar2019
from bitline.devices.reram_milo_2021 import ReramMilo2021
from bitline.devices.reram_wan_2022 import ReramWan2022
from bitline.devices.sonos_agrawal_2022 import SonosAgrawal2022
from bitline.devices.sonos_xiao_2022 import SonosXiao2022
from bitline.devices.state_independent import StateIndependent
from bitline.devices.state_proportional import StateProportional

AnyDevice = Annotated[
    Annotated[Exact, Tag("none")]
    | Annotated[StateIndependent, Tag("state-independent")]
    | Annotated[StateProportional, Tag("state-proportional")]
    | Annotated[SonosXiao2022, Tag("sonos-xiao-2022")]
    | Annotated[SonosAgrawal2022, Tag("sonos-agrawal-2022")]
    | Annotated[PcmJoshi2020, Tag("pcm-joshi-2020")]
    | Annotated[PcmNandakumar2019, Tag("pcm-nandakumar-2019")]
    | Annotated[ReramMilo2021, Tag("reram-milo-2021")]
    | Annotated[ReramWan2022, Tag("reram-wan-2022")]
    | Annotated[FittedMeasurements, Tag("measurements-fit")]
    | Annotated[ResampledMeasurements, Tag("measurements-resampled")]
    | Annotated[Imported, Tag(IMPORTED)],
    Discriminator(kind),
    shorthand("kind", default="none"),
]
