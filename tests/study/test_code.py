"""The code of users: which files it is, and what of them counts."""

from __future__ import annotations

import importlib
import shutil
import sys

import pytest

from bitline.study.code import code_of

FILES = {
    "pack/__init__.py": "SHARED = 1",
    "pack/mine.py": """
from typing import TYPE_CHECKING

import numpy as np
import torch
from . import other
from .third import VALUE

if TYPE_CHECKING:
    from pack import unused
try:
    import alone
except ImportError:
    alone = None


class Mine:
    def run(self):
        import late
""",
    "pack/other.py": "import json",
    "pack/third.py": "VALUE = 3",
    "pack/unused.py": "",
    "alone.py": "import pack.mine",
    "late.py": "",
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes the files, with changes, imports them anew, and gives the digest of their code."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "pack").mkdir()

    def write(changed: dict[str, str] | None = None) -> str:
        for name, text in {**FILES, **(changed or {})}.items():
            (tmp_path / name).write_text(text)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("pack", "alone", "late")]:
            del sys.modules[name]
        for folder in tmp_path.rglob("__pycache__"):
            shutil.rmtree(folder)
        importlib.invalidate_caches()
        importlib.import_module("pack.mine")
        return code_of(["pack.mine"]).digest

    return write


def test_the_files_of_a_module_and_of_what_it_imports_count(files):
    files()
    code = code_of(["pack.mine"])
    assert code.files == ("__init__.py", "alone.py", "mine.py", "other.py", "third.py")
    assert str(code) == f"__init__.py, alone.py, mine.py, 2 more {code.digest}"
    importlib.import_module("pack.unused")
    importlib.import_module("late")
    assert code_of(["pack.mine"]) == code  # what else the process has imported makes no difference


@pytest.mark.parametrize("name", ["pack/__init__.py", "pack/mine.py", "pack/other.py", "pack/third.py", "alone.py"])
def test_a_change_in_any_of_them_counts_and_a_comment_does_not(files, name):
    before = files()
    assert files({name: FILES[name] + "\n\n# a comment\n"}) == before
    assert files({name: FILES[name] + "\nMORE = 2\n"}) != before
    assert files() == before


def test_a_file_that_changes_after_its_import_is_not_what_runs(files, tmp_path):
    before = files()
    (tmp_path / "pack" / "third.py").write_text("VALUE = 40")
    assert code_of(["pack.mine"]).digest == before
    importlib.reload(sys.modules["pack.third"])
    assert code_of(["pack.mine"]).digest != before


def test_installed_packages_are_known_by_their_file_and_version():
    importlib.import_module("pandas")
    assert code_of(["pandas"]).files == ("__init__.py",)
    assert code_of(["torch.nn.functional", "bitline.design", "numpy.random", "not.imported"]) is None
