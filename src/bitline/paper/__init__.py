"""The figures and claims of Xiao et al. 2022 as studies that anyone can run."""

from bitline.paper.catalogue import catalogue, find
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Subject, read_subjects
from bitline.paper.run import files_of, run_study
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict, corrected

__all__ = [
    "Claim",
    "Drawing",
    "Experiment",
    "Findings",
    "Line",
    "Panel",
    "PaperStudy",
    "Subject",
    "Verdict",
    "catalogue",
    "corrected",
    "files_of",
    "find",
    "read_subjects",
    "run_study",
]
