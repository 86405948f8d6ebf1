"""Functions that a study file names, whose files count from its folder."""

from __future__ import annotations

import os
from pathlib import Path

from bitline.errors import StudyError


def near_code(folder: Path, name: str, setting: str) -> str:
    """The name of a function in a file, file.py:function, from the current folder; other names as they are.

    Args:
        folder: of the study file.
        name: as the study has it.
        setting: that has the name, for messages.

    Raises:
        StudyError: the file is beside a study that is not below the current folder.

    Examples:
        >>> Path("mine").mkdir()
        >>> Path("mine/loader.py").touch()
        >>> near_code(Path("mine"), "loader.py:make", "data.source"), near_code(Path("mine"), "lab:make", "data.source")
        ('mine/loader.py:make', 'lab:make')
    """
    file, _, word = name.partition(":")
    if not file.endswith(".py") or not (folder / file).is_file():
        return name
    try:
        path = Path(os.path.relpath(folder / file)).as_posix()
    except ValueError:  # on another drive
        path = ".."
    if path.startswith(".."):
        module = Path(file).stem
        raise StudyError(
            f"{setting} is {name!r}, in {folder}, which is not below the current folder: start there, or put that "
            f"folder on PYTHONPATH and write {module}:{word}"
        )
    return f"{path}:{word}"
