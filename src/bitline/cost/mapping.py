"""Stage A of cost: how many arrays, cores and copies a layer's matrix takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bitline.arrays import Product
from bitline.cost.library import Library
from bitline.cost.steps import Steps
from bitline.design import Design
from bitline.design.hardware import BalancedDuplication
from bitline.layer.cells import placement_of

ROUNDING = 1e-9
"""By which times may differ that are equal."""


@dataclass(frozen=True)
class ArrayMapping:
    """One matrix on arrays.

    The slices of a weight lie on arrays of their own, its bit lines side by side on one; the groups of a grouped
    convolution share arrays, block by block along the diagonal, where they are small enough. Arrays with word lines for
    several turns hold as many blocks of rows, below each other: row partitions, and then those of the next groups.

    Attributes:
        rows: matrix rows of one group.
        columns: matrix columns of one group, unit columns included.
        groups: groups of channels.
        partitions: row partitions of a group.
        converted_partitions: those that are converted one by one; 1 where their currents are added before.
        tiles: column tiles of a group.
        slices: weight slices.
        packed: groups that are read at once on one array.
        packs: reads of arrays that all groups take, for each row partition, column tile and slice.
        turns: blocks of rows of the fullest array, which are read one after another.
        arrays: arrays of one copy of the matrix.
        used: share of the cells of these arrays that hold weights.

    Examples:
        >>> from bitline.arrays import MatrixProduct
        >>> mapping = ArrayMapping.of(MatrixProduct(2500), 600, Design())
        >>> mapping.partitions, mapping.tiles, mapping.arrays
        (3, 3, 9)
    """

    rows: int
    columns: int
    groups: int
    partitions: int
    converted_partitions: int
    tiles: int
    slices: int
    packed: int
    packs: int
    turns: int
    arrays: int
    used: float

    @classmethod
    def of(cls, product: Product, outputs: int, design: Design) -> ArrayMapping:
        """The arrays of a layer.

        Args:
            product: shape of the layer.
            outputs: output channels of all groups.
            design: of this layer.
        """
        at = placement_of(design, product, outputs)
        parts, slices, array = len(at.row_slices), design.weights.slices, design.array
        blocks, each = at.packs * parts, array.word_lines // array.rows
        columns_of_arrays = -(-blocks // each)
        arrays = columns_of_arrays * at.tiles * slices
        cells = at.groups * product.rows * at.array_columns * slices
        return cls(
            rows=product.rows,
            columns=at.array_columns,
            groups=at.groups,
            partitions=parts,
            converted_partitions=array.converted(product).parts,
            tiles=at.tiles,
            slices=slices,
            packed=at.packed,
            packs=at.packs,
            turns=-(-blocks // columns_of_arrays),
            arrays=arrays,
            used=cells / (arrays * array.word_lines * array.columns),
        )

    @property
    def below_each_other(self) -> int:
        """Arrays that hold the row partitions of the same columns and weight slice."""
        return -(-self.partitions // self.turns)

    @property
    def side_by_side(self) -> int:
        """Blocks of columns with the same rows and weight slice, which registers and adders work for at once."""
        return -(-self.arrays // (self.below_each_other * self.slices))

    @property
    def reads(self) -> int:
        """Reads of arrays that one product with a slice of the inputs takes."""
        return self.packs * self.partitions * self.tiles * self.slices

    def additions(self, design: Design) -> int:
        """Digital additions for each output: of its terms, and to take unit columns, offsets and inputs' sums away."""
        weights = design.weights
        terms = self.converted_partitions * weights.terms * len(weights.readings) - 1
        removals = weights.removals(design.cell.window_low, self.partitions)
        return int(terms + weights.has_unit_column + design.adc.centred + removals)

    def sums_inputs(self, design: Design) -> bool:
        """Whether the inputs of each array are added up digitally, to be taken away from its outputs."""
        return bool(design.weights.removals(design.cell.window_low, self.partitions))

    def cores(self, copies: int, library: Library) -> int:
        """Cores that hold so many copies."""
        arrays = self.arrays * copies
        return -(-arrays // (library.organisation.arrays_per_core or self.below_each_other * self.slices))


@dataclass(frozen=True)
class UnitsInUse:
    """Tiles and chips that a network occupies.

    Examples:
        >>> UnitsInUse.of(20, Library.load("sonos-40nm"))
        UnitsInUse(tiles=3, chips=1)
    """

    tiles: int
    chips: int

    @classmethod
    def of(cls, cores: int, library: Library) -> UnitsInUse:
        """Units for so many cores; one chip as large as needed if the library does not say how large chips are."""
        return cls.of_tiles(-(-cores // library.organisation.cores_per_tile), library)

    @classmethod
    def of_tiles(cls, tiles: int, library: Library) -> UnitsInUse:
        """So many tiles with the chips that hold them."""
        return cls(tiles, -(-tiles // (library.organisation.tiles_per_chip or tiles)))


def copies_of(
    duplication: object, arrays: Mapping[str, int], steps: Mapping[str, Steps], product_ns: Mapping[str, float]
) -> dict[str, int]:
    """Copies of every layer.

    Args:
        duplication: `Hardware.duplication`.
        arrays: arrays of one copy, by layer.
        steps: products that copies may share, by layer; more copies than a step has products are of no use.
        product_ns: time of one product, by layer.

    Returns:
        Copies by layer: 1 each, or if duplication is balanced as many as make the slowest layer as fast as can be,
        and no more than that takes.

    Examples:
        >>> arrays, steps = {"conv": 1, "fc": 4}, {"conv": Steps.of([64.0]), "fc": Steps.of([1.0])}
        >>> copies_of(BalancedDuplication(extra_arrays=1.0), arrays, steps, {"conv": 10.0, "fc": 10.0})
        {'conv': 6, 'fc': 1}
    """
    copies = dict.fromkeys(arrays, 1)
    if not isinstance(duplication, BalancedDuplication) or not arrays:
        return copies
    budget = duplication.extra_arrays * sum(arrays.values())

    def needed(longest: float) -> dict[str, int]:
        within = longest * (1 + ROUNDING)
        turns = {name: within / each if (each := product_ns[name]) else math.inf for name in arrays}
        return {name: steps[name].fewest_copies(turns[name]) for name in arrays}

    def price(counts: Mapping[str, int]) -> float:
        return sum((count - 1) * arrays[name] for name, count in counts.items())

    low, high = 0.0, max(steps[name].turns(1) * product_ns[name] for name in arrays)
    for _ in range(60):
        middle = (low + high) / 2
        if price(needed(middle)) <= budget:
            high = middle
        else:
            low = middle
    return needed(high)
