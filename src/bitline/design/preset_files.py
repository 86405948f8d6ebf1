"""The designs that come with bitline."""

from __future__ import annotations

from importlib import resources


def presets() -> tuple[str, ...]:
    """Names of the designs that come with bitline.

    Examples:
        >>> presets()[:3]
        ('cascade', 'differential', 'differential-4bit')
    """
    files = (resources.files("bitline.design") / "presets").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def preset_text(name: str) -> str:
    """What the file of a preset says, as TOML."""
    return (resources.files("bitline.design") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
