"""All studies of the paper. To add one, write a module in `studies/` and list it here."""

from __future__ import annotations

from bitline.config.messages import nearest
from bitline.errors import StudyError
from bitline.paper.studies import (
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
from bitline.paper.study import PaperStudy

STUDIES: tuple[PaperStudy, ...] = (
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
"""In the order of the paper."""


def catalogue() -> dict[str, PaperStudy]:
    """All studies by name, in the order of the paper.

    Examples:
        >>> list(catalogue())[:3]
        ['prior-accelerators', 'slicing-gain', 'weights']
    """
    return {study.name: study for study in STUDIES}


def find(name: str) -> PaperStudy:
    """A study by its name.

    Raises:
        StudyError: if there is no study of this name.

    Examples:
        >>> find("energy").shows
        'Fig. 24, Table 3'
    """
    known = catalogue()
    if name not in known:
        raise StudyError(f"the paper has no study {name!r}{nearest(name, [*known, 'all'])}")
    return known[name]
