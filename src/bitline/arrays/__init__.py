"""Stage 4: programmed conductances and inputs to bit-line currents.

Before it: `devices` programs the cells. After it: `readout` converts the currents.
"""

from bitline.arrays.ideal import IdealArray
from bitline.arrays.partition import Partition, partition_rows
from bitline.arrays.product import ConvolutionProduct, MatrixProduct, Product

__all__ = ["ConvolutionProduct", "IdealArray", "MatrixProduct", "Partition", "Product", "partition_rows"]
