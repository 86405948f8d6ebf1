"""Results as files: numbers as JSON, figures and tables as one self-contained HTML page."""

from bitline.report.html import write_html
from bitline.report.results import write_json

__all__ = ["write_html", "write_json"]
