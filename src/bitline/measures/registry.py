"""The measures that a user can name: one line each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bitline.config.imports import import_named
from bitline.config.messages import nearest
from bitline.config.trust import is_import_path
from bitline.errors import DataError
from bitline.measures.accuracy import Accuracy, PositionAccuracy, TopAccuracy
from bitline.measures.area import Area
from bitline.measures.classes import F1, IntersectionOverUnion
from bitline.measures.language import Perplexity
from bitline.measures.measure import Measure
from bitline.measures.own import FunctionMeasure
from bitline.measures.regression import AbsoluteError, ExplainedVariance, SquaredError
from bitline.measures.sequences import ErrorRate

MEASURES: dict[str, Callable[[], Measure]] = {
    "accuracy": Accuracy,
    "top-5": lambda: TopAccuracy(5),
    "position-accuracy": PositionAccuracy,
    "f1": F1,
    "iou": IntersectionOverUnion,
    "auc": Area,
    "mse": SquaredError,
    "mae": AbsoluteError,
    "r2": ExplainedVariance,
    "perplexity": Perplexity,
    "error-rate": ErrorRate,
    "word-error-rate": lambda: ErrorRate("word error rate"),
    "phoneme-error-rate": lambda: ErrorRate("phoneme error rate"),
}
"""Measures by their names."""

_TOP = re.compile(r"top-([1-9][0-9]{0,5})")


def measure_of(metric: Any) -> Measure:
    """A measure, as a user names it.

    Args:
        metric: a name in `MEASURES`; 'top-' and a number; the import path of a function or a `Measure`,
            `package.module:name`, whose module is imported; a `Measure`; or a function of outputs and targets that
            returns a value for each sample.

    Raises:
        DataError: there is no such measure, or it is no measure.

    Examples:
        >>> measure_of("perplexity"), measure_of("top-3").name
        (Perplexity('perplexity'), 'top-3 accuracy')
        >>> measure_of("acuracy")
        Traceback (most recent call last):
        bitline.errors.DataError: there is no measure 'acuracy': did you mean 'accuracy'?, or package.module:function
    """
    if isinstance(metric, str):
        if is_import_path(metric):
            return _made(metric, import_named(metric, "the measure"))
        top = _TOP.fullmatch(metric)
        if top is not None:
            return TopAccuracy(int(top[1]))
        if metric not in MEASURES:
            raise DataError(f"there is no measure {metric!r}{nearest(metric, MEASURES)}, or package.module:function")
        return MEASURES[metric]()
    return _made("metric", metric)


def _made(what: str, metric: Any) -> Measure:
    if isinstance(metric, type) and issubclass(metric, Measure):
        try:
            metric = metric()
        except TypeError as error:
            raise DataError(f"{what} is the class {metric.__name__}: give one that is made, {error}") from None
    if isinstance(metric, Measure):
        return metric
    if not callable(metric) or isinstance(metric, type):
        raise DataError(
            f"{what} is {metric!r}: give the name of a measure, a Measure, or a function of outputs and targets"
        )
    return FunctionMeasure(metric)
