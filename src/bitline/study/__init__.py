"""Studies: many designs of one network, measured once, kept in a store, read as tables and reports."""

from bitline.study.design_files import write_designs
from bitline.study.executors import default_workers, local, standing
from bitline.study.explore import SearchResult, explore
from bitline.study.export import export
from bitline.study.forecast import Forecast, plan
from bitline.study.reading import read_results
from bitline.study.results import DesignResult, StudyResult
from bitline.study.selection import Selection
from bitline.study.store import forget_failures
from bitline.study.study import Study
from bitline.study.sweep import Summary, sweep

__all__ = [
    "DesignResult",
    "Forecast",
    "SearchResult",
    "Selection",
    "Study",
    "StudyResult",
    "Summary",
    "default_workers",
    "explore",
    "export",
    "forget_failures",
    "local",
    "plan",
    "read_results",
    "standing",
    "sweep",
    "write_designs",
]
