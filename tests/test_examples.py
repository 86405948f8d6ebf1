"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import bitline

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(bitline.__path__, "bitline.")
    if not module.name.endswith(("triton", "__main__"))
)
FORM = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=FORM)
    assert result.failed == 0
