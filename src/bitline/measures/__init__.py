"""Measures of quality: accuracy, errors of regressions, perplexity and others, one file each.

To add a measure, write one file with a `Measure` and add a line to `MEASURES` in `registry.py`.
"""

from bitline.measures.accuracy import ACCURACY, Accuracy, PositionAccuracy, TopAccuracy
from bitline.measures.area import Area
from bitline.measures.classes import F1, IntersectionOverUnion
from bitline.measures.language import Perplexity
from bitline.measures.measure import Measure
from bitline.measures.own import FunctionMeasure
from bitline.measures.registry import MEASURES, measure_of
from bitline.measures.regression import AbsoluteError, ExplainedVariance, SquaredError
from bitline.measures.sequences import ErrorRate

__all__ = [
    "ACCURACY",
    "F1",
    "MEASURES",
    "AbsoluteError",
    "Accuracy",
    "Area",
    "ErrorRate",
    "ExplainedVariance",
    "FunctionMeasure",
    "IntersectionOverUnion",
    "Measure",
    "Perplexity",
    "PositionAccuracy",
    "SquaredError",
    "TopAccuracy",
    "measure_of",
]
