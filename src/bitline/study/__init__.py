"""Studies: many designs of one network, measured once, kept in a store, read as tables and reports."""

from bitline.study.explore import SearchResult, explore
from bitline.study.results import DesignResult, StudyResult, export, read_results
from bitline.study.study import Study
from bitline.study.sweep import Forecast, Summary, default_workers, local, plan, sweep

__all__ = [
    "DesignResult",
    "Forecast",
    "SearchResult",
    "Study",
    "StudyResult",
    "Summary",
    "default_workers",
    "explore",
    "export",
    "local",
    "plan",
    "read_results",
    "sweep",
]
