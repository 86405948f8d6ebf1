"""Calibrations as files, which know what they are for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from bitline.config.files import write_text
from bitline.config.messages import first_line
from bitline.data.samples import Samples
from bitline.design import Design, views
from bitline.errors import CalibrationError
from bitline.nn.calibration import Calibration
from bitline.nn.calibration_json import UNREADABLE, calibration_of_json
from bitline.numerics.digest import content_of, weights_digest

FORMAT = 3


def save_calibration(
    path: Path, calibration: Calibration, model: nn.Module, design: Design | str, images: Tensor | Samples
) -> None:
    """Write a calibration as JSON, together with what it depends on.

    Examples:
        >>> import torch
        >>> from bitline.design import Design
        >>> from bitline.nn import conversion_of, convert
        >>> network, images = torch.nn.Linear(4, 2), torch.rand(16, 4)
        >>> known = conversion_of(convert(network, Design(), images)).calibration
        >>> save_calibration(Path("calibration.json"), known, network, Design(), images)
        >>> load_calibration(Path("calibration.json"), network, Design(), images) == known
        True

    Args:
        path: file to write; an existing one is replaced in one step.
        calibration: of `model` on `design`.
        model: the float network.
        design: the accelerator, or the name of a preset.
        images: calibration images.
    """
    content = {
        "format": FORMAT,
        "made for": _identity(model, Design.of(design), images),
        "folded": calibration.folded,
        "channels last": calibration.channels_last,
        "lent": calibration.lent,
        "layers": {name: asdict(layer) for name, layer in calibration.layers.items()},
    }
    write_text(path, json.dumps(content, indent=1) + "\n")


def load_calibration(path: Path, model: nn.Module, design: Design | str, images: Tensor | Samples) -> Calibration:
    """Read a calibration; arguments as for `save_calibration`.

    Examples:
        Reads what `save_calibration` wrote:

        >>> import torch
        >>> from bitline.design import Design
        >>> from bitline.nn import conversion_of, convert
        >>> network, images = torch.nn.Linear(4, 2), torch.rand(16, 4)
        >>> known = conversion_of(convert(network, Design(), images)).calibration
        >>> save_calibration(Path("known.json"), known, network, Design(), images)
        >>> sorted(load_calibration(Path("known.json"), network, Design(), images).layers)
        ['linear']

    Raises:
        CalibrationError: not a calibration, or one for another network, design or images, and what differs.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made_for, layers, folded = dict(content["made for"]), dict(content["layers"]), content["folded"]
        known = content["format"] == FORMAT
    except (OSError, *UNREADABLE) as error:
        raise _unreadable(path, error) from None
    if not known:
        raise CalibrationError(f"{path} was written by another version of bitline: delete it to make a new one")
    for what, value in _identity(model, Design.of(design), images).items():
        if made_for.get(what) != value:
            raise CalibrationError(
                f"the calibration {path} is for {what} {_short(made_for.get(what))}, not {_short(value)}: delete the "
                "file to calibrate again, or give another --calibration"
            )
    try:
        pairs = None if folded is None else tuple((layer, norm) for layer, norm in folded)
        chosen = {name: calibration_of_json(saved) for name, saved in layers.items()}
        lent = tuple((module, layer, how) for module, layer, how in content.get("lent", []))
        return Calibration(chosen, pairs, content.get("channels last") is True, lent)
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> CalibrationError:
    return CalibrationError(
        f"cannot read the calibration {path}: {type(error).__name__}, {first_line(error)}; delete it to make a new one"
    )


def _identity(model: nn.Module, design: Design, images: Tensor | Samples) -> dict[str, Any]:
    """What a calibration depends on, in the words of a message."""
    content = images.digest().encode() if isinstance(images, Samples) else content_of(images)
    seen = hashlib.blake2b(content, digest_size=8)
    settings = views.by_setting(views.calibration(design))
    return {"a network with weights": weights_digest(model.state_dict()), "images": seen.hexdigest(), **settings}


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "..."
