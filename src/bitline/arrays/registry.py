"""The circuits of an array that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from bitline.arrays.charge_sharing import ChargeSharingArray
from bitline.arrays.gate_driven import GateDrivenArray
from bitline.arrays.ideal import IdealArray
from bitline.arrays.row_driven import RowDrivenArray
from bitline.config.variants import Variants

AnyArray = Annotated[
    IdealArray | GateDrivenArray | RowDrivenArray | ChargeSharingArray,
    Variants(default="ideal"),
]
