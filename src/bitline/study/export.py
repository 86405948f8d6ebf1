"""Results of a study as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bitline.config.arguments import checked
from bitline.config.files import check_writable, replacing, write_values
from bitline.config.spreadsheets import write_csv
from bitline.errors import StudyError
from bitline.numerics.confidence import known
from bitline.study.results import DesignResult, StudyResult
from bitline.study.stored_json import plain

EXPORTS = ("csv", "parquet", "json")
"""Formats of `export`."""


@checked(StudyError)
def export(result: StudyResult, to: str, path: str | Path) -> None:
    """Write the table of designs.

    Args:
        result: results of a study.
        to: 'csv', 'parquet' or 'json'; JSON has everything, also layers and costs by component.
        path: file to write; an existing one is replaced in one step.

    Raises:
        StudyError: an unknown format, or Parquet without pyarrow.
        BitlineError: the file cannot be written.

    Examples:
        >>> from bitline.study import Study
        >>> result = StudyResult(Study(name="bits"), facts={}, sessions=(), designs=(), float_value=0.91)
        >>> export(result, "json", Path("bits.json"))
        >>> json.loads(Path("bits.json").read_text())["float_accuracy"]
        0.91
    """
    check_export(to)
    path = Path(path)
    check_writable("path", path)
    if to == "csv":
        write_csv(path, result.to_frame())
    elif to == "json":
        write_values(path, to_dict(result), indent=1)
    else:
        _write_parquet(path, result)


def check_export(to: str) -> None:
    """Refuse what is not a format of `export`.

    Args:
        to: name of the format.

    Raises:
        StudyError: an unknown format; the message has the known ones.

    Examples:
        >>> check_export("csv")
        >>> check_export("xls")
        Traceback (most recent call last):
        bitline.errors.StudyError: there is no format 'xls': use one of csv, parquet, json
    """
    if to not in EXPORTS:
        raise StudyError(f"there is no format {to!r}: use one of {', '.join(EXPORTS)}")


def to_dict(result: StudyResult) -> dict[str, Any]:
    """Everything as plain values, for JSON; unknown numbers are None.

    Examples:
        >>> from bitline.study import Study
        >>> result = StudyResult(Study(name="bits"), facts={}, sessions=(), designs=(), float_value=None)
        >>> sorted(to_dict(result))
        ['designs', 'error', 'facts', 'float_accuracy', 'notes', 'sessions', 'study']
    """
    return {
        "study": json.loads(result.study.model_dump_json()),
        "facts": result.facts,
        "sessions": list(result.sessions),
        "float_accuracy": result.float_value,
        "error": result.error,
        "notes": list(result.notes),
        "designs": [_design(design) for design in result.designs],
    }


NAMES = {"chip_values": "accuracies", "reference_value": "reference"}
"""What values of the measure are called in JSON, whatever it is, as others read these files."""


def _design(design: DesignResult) -> dict[str, Any]:
    return {
        **{NAMES.get(key, key): value for key, value in vars(design).items() if key not in ("layers", "measure")},
        "design": plain(design.design),
        "cost": plain(design.cost),
        "mean": known(design.mean),
        "std": known(design.std),
        "half_width_95": known(design.half_width),
        "layers": [{key: known(value) for key, value in vars(layer).items()} for layer in design.layers],
    }


def _write_parquet(path: Path, result: StudyResult) -> None:
    frame = result.to_frame()
    mixed = [name for name in frame if frame[name].map(type).nunique() > 1 and frame[name].dtype == object]
    try:
        with replacing(path) as part:
            frame.astype(dict.fromkeys(mixed, "string")).to_parquet(part, index=False)
    except ImportError:
        raise StudyError("writing Parquet needs pyarrow: pip install pyarrow, or use --to csv") from None
