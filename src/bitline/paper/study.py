"""A study of the paper: what it shows, and what it gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bitline.paper.drawing import Drawing
from bitline.paper.experiment import Experiment
from bitline.paper.verdict import Verdict


@dataclass(frozen=True)
class Findings:
    """What a study of the paper found.

    Attributes:
        table: the data of the figure, as it is written to NAME.csv.
        figure: the figure in the paper's layout.
        verdicts: a verdict on each claim.
        remarks: where our network, data or method differ from the paper's, and what failed.

    Examples:
        >>> from bitline.paper.verdict import Claim
        >>> verdict = Claim("Zero is the most frequent weight.").computed("distance from zero", 0.0, "<", 0.05)
        >>> findings = Findings(pd.DataFrame({"weight": [0.0]}), Drawing((), ""), (verdict,))
        >>> findings.to_dict()["verdicts"][0]["verdict"]
        'holds'
    """

    table: pd.DataFrame
    figure: Drawing
    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values of the verdicts, the remarks and the figure, for JSON."""
        verdicts = [verdict.to_dict() for verdict in self.verdicts]
        return {"verdicts": verdicts, "remarks": list(self.remarks), "figure": self.figure.to_dict()}


@dataclass(frozen=True)
class PaperStudy:
    """A figure or table of Xiao et al. 2022 that can be measured on any network.

    Attributes:
        name: its name on the command line.
        shows: the paper's figure or table.
        title: what it is about.
        run: measures and draws it, and judges its claims.

    Examples:
        >>> study = PaperStudy("empty", "Fig. 0", "nothing", lambda _: Findings(pd.DataFrame(), Drawing((), ""), ()))
        >>> study.name, study.shows
        ('empty', 'Fig. 0')
    """

    name: str
    shows: str
    title: str
    run: Callable[[Experiment], Findings]
