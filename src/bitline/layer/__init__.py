"""One matrix through the five stages, in the order of the signal.

`encoded` (weights as codes), `cells` (codes on programmed cells), `arrays` (everything that an evaluation starts
from), `signals` (what the ADCs see), `readout` (what they give), `plans` (the cheapest way through both), `matrix` (a
layer on a chip, and `AnalogCore` for a plain matrix); `observation` is what calibration sees of the signals.
"""
