"""`bitline designs`, `devices`, `libraries` and `paper list`."""

from __future__ import annotations

import pytest

from bitline import Design, presets
from bitline.cost import Library, libraries


def test_designs_are_listed_and_shown_as_toml(bitline):
    _, output, _ = bitline("designs")
    for name in presets():
        assert name in output
    for name in ("differential", "isaac"):
        _, text, _ = bitline("designs", "show", name)
        assert Design.from_toml(text) == Design.load(name)


def test_libraries_are_listed_and_shown_as_toml(bitline, tmp_path):
    _, output, _ = bitline("libraries")
    for name in libraries():
        assert name in output
    (tmp_path / "own.toml").write_text(bitline("libraries", "show", "isaac-32nm")[1])
    assert Library.load(tmp_path / "own.toml") == Library.load("isaac-32nm")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["designs", "show", "isac"], "did you mean 'isaac'"),
        (["devices", "show", "pcm-joshi"], "did you mean 'pcm-joshi-2020'"),
        (["libraries", "show", "isac-32nm"], "did you mean 'isaac-32nm'"),
        (["designs", "--json", "show", "isaac"], "give --json, --csv and -q last"),
        (["paper", "run", "energi"], "did you mean 'energy'"),
    ],
)
def test_what_is_not_there_is_one_line(bitline, arguments, words):
    status, _, errors = bitline(*arguments)
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors
