"""What calibration images showed of a network, as bytes: for other processes, and for later runs."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bitline.errors import CalibrationError
from bitline.layer.signal_histograms import SignalHistograms
from bitline.nn.activity import Activity
from bitline.nn.calibration import LayerRecord, NetworkRecord
from bitline.numerics.histogram import Histogram, HistogramSeries
from bitline.quantize import InputScale

FORMAT = 2
"""Raised whenever the classes below get other attributes, without a value for records of before, or count otherwise."""

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (NetworkRecord, LayerRecord, InputScale, SignalHistograms, Activity, Histogram, HistogramSeries)
}
"""What a record is made of; nothing else is ever made of bytes."""

NEEDLESS = ("_signals", "_floor")
"""Attributes that are needed to count signals, not to say what was counted."""

SKELETON = "record"


def pack_record(record: NetworkRecord) -> bytes:
    """A record as bytes: compressed arrays, and JSON of what lies between them.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import record
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> seen = record(network, Design(), torch.rand(16, 4))
        >>> unpack_record(pack_record(seen)).layers["2"].scale == seen.layers["2"].scale
        True
    """
    arrays: dict[str, Any] = {}
    skeleton = json.dumps({"format": FORMAT, "content": _plain(record, arrays)}).encode()
    file = io.BytesIO()
    arrays[SKELETON] = np.frombuffer(skeleton, np.uint8)
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpack_record(packed: bytes) -> NetworkRecord:
    """What `pack_record` was given; it can be asked, but counts nothing more.

    Raises:
        CalibrationError: the bytes are damaged, or those of another version of bitline.
    """
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            said = json.loads(arrays[SKELETON].tobytes())
            found = _made(said["content"], arrays) if said["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError, zipfile.BadZipFile) as error:
        raise CalibrationError(f"a record of calibration images is damaged: {error}") from None
    if not isinstance(found, NetworkRecord):
        raise CalibrationError("a record of calibration images is that of another version of bitline")
    return found


def _plain(value: Any, arrays: dict[str, Any]) -> Any:
    """A part of a record as JSON; its tensors are added to the arrays."""
    if isinstance(value, Tensor):
        name = f"a{len(arrays)}"
        arrays[name] = value.cpu().numpy()
        return {"tensor": name}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_plain(entry, arrays) for entry in value]}
    if isinstance(value, dict):
        return {"dict": [[name, _plain(entry, arrays)] for name, entry in value.items()]}
    if type(value).__name__ in KINDS:
        kept = {name: entry for name, entry in vars(value).items() if name not in NEEDLESS}
        return {"kind": type(value).__name__, "with": {name: _plain(entry, arrays) for name, entry in kept.items()}}
    return value


def _made(content: Any, arrays: Any) -> Any:
    """The part of a record that JSON and arrays say."""
    if not isinstance(content, dict):
        return content
    if "tensor" in content:
        return torch.from_numpy(arrays[content["tensor"]])
    if "dict" in content:
        return {name: _made(entry, arrays) for name, entry in content["dict"]}
    if "kind" in content:
        value: Any = object.__new__(KINDS[content["kind"]])
        value.__dict__.update({name: _made(entry, arrays) for name, entry in content["with"].items()})
        return value
    ((kind, entries),) = content.items()
    return {"list": list, "tuple": tuple}[kind](_made(entry, arrays) for entry in entries)
