"""Results as files: numbers as JSON, figures and tables as one self-contained HTML page."""

from bitline.report.run_json import write_json
from bitline.report.run_page import write_html

__all__ = ["write_html", "write_json"]
