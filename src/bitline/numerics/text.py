"""Numbers as text, for every table, report and message: rounded, and nothing else done to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral

SMALLEST, LARGEST = 1e-4, 1e15
"""Sizes between which a number is written out; others have an exponent."""
MORE = 4
"""Decimals at most that `percent` adds."""
VOWELS = (*"aeiouAEIOU", "nd")
"""What names that sound like a vowel begin with: an n-dimensional array is an ndarray."""


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits, but all digits before the decimal point.

    Whole numbers of type int are written in full. Zeros at the end go only behind a decimal point. What is unknown
    (None, NaN) is an empty text.

    Args:
        value: any number.
        digits: significant digits of a number that is not an int.

    Examples:
        >>> number(1029.7), number(1360.0), number(0.013604), number(1.23e-7)
        ('1,030', '1,360', '0.0136', '1.23e-07')
    """
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if value is None or not math.isfinite(value):
        return _not_finite(value)
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0:
        return "0"
    if not SMALLEST <= abs(rounded) < LARGEST:
        return f"{rounded:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def fixed(value: float | None, decimals: int) -> str:
    """A number with so many decimals; zero has no sign, and what is unknown (None, NaN) is an empty text.

    Examples:
        >>> fixed(-0.04, 1), fixed(1234.56, 1)
        ('0.0', '1,234.6')
    """
    if value is None or not math.isfinite(value):
        return _not_finite(value)
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def percent(share: float | None, decimals: int = 2) -> str:
    """A share in per cent, without the sign.

    It reads 0 or 100 only where it is: where rounding would say so, it has more decimals.

    Args:
        share: a fraction of 1; None or NaN is an empty text.
        decimals: usual number of decimals.

    Examples:
        >>> percent(0.9996, 1), percent(0.99996, 1), percent(1.0, 1)
        ('99.96', '99.996', '100.0')
    """
    if share is None or not math.isfinite(share):
        return _not_finite(share)
    exact = 100 * share
    for places in range(decimals, decimals + MORE + 1):
        if round(exact, places) not in (0, 100) or exact in (0, 100):
            return fixed(exact, places)
    return fixed(exact, decimals)


def exact(value: float) -> str:
    """A number that a user gave, with all digits that were given.

    Examples:
        >>> exact(99.99999), exact(100.0)
        ('99.99999', '100')
    """
    return f"{value:.12g}"


def setting_text(value: object) -> str:
    """A setting's value as people read it: numbers that nobody typed, such as steps of equal ratios, with four digits.

    Args:
        value: of a setting; a table of settings is said by its kind, and by the others in brackets.

    Examples:
        >>> setting_text(0.0464158883361), setting_text(0.03), setting_text(144), setting_text("1 day")
        ('0.04642', '0.03', '144', '1 day')
        >>> setting_text({"bits": 6, "kind": "sar", "noise": 0.5}), setting_text({"bits": 6})
        ('sar (bits 6; noise 0.5)', 'bits 6')
    """
    if isinstance(value, dict):
        others = "; ".join(f"{name} {setting_text(part)}" for name, part in value.items() if name != "kind")
        if "kind" not in value:
            return others
        return f"{value['kind']} ({others})" if others else str(value["kind"])
    typed = not isinstance(value, float) or not math.isfinite(value) or float(f"{value:.6g}") == value
    return str(value) if typed else f"{value:.4g}"


def _not_finite(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else "inf" if value > 0 else "-inf"


def listed(names: Sequence[str], most: int) -> str:
    """The first of some names, and how many there are besides.

    Args:
        names: one or more, as they are to be written.
        most: names that are written at most.

    Examples:
        >>> listed(["conv1", "conv2"], most=2), listed(["conv1", "conv2", "fc"], most=1)
        ('conv1, conv2', 'conv1 and 2 more')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def with_article(noun: str) -> str:
    """A noun with its indefinite article.

    Examples:
        >>> with_article("image"), with_article("sample"), with_article("ndarray")
        ('an image', 'a sample', 'an ndarray')
    """
    sounds_open = noun.startswith(VOWELS) and not noun.lower().startswith(("uni", "use"))
    return f"{'an' if sounds_open else 'a'} {noun}"


def type_in_words(value: object) -> str:
    """What a value is, with the article.

    Examples:
        >>> type_in_words({}), type_in_words(1)
        ('a dict', 'an int')
    """
    return with_article(type(value).__name__)
