"""Sphinx builds the documentation with this: `make docs` makes site/, whose pages open without a server and offline.

What bitline's pages need beyond Sphinx is in docs/extensions, one file each.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bitline import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "bitline"
author = "The bitline authors"
copyright = "The bitline authors. Apache 2.0"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "extensions.accessible",
    "extensions.docstrings",
    "extensions.navigation",
    "extensions.notebooks",
    "extensions.paper",
    "extensions.settings",
    "extensions.types",
]
source_suffix = {".md": "markdown", ".py": "markdown"}  # notebooks are Python files
include_patterns = ["*.md", "**/*.md", "notebooks/*.py"]
needs_sphinx = "9.0"

# Pages: Markdown that GitHub shows well too; links and their anchors are checked.
myst_enable_extensions = ["colon_fence", "fieldlist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
smartquotes = False  # words of settings are quoted as they are typed

# Reference
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
python_maximum_signature_line_length = 88
python_trailing_comma_in_multi_line_signatures = True
python_use_unqualified_type_names = True
python_display_short_literal_types = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# Appearance
html_theme = "furo"
html_title = f"bitline {__version__}"
html_static_path = ["assets"]
html_css_files = ["bitline.css"]
html_search_scorer = str(Path(__file__).parent / "assets" / "scorer.js")
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00695c", "color-brand-content": "#00695c"},
    "dark_css_variables": {"color-brand-primary": "#5fd3bf", "color-brand-content": "#5fd3bf"},
}
copybutton_exclude = ".linenos, .gp, .go"
