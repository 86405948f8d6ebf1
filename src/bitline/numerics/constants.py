"""Constants of nature."""

from __future__ import annotations

BOLTZMANN_J_PER_K = 1.380649e-23
"""k, exact in the SI since 2019."""
