"""Results as files: numbers as JSON, figures and tables as self-contained HTML pages, figures for papers."""

from bitline.report.figures.study_print import write_figures
from bitline.report.run_json import write_json
from bitline.report.run_page import write_html
from bitline.report.study_page import write_study

__all__ = ["write_figures", "write_html", "write_json", "write_study"]
