"""The paper's figures, tables and claims: one file each, listed in `paper.catalogue`."""
