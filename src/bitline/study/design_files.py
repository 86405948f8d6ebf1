"""Designs of a study as files, to go on with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bitline.config.arguments import checked
from bitline.config.files import check_writable, write_text
from bitline.design import Design
from bitline.errors import StudyError
from bitline.numerics.text import setting_text
from bitline.study.point import in_line
from bitline.study.results import DesignResult

LONGEST = 100
"""Characters of a file's name."""


@checked(StudyError)
def write_designs(designs: Sequence[DesignResult], folder: str | Path) -> tuple[Path, ...]:
    """Write designs as TOML files that `Design.load` and `--design` take, named by their order and what the axes set.

    Args:
        designs: of a study, in the order of their files.
        folder: for the files; made if it is not there.

    Raises:
        StudyError: they are other designs.
        BitlineError: a file cannot be written.

    Examples:
        >>> design = Design().with_settings({"adc.bits": 5})
        >>> found = DesignResult(key="a1", name="", settings={"adc.bits": 5}, design=design.model_dump())
        >>> (path,) = write_designs([found], Path("chosen"))
        >>> path.name, Design.load(path).adc.bits
        ('1-adc.bits=5.toml', 5)
    """
    strange = next((design for design in designs if not isinstance(design, DesignResult)), None)
    if strange is not None:
        raise StudyError(f"the designs hold {strange!r}: give those of results, as in read_results(store).designs")
    digits = len(str(len(designs)))
    paths = [Path(folder) / _file_name(design, f"{place:0{digits}d}") for place, design in enumerate(designs, 1)]
    check_writable("folder", *paths)
    for path, found in zip(paths, designs, strict=True):
        words = in_line(found.settings)
        design = Design.from_dict(dict(found.design))
        write_text(path, (design.model_copy(update={"name": words}) if words else design).to_toml())
    return tuple(paths)


def _file_name(design: DesignResult, place: str) -> str:
    """The place and the settings, or the key where there is no room for them."""
    words = "-".join(f"{name}={_plain(value)}" for name, value in design.settings.items())
    name = f"{place}-{words or _plain(design.name) or design.key}"
    return f"{name}.toml" if len(name) <= LONGEST else f"{place}-{design.key}.toml"


def _plain(value: object) -> str:
    return re.sub(r"[^\w.+-]+", "_", setting_text(value)).strip("_")
