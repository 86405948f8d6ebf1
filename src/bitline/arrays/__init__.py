"""Stage 4: programmed conductances and inputs to bit-line currents.

Before it: `devices` programs the cells. After it: `readout` converts the currents.
To add a circuit, write one file with an `Array` and add it to `AnyArray` in `registry.py`.
"""

from bitline.arrays._array import Array
from bitline.arrays.charge_sharing import ChargeSharingArray
from bitline.arrays.gate_driven import GateDrivenArray
from bitline.arrays.ideal import IdealArray
from bitline.arrays.partition import Partition, partition_rows
from bitline.arrays.product import ConvolutionProduct, MatrixProduct, Product
from bitline.arrays.registry import AnyArray
from bitline.arrays.row_driven import RowDrivenArray
from bitline.arrays.wires import Wire

__all__ = [
    "AnyArray",
    "Array",
    "ChargeSharingArray",
    "ConvolutionProduct",
    "GateDrivenArray",
    "IdealArray",
    "MatrixProduct",
    "Partition",
    "Product",
    "RowDrivenArray",
    "Wire",
    "partition_rows",
]
