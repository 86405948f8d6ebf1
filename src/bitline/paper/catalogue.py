"""A study of the paper: what it shows, what is claimed, and how it is run. To add one, write a module and list it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bitline._explain import nearest
from bitline.errors import StudyError
from bitline.paper._figures import Drawing
from bitline.paper.setting import Setting
from bitline.paper.verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """What a study of the paper gave.

    Attributes:
        table: the data of the figure.
        figure: in the paper's layout.
        verdicts: on its claims.
        remarks: where our network, data or method differ from the paper's.
    """

    table: pd.DataFrame
    figure: Drawing
    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaperStudy:
    """A figure or table of Xiao et al. 2022.

    Attributes:
        name: on the command line.
        shows: the paper's figure or table.
        title: what it is about.
        run: measures and draws it.
    """

    name: str
    shows: str
    title: str
    run: Callable[[Setting], Outcome]


def catalogue() -> dict[str, PaperStudy]:
    """All studies by name, in the order of the paper."""
    from bitline.paper import (
        adc_bits,
        adc_inputs,
        baselines,
        cell_errors,
        conductances,
        conversions,
        currents,
        energy,
        four_bit,
        guaranteed_bits,
        input_bits,
        joint,
        measured_devices,
        networks,
        on_off_ratio,
        percentile,
        prior_accelerators,
        read_noise,
        rows,
        slicing_gain,
        sonos,
        sonos_cell,
        useful_range,
        weights,
        wires,
    )

    studies = (
        prior_accelerators.STUDY,
        slicing_gain.STUDY,
        weights.STUDY,
        networks.STUDIES[0],
        baselines.STUDY,
        conductances.STUDY,
        *cell_errors.STUDIES,
        measured_devices.STUDY,
        read_noise.STUDY,
        on_off_ratio.STUDY,
        networks.STUDIES[1],
        adc_inputs.STUDY,
        useful_range.STUDY,
        percentile.STUDY,
        adc_bits.STUDY,
        guaranteed_bits.STUDY,
        conversions.STUDY,
        rows.STUDY,
        four_bit.STUDY,
        currents.STUDY,
        wires.STUDY,
        input_bits.STUDY,
        sonos_cell.STUDY,
        energy.STUDY,
        *sonos.STUDIES,
        joint.STUDY,
    )
    return {one.name: one for one in studies}


def find(name: str) -> PaperStudy:
    """A study by its name.

    Raises:
        StudyError: there is none.
    """
    known = catalogue()
    if name not in known:
        raise StudyError(f"the paper has no study {name!r}{nearest(name, [*known, 'all'])}")
    return known[name]
