"""The memory cell of a design: a device, how it is written, and what happens to it until it is read."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bitline.config.part import Part
from bitline.devices.current_voltage import Ohmic
from bitline.devices.duration import Duration
from bitline.devices.exact import Exact
from bitline.devices.faults import Faults
from bitline.devices.levels import ContinuousLevels
from bitline.devices.programming import Once
from bitline.devices.read_noise import DeviceNoise
from bitline.devices.registry import AnyCurrentVoltage, AnyDevice, AnyLevels, AnyProgramming, AnyReadNoise
from bitline.devices.variation import Variation


class Cell(Part):
    """The memory cell.

    Examples:
        >>> cell = Cell(device={"kind": "state-proportional", "alpha": 0.02}, on_off_ratio=100, time="1 day")
        >>> cell.window_low, cell.time
        (0.01, 86400.0)
        >>> Cell(device="reram-wan-2022", time="1 day")
        Traceback (most recent call last):
        pydantic_core._pydantic_core.ValidationError: ... cell.time is 1 day, but cell.device 'reram-wan-2022' was ...
    """

    device: AnyDevice = Exact()
    """Programming error, drift and read noise: 'none', 'state-independent', 'state-proportional', a measured device
    ('bitline devices' lists them), or a class of yours, 'package.module:Class'."""
    on_off_ratio: Annotated[float, Field(gt=1, allow_inf_nan=True)] | None = None
    """G_max / G_min; inf for cells that can be switched off. The device decides if not given."""
    levels: AnyLevels = ContinuousLevels()
    """Conductances that can be aimed at, of which targets take the nearest, predistorted ones (`array.predistortion`)
    too: 'continuous', 'uniform' (with a count) or 'table' (with values). Half-way between two it is the one with the
    even number from G_min ('uniform'), or the smaller one ('table'), unless the target's last binary digit decides:
    few fractions of a window are exact."""
    programming: AnyProgramming = Once()
    """How cells are written: 'once', or 'write-verify' with a tolerance."""
    variation: Variation = Variation()
    """Variation that rows, columns or dies share."""
    clip: Literal["zero", "window", "none"] = "zero"
    """Where programmed conductances end: at 0 ('zero'), in [G_min, G_max] ('window'), or nowhere ('none'). At 0 alone,
    cells that store zero conduct too much on average, which sliced offset weights do not tolerate: use 'window'. Cells
    that have drifted end at 0 unless it is 'none'. Where reads end is `read_noise.clip`."""
    resolution: Annotated[int, Field(ge=1000, le=1_000_000)] = 25_000
    """Steps that a conductance with errors is resolved to between G_min and G_max; as many as are a whole, even number
    in a digit. Products of conductances on such a grid are exact, and so the same on every processor. The default
    moves a conductance by at most 1 / 50,000 of the window, and 25,000 steps are what products of two bytes need."""
    time: Duration = 0.0
    """Time between programming and inference, in seconds or as '1 day': what the device's drift does until then."""
    drift_compensation: Literal["none", "layer", "column"] = "none"
    """Digital scale of outputs that makes up for drift: one for each layer or column, from the current that all rows
    together draw now and drew after programming (Joshi et al., Nature Communications 11, 2473, 2020)."""
    faults: Faults = Faults()
    """Stuck and noisy cells, spare columns."""
    read_noise: AnyReadNoise = DeviceNoise()
    """Noise of reads: 'device' (as measured), 'none', 'state-independent' or 'state-proportional'."""
    current_voltage: AnyCurrentVoltage = Ohmic()
    """Current against row voltage: 'ohmic', or that of a nonlinear cell such as 'milo-2021' or 'sinh',
    or a class of one's own, 'package.module:Class'."""

    @property
    def window_is_known(self) -> bool:
        """Whether the ratio is given, or the class of the device is loaded, which decides."""
        return self.on_off_ratio is not None or self.device.is_loaded

    @property
    def window_low(self) -> float:
        """G_min / G_max."""
        return 1 / (self.on_off_ratio or self.device.default_on_off_ratio)

    @property
    def clip_limits(self) -> tuple[float, float]:
        """Where programmed conductances end, in G/G_max."""
        return {"zero": (0.0, math.inf), "window": (self.window_low, 1.0), "none": (-math.inf, math.inf)}[self.clip]

    @model_validator(mode="after")
    def _check_device(self) -> Self:
        if not self.device.is_loaded:
            return self
        ratio = self.on_off_ratio or self.device.default_on_off_ratio
        if ratio <= 1:
            raise ValueError(
                f"cell.device {self.device.kind!r} has G_max / G_min = {ratio:.4g}, but G_max has to be "
                "above G_min: use a larger G_max, or say cell.on_off_ratio"
            )
        self.device.check(self.window_low, self.time)
        return self
