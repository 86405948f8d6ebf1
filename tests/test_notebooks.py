"""The notebooks of the documentation run from the first cell to the last; the docs build runs them on more images."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from bitline.data import Dataset

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = runpy.run_path(str(ROOT / "docs" / "extensions" / "notebooks.py"))
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "docs" / "notebooks").glob("*.py"))}
FEW = 12
"""Images of a notebook that is run for its code, not for its numbers."""
RUN = "measured_cells"
"""The notebook that is run here."""


def test_a_notebook_runs_and_becomes_a_page_and_a_file(monkeypatch):
    split = Dataset.split
    monkeypatch.setattr(Dataset, "split", lambda self, images, calibration: split(self, FEW, FEW))
    cells = EXTENSION["cells_of"](NOTEBOOKS[RUN].read_text(encoding="utf-8"))
    outputs = list(EXTENSION["executed"](cells, RUN))
    page, _ = EXTENSION["page_of"](cells, outputs, RUN)
    assert "mean of 2 chips" in page and f"<./{RUN}.ipynb>" in page
    notebook = json.loads(EXTENSION["notebook_of"](cells, outputs))
    assert [cell["source"] for cell in notebook["cells"]] == [cell.text for cell in cells]
    assert any(cell.get("outputs") for cell in notebook["cells"])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_is_in_the_contents_and_names_what_exists(name):
    cells = EXTENSION["cells_of"](NOTEBOOKS[name].read_text(encoding="utf-8"))
    assert not cells[0].is_code and cells[0].text.startswith("# ")
    contents = (ROOT / "docs" / "notebooks" / "index.md").read_text(encoding="utf-8")
    assert f"]({name}.py)" in contents and f"<{name}>" in contents
    for cell in cells:
        if cell.is_code:
            imports = "\n".join(line for line in cell.text.splitlines() if line.startswith(("from bitline", "import ")))
            exec(imports, {})


def test_figures_become_pictures():
    code = EXTENSION["cells_of"]("# %%\nfrom matplotlib.figure import Figure\nprint(1)\nFigure(figsize=(1, 1))\n")
    (outputs,) = EXTENSION["executed"](code, "figure")
    page, pictures = EXTENSION["page_of"](code, [outputs], "figure")
    assert "![" in page and pictures["figure-1.svg"].startswith("<?xml")
