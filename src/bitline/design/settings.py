"""Changes to nested settings by dotted names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Set
from typing import Any

from bitline.arrays import Array
from bitline.config import toml
from bitline.config.contents import plain_value
from bitline.config.table_files import is_table
from bitline.config.trust import is_import_path
from bitline.encode import WeightMapping
from bitline.errors import DesignError
from bitline.numerics.text import type_in_words
from bitline.readout import Adc

TAG = "kind"
"""The key that chooses a variant."""

DEVICE = "cell.device"

CODE = (DEVICE, "cell.current_voltage", "adc")
"""Settings that a class of the user's can stand for, by its import path."""

SHARED = {
    "weights": frozenset(WeightMapping.model_fields),
    "array": frozenset(Array.model_fields),
    "adc": frozenset(Adc.model_fields),
}
"""Settings that all variants of a section share, and keep when another variant is chosen."""

OUTSIDE = re.compile(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""A dot outside of quotes."""

LIBRARY = "library."
"""How names of numbers of the component library begin."""

NUMBERS = "hardware.numbers."
"""Where a design holds them."""

OF_FILE = frozenset({"content", "bits"})
"""Settings that follow from the file beside them, and go when another file is chosen."""


def nested(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by dotted name as tables in each other, whatever their order.

    A word beside settings of its own is their kind, and a table of measurements beside the kind of a device its file.
    Numbers of the component library, `library.cells.G_max_uS`, are settings of the hardware.

    Examples:
        >>> nested({"library.cells.G_max_uS": 20})
        {'hardware': {'numbers': {'cells': {'G_max_uS': 20}}}}
        >>> nested({"adc.bits": 6, "adc": "sar"}) == nested({"adc": "sar", "adc.bits": 6})
        True
        >>> nested({"adc.bits": 6, "adc": "sar"})
        {'adc': {'bits': 6, 'kind': 'sar'}}
        >>> nested({'converters."lab.adc:Mine".area': 2})
        {'converters': {'lab.adc:Mine': {'area': 2}}}

    Raises:
        DesignError: two settings that set the same thing, or a value that no file can have.
    """
    given = [(of_design(name), plain_value(_of_a_file(name, value))) for name, value in _dotted(settings)]
    names, result = _with_sections(name for name, _ in given), dict[str, Any]()
    for name, value in given:
        *path, last = _steps(_variant_key(name, value, names))
        place = result
        for step in path:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise DesignError(f"{step} is {place!r}, and {name} is given, too: give one of them")
        known = place.get(last, value)
        if isinstance(known, dict) != isinstance(value, dict):
            raise DesignError(f"{name} is {value!r}, and settings of {name} are given, too: give one of them")
        if last == TAG and known != value:
            raise DesignError(f"{'.'.join(path)} is {known!r} and {value!r} at once: give one of them, as its {TAG}")
        place[last] = value
    return result


def _of_a_file(name: str, value: Any) -> Any:
    """A value that a file can have.

    Raises:
        DesignError: it is a table of pandas or polars.
    """
    if any(hasattr(value, writer) for writer in ("to_csv", "write_csv")) and hasattr(value, "columns"):
        raise DesignError(
            f"{name} is {type_in_words(value)}: write it to a file, as to_csv('cells.csv') does, and give its name, "
            "so that the design can be saved"
        )
    return value


def _steps(name: str) -> list[str]:
    """The parts of a dotted name; one with dots in it stands in quotes, as in TOML."""
    return [step.strip('"') for step in OUTSIDE.split(name)] if '"' in name else name.split(".")


def of_design(name: str) -> str:
    """The name that a setting has in a design.

    Examples:
        >>> of_design("library.cells.read_V"), of_design("adc.bits")
        ('hardware.numbers.cells.read_V', 'adc.bits')
    """
    return NUMBERS + name.removeprefix(LIBRARY) if name.startswith(LIBRARY) else name


def _dotted(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Settings by dotted name, those of tables one by one, and empty tables as they are."""
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        is_table_of_some = isinstance(value, dict) and value
        found += _dotted(value, f"{prefix}{name}.") if is_table_of_some else [(f"{prefix}{name}", value)]
    return found


def refuse_twice(settings: Mapping[str, Any]) -> None:
    """Refuse settings of which one is a table that says otherwise what another one says.

    Args:
        settings: values by dotted name.

    Raises:
        DesignError: names the setting and both values.

    Examples:
        >>> refuse_twice({"adc": {"kind": "sar", "bits": 6}, "adc.bits": 5})
        Traceback (most recent call last):
        bitline.errors.DesignError: adc.bits is 6 and 5 at once: give one of them
    """
    if not any(isinstance(value, dict) for value in settings.values()):
        return
    said: dict[str, Any] = {}
    for name, value in settings.items():
        for own, wanted in flat({name: value}).items():
            if repr(said.setdefault(own, wanted)) != repr(wanted):
                raise DesignError(f"{own} is {said[own]!r} and {wanted!r} at once: give one of them")


def overridden(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Settings by dotted name with changes, whose kinds take the place of those that were chosen before.

    Examples:
        >>> overridden({"adc.kind": "sar", "adc.bits": 6}, {"adc": "uniform"})
        {'adc.bits': 6, 'adc': 'uniform'}
    """
    changed = flat(changes)
    chosen = {_chosen(name, value) for name, value in changed.items()} - {None}
    before = ((name, value) for name, value in _dotted(settings) if name not in changed)
    return {**{name: value for name, value in before if _chosen(name, value) not in chosen}, **changes}


def _chosen(name: str, value: Any) -> str | None:
    """The section whose kind a setting by dotted name may choose; None where it chooses none."""
    section, _, last = name.rpartition(".")
    if last == TAG:
        return section
    return name if isinstance(value, str) and not (name == DEVICE and is_table(value)) else None


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `change`, table by table.

    Where a change chooses another variant (`kind`), the settings of the old variant go, and those which all
    variants share stay. Where it names another `file`, so does what follows from the old one.
    """
    result = dict(base)
    for key, value in change.items():
        old = base.get(key)
        is_variant = isinstance(old, dict) and TAG in old
        if is_variant and isinstance(value, str):
            value = {TAG: value}
        if isinstance(old, dict) and isinstance(value, dict):
            if is_variant and value.get(TAG, old[TAG]) != old[TAG]:
                shared = SHARED.get(key, frozenset()) if value[TAG] != "none" else frozenset()
                old = {name: kept for name, kept in old.items() if name in shared}
            if value.get("file", old.get("file")) != old.get("file"):
                old = {name: kept for name, kept in old.items() if name not in OF_FILE}
            result[key] = merge(old, value)
        else:
            result[key] = value
    return result


def code_in(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Import paths of users' classes among settings by dotted name.

    Examples:
        >>> code_in({"cell.device.kind": "mylab:Leaky", "adc": "sar"})
        ('mylab:Leaky',)
    """
    values = flat(dict(settings))
    kinds = (values.get(name) for part in CODE for name in (part, f"{part}.{TAG}"))
    return tuple(kind for kind in kinds if isinstance(kind, str) and is_import_path(kind))


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """`["adc.bits=6"]` as `{"adc.bits": 6}`; values are TOML, and words need no quotes.

    Examples:
        >>> parse_settings(["cell.device=cells.csv", "cell.device.extrapolate=true"])
        {'cell.device.kind': 'cells.csv', 'cell.device.extrapolate': True}

    Raises:
        DesignError: a setting without '=', two that set the same thing, or a value that cannot be read.
    """
    given: list[tuple[str, Any]] = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise DesignError(f"--set {setting!r} is not NAME=VALUE: write for example --set adc.bits=6")
        given.append((name.strip(), _value(value, f"--set {name.strip()}")))
    names = _with_sections(own for pair in given for own in flat(dict([pair])))
    result: dict[str, Any] = {}
    for name, value in given:
        place = _variant_key(name, value, names)
        _check_once(place, value, result)
        result[place] = value
    return result


def _with_sections(names: Iterable[str]) -> frozenset[str]:
    """Dotted names, and every section that one of them lies in with a dot behind it.

    Examples:
        >>> sorted(_with_sections(["adc.sar.bits", "adc"]))
        ['adc', 'adc.', 'adc.sar.', 'adc.sar.bits']
    """
    return frozenset(
        part
        for name in names
        for part in (name, *(name[: place + 1] for place, sign in enumerate(name) if sign == "."))
    )


def _variant_key(name: str, value: Any, names: Set[str]) -> str:
    """Where a value goes: a word beside settings of its own, such as 'adc=sar' beside 'adc.bits=6', is their kind.

    A table of measurements beside the kind that is to be made of it is its file.

    Args:
        name, value: of the setting.
        names: of all settings, as `_with_sections` gives them.
    """
    if not isinstance(value, str) or f"{name}." not in names:
        return name
    is_file = f"{name}.{TAG}" in names and name == DEVICE and is_table(value)
    return f"{name}.file" if is_file else f"{name}.{TAG}"


def _value(text: str, origin: str) -> Any:
    """A value of TOML, or a word.

    Raises:
        DesignError: a value that is nested too deeply, or has too many digits.
    """
    try:
        tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text.strip()
    except (RecursionError, ValueError):
        pass  # and said below
    values = toml.parse(f"value = {text}", origin)
    if len(values) > 1:
        raise DesignError(f"{origin} has more than one line: give one setting with each --set")
    return values["value"]


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            result.update(flat(value, f"{prefix}{name}."))
        else:
            result[f"{prefix}{name}"] = value
    return result


def _check_once(name: str, value: Any, before: dict[str, Any]) -> None:
    """Refuse a setting that would take the place of an earlier one, or of a part of it."""
    earlier = flat(before)
    for own, wanted in flat({name: value}).items():
        for other, known in earlier.items():
            same = own == other and repr(known) != repr(wanted)
            if same or own.startswith(f"{other}.") or other.startswith(f"{own}."):
                section = min(own, other, key=len)
                raise DesignError(
                    f"--set {other}={known} and --set {own}={wanted} set the same thing: give one of them"
                    + ("" if same else f", or choose the variant with {section}.{TAG}")
                )
