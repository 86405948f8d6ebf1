"""A study of the paper: what it shows, and what it gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bitline.paper.drawing import Drawing
from bitline.paper.experiment import Experiment
from bitline.paper.verdict import Verdict


@dataclass(frozen=True)
class Findings:
    """What a study of the paper gave.

    Attributes:
        table: the data of the figure.
        figure: in the paper's layout.
        verdicts: on its claims.
        remarks: where our network, data or method differ from the paper's.
    """

    table: pd.DataFrame
    figure: Drawing
    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaperStudy:
    """A figure or table of Xiao et al. 2022.

    Attributes:
        name: on the command line.
        shows: the paper's figure or table.
        title: what it is about.
        run: measures and draws it.
    """

    name: str
    shows: str
    title: str
    run: Callable[[Experiment], Findings]
