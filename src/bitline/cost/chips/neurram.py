"""The designs of NeuRRAM: one core at each of its precisions (Wan et al., Nature 608, 504-512, 2022)."""

from __future__ import annotations

from bitline.cost.library import Library
from bitline.cost.units import UnitCost, core_cost
from bitline.cost.work import RowActivity
from bitline.design import Design

ROWS = 128
COLUMNS = 256
MEAN_WEIGHT = 0.266
"""Mean of |w| / w_max of normal weights that are cut at three standard deviations."""
ON_OFF = 40.0
"""40 uS over 1 uS (Wan et al. 2022, Methods)."""
DRIVEN = 0.25
"""Share of the rows with a pulse: half of the inputs are 0 behind a ReLU, and half of the bits of the others."""
LARGEST_PHASE = 3
"""Magnitude bits of an input from which two phases are used where the chip may."""


def neurram_design(output_bits: int, input_bits: int, phases: int = 1) -> Design:
    """A core of NeuRRAM.

    Inputs have a sign and are applied bit by bit, the bit of weight 2^k integrated 2^k times. With two phases each half
    of the bits is integrated and converted apart; the second conversion needs only the bits that the first has left.

    Args:
        output_bits: of a result, its sign included, 3 to 10.
        input_bits: of an input, its sign included, 1 to 8.
        phases: 1, or 2 to cut inputs of more than 3 magnitude bits in two.

    Examples:
        >>> design = neurram_design(10, 8, phases=2)
        >>> design.inputs.accumulation, design.inputs.analog_slices, design.adc.bits_saved
        ('mixed', 4, (4,))
    """
    magnitude = max(1, input_bits - 1)
    first = -(-magnitude // 2)
    is_cut = phases > 1 and magnitude > LARGEST_PHASE
    inputs = {"accumulation": "mixed", "analog_slices": first} if is_cut else {"accumulation": "analog"}
    return Design(
        name=f"NeuRRAM {output_bits}/{input_bits}",
        weights={"kind": "differential", "bits": 4},
        inputs={"bits": magnitude, "slice_bits": 1, **inputs},
        cell={"on_off_ratio": ON_OFF},
        array={"rows": ROWS, "columns": COLUMNS},
        adc={"bits": output_bits, "bits_saved": (first,) if is_cut else ()},
        hardware={"library": "reram-130nm"},
    )


def neurram_cost(output_bits: int, input_bits: int, phases: int, library: Library | None = None) -> UnitCost:
    """A core at work, all rows and columns in use, with the activity of inputs behind a ReLU and normal weights.

    Args:
        output_bits: as for `neurram_design`.
        input_bits: as for `neurram_design`.
        phases: as for `neurram_design`.
        library: circuits; 'reram-130nm' if not given.

    Examples:
        >>> cost = neurram_cost(8, 6, phases=2)
        >>> round(48 * cost.TOPS, 3), round(cost.TOPS_per_W, 1)
        (0.419, 9.6)
    """
    low = 1 / ON_OFF
    mean = low + (1 - low) * MEAN_WEIGHT / 2
    activity = RowActivity(DRIVEN, DRIVEN, DRIVEN * mean)
    design = neurram_design(output_bits, input_bits, phases)
    return core_cost(design, library, rows=ROWS, columns=COLUMNS, activity=activity)
