"""Names of files in a file, which count from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitline.config.table_files import is_table


def near(folder: Path, name: str) -> str:
    """The path of a file or folder: what lies beside the file that names it, or the name, where nothing does.

    Args:
        folder: of the file that names it.
        name: as that file has it.

    Examples:
        >>> Path("studies").mkdir()
        >>> Path("studies/images.npz").touch()
        >>> Path(near(Path("studies"), "images.npz")).parts, near(Path("studies"), "fashion-mnist")
        (('studies', 'images.npz'), 'fashion-mnist')
    """
    beside = folder / name
    return str(beside) if not Path(name).is_absolute() and beside.exists() else name


def near_files(folder: Path, settings: Any) -> Any:
    """Settings in which tables of measurements and TOML files are named as `near` has them.

    Args:
        folder: of the file that has the settings.
        settings: values, and lists and tables of values.

    Examples:
        >>> Path("lab").mkdir()
        >>> Path("lab/cells.csv").touch()
        >>> found = near_files(Path("lab"), {"cell": {"device": {"file": "cells.csv"}}, "adc": {"bits": 8}})
        >>> Path(found["cell"]["device"]["file"]).parts, found["adc"]
        (('lab', 'cells.csv'), {'bits': 8})
    """
    if isinstance(settings, dict):
        return {name: near_files(folder, value) for name, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [near_files(folder, value) for value in settings]
    is_file = isinstance(settings, str) and (is_table(settings) or settings.endswith(".toml"))
    return near(folder, settings) if is_file else settings
