"""The axes of tensors and the shapes made of them: one name for each in the whole package.

| axis | letter | what it counts |
| --- | --- | --- |
| batch | b | samples of a batch |
| channels | | input channels of a layer, those of all groups |
| outputs | | outputs of a layer, groups x columns |
| space, kernel | | spatial axes of feature maps and of a kernel; none for a plain matrix |
| groups | g | groups of a convolution, each a matrix |
| rows | k | rows of one group's matrix: input channels x kernel positions |
| columns | n | columns of one group's matrix |
| array_columns | n | columns of the arrays: those of the matrix and unit columns |
| lines | l | bit lines of a matrix column: 2 for differential cells, 1 for offset ones |
| slices | s | weight slices, least significant first |
| sums | s | slices that are converted, or one where those of a weight are added before the ADC |
| readings | r | what is converted of the lines of a column: their difference, or one after the other |
| parts | p | row partitions, or one where they are added before the ADC |
| conversions | q | parts x readings x sums: conversions of a column for one input slice |
| signals | | groups x conversions x array_columns |
| blocks | | batch x groups, groups fastest |
| positions | m | output positions of a feature map, 1 for a plain matrix |
| codes | | integer codes from the smallest to the largest |

Letters are those of `torch.einsum`. The tests check every annotated function while they run.
"""

from __future__ import annotations

from jaxtyping import Float, Int, Shaped
from torch import Tensor

CellTensor = Float[Tensor, "lines slices groups rows array_columns"]
"""Something of every cell of a layer, such as G/G_max."""
ReadingTensor = Float[Tensor, "readings sums groups rows array_columns"]
"""Something of every cell as conversions see it."""
BlockTensor = Float[Tensor, "lines slices rows array_columns"]
"""Something of every cell of one row partition and group."""
Cellwise = Float[Tensor, "*cells"]
"""A number for every cell in any arrangement, the same for all arguments and the result of a function."""
Codes = Shaped[Tensor, "*codes"]
"""Whole numbers of any shape, of an integer or floating-point type."""
StoredCodes = Float[Tensor, "groups rows array_columns"]
"""Weight codes as they lie on the arrays, or sums over lines and slices of something of the cells."""
MatrixTensor = Float[Tensor, "groups rows columns"]
"""A number for every matrix element."""
ArrayColumns = Float[Tensor, "groups array_columns"]
"""A number for every column of the arrays."""
Outputs = Float[Tensor, "outputs"]
"""A number for every output of a layer."""
CodeFactors = Float[Tensor, "readings sums"]
"""A number for every reading and slice that is converted, or sum of slices."""
LayerInputs = Float[Tensor, "batch channels *space"]
"""Inputs of a layer's product, or their codes."""
LayerOutputs = Float[Tensor, "batch outputs *space_out"]
"""Outputs of a layer's product."""
SampleNumbers = Shaped[Tensor, "batch"]
"""Numbers of the reads of samples, int64, see `layer.sample_numbers`."""
Currents = Float[Tensor, "batch signals *space_out"]
"""Signals as the product gives them."""
AddedVariance = Float[Tensor, "1 signals 1"]
"""A variance for every signal, whatever the sample."""
AtAdcs = Float[Tensor, "blocks conversions array_columns positions"]
"""Signals as converters take them."""
DigitalSums = Float[Tensor, "blocks array_columns positions"]
"""Sums of converted signals."""
PerConversion = Float[Tensor, "groups conversions array_columns"]
"""A number for every converter."""
Table = Float[Tensor, "codes"]
"""What each code counts as."""

__all__ = [
    "AddedVariance",
    "ArrayColumns",
    "AtAdcs",
    "BlockTensor",
    "CellTensor",
    "Cellwise",
    "CodeFactors",
    "Codes",
    "Currents",
    "DigitalSums",
    "Float",
    "Int",
    "LayerInputs",
    "LayerOutputs",
    "MatrixTensor",
    "Outputs",
    "PerConversion",
    "ReadingTensor",
    "SampleNumbers",
    "Shaped",
    "StoredCodes",
    "Table",
]
