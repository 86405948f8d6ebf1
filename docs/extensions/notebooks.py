"""The notebooks in docs/notebooks, executed at every build.

A notebook is a Python file in the percent format, which editors and Jupytext open as a notebook: `# %% [markdown]`
begins a cell of text, `# %%` one of code. It becomes a page with what its cells print and show, and an .ipynb with the
same outputs to download. Pages need no network, and nothing but the packages that the notebook itself imports.

    BITLINE_NOTEBOOKS=off make docs     # pages without outputs
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = Path(__file__).parents[1] / "notebooks"
ROOT = FOLDER.parents[1]
NOTEBOOKS = "|".join(path.name for path in FOLDER.glob("*.py"))
SWITCH = "BITLINE_NOTEBOOKS"
"""Environment variable that turns execution off."""


@dataclass(frozen=True)
class NotebookCell:
    """A cell of a notebook: its text or code."""

    text: str
    is_code: bool


@dataclass(frozen=True)
class Output:
    """What a cell printed or showed: texts by content type, as notebook files have them."""

    data: dict[str, str]


def cells_of(text: str) -> list[NotebookCell]:
    """The cells of a file in the percent format."""
    parts = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)[1:]
    found = []
    for kind, content in zip(parts[::2], parts[1::2], strict=True):
        if "[markdown]" in kind:
            prose = "\n".join(re.sub(r"^# ?", "", line) for line in content.strip().splitlines())
            found.append(NotebookCell(prose, is_code=False))
        else:
            found.append(NotebookCell(content.strip(), is_code=True))
    return found


def executed(cells: list[NotebookCell], name: str) -> Iterator[list[Output]]:
    """Run the cells of code in one namespace, in the folder of the repository; what each of them gives."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        yield _run(cell.text, f"{name}, cell {number + 1}", namespace) if cell.is_code else []


def _run(code: str, name: str, namespace: dict[str, Any]) -> list[Output]:
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed), contextlib.chdir(ROOT):
        exec(compile(tree, name, "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
    outputs = [Output({"text/plain": printed.getvalue()})] if printed.getvalue() else []
    return outputs if value is None else [*outputs, _shown(value)]


def _shown(value: Any) -> Output:
    """A value as notebooks show it."""
    if hasattr(value, "savefig"):
        target = io.StringIO()
        value.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
        return Output({"image/svg+xml": target.getvalue(), "text/plain": repr(value)})
    html = value._repr_html_() if hasattr(value, "_repr_html_") else None
    return Output({"text/plain": repr(value)} | ({"text/html": html} if html else {}))


def page_of(
    cells: list[NotebookCell], outputs: list[list[Output]], name: str, made: str = "."
) -> tuple[str, dict[str, str]]:
    """The Markdown of a page, and the pictures that it shows by their names.

    Args:
        cells: of the notebook.
        outputs: of each cell.
        name: of the notebook.
        made: folder of its pictures and of its file, as the page calls it.
    """
    pictures: dict[str, str] = {}
    blocks = []
    for cell, shown in zip(cells, outputs, strict=True):
        blocks.append(f"```python\n{cell.text}\n```" if cell.is_code else cell.text)
        for output in shown:
            if "image/svg+xml" in output.data:
                picture = f"{name}-{len(pictures) + 1}.svg"
                pictures[picture] = output.data["image/svg+xml"]
                blocks.append(f"![What the cell above draws]({made}/{picture})")
            elif "text/html" in output.data:
                lines = " ".join(output.data["text/html"].split("\n"))
                blocks.append(f'<div class="notebook-output">{lines}</div>')
            else:
                blocks.append(f'<pre class="notebook-output">{escape(output.data["text/plain"])}</pre>')
    blocks.insert(1, f"{{download}}`Download this notebook <{made}/{name}.ipynb>`")
    return "\n\n".join(blocks) + "\n", pictures


def notebook_of(cells: list[NotebookCell], outputs: list[list[Output]]) -> str:
    """The notebook as an .ipynb file, version 4.5 of its format."""
    content = []
    for number, (cell, shown) in enumerate(zip(cells, outputs, strict=True)):
        entry: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}, "source": cell.text}
        if cell.is_code:
            results = [{"output_type": "display_data", "data": output.data, "metadata": {}} for output in shown]
            entry |= {"cell_type": "code", "execution_count": None, "outputs": results}
        else:
            entry |= {"cell_type": "markdown"}
        content.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": content, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def execute(app: Sphinx, page: str, source: list[str]) -> None:
    """Execute a notebook that Sphinx reads: its page instead of its code, its pictures and its file beside it.

    In other pages, links to Python files that are not notebooks become downloads.
    """
    from extensions.made import folder_of, link_to

    folder, name = PurePosixPath(page).parts[0], PurePosixPath(page).name
    if folder != FOLDER.name or name == "index":
        source[0] = re.sub(rf"\]\((?!path:|\S*{FOLDER.name}/|{NOTEBOOKS})(\S+\.py)\)", r"](path:\1)", source[0])
        return
    cells = cells_of(source[0])
    is_off = os.environ.get(SWITCH) == "off"
    outputs = [[] for _ in cells] if is_off else list(executed(cells, f"{name}.py"))
    source[0], pictures = page_of(cells, outputs, name, link_to(app, page))
    for path, content in {f"{name}.ipynb": notebook_of(cells, outputs), **pictures}.items():
        (folder_of(app) / path).write_text(content, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", execute)
    return {"parallel_read_safe": True}
