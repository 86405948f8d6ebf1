"""Compiled kernels are kept where they can be, and used where they cannot."""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import warnings
from pathlib import Path

import numba
import pytest
from numba.core import caching

from bitline.cli.output import Output
from bitline.errors import UncachedWarning
from bitline.numerics import kernel_cache
from bitline.numerics.kernel_cache import FOLDER, compiled, warn_if_not_kept

PACKAGE = Path(kernel_cache.__file__).parents[1]


def double(number):
    return 2 * number


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of the test's own, and nothing said yet."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    kernel_cache.warn_once.cache_clear()
    yield tmp_path
    kernel_cache.warn_once.cache_clear()


class ReadOnly:
    """The module `tempfile` where no folder can be written to, not even by root."""

    def __getattr__(self, name):
        return getattr(tempfile, name)

    @staticmethod
    def TemporaryFile(**options):
        raise PermissionError(13, "Permission denied")


@pytest.fixture
def read_only(monkeypatch):
    monkeypatch.setattr(caching, "tempfile", ReadOnly())


def test_what_was_compiled_is_kept_for_the_next_process(folder):
    assert compiled(double)(3) == 6
    assert list(folder.rglob("*.nbc"))
    again = compiled(double)
    assert again(3) == 6
    assert sum(again.stats.cache_hits.values()) == 1


def test_without_a_folder_kernels_are_compiled_and_one_note_names_the_variable(read_only):
    with pytest.warns(UncachedWarning, match=FOLDER) as said:
        assert compiled(double)(3) == 6
        assert compiled(double)(4) == 8
    assert len(said) == 1


def test_a_full_disk_and_files_that_cannot_be_read_do_not_keep_kernels_from_running(folder, monkeypatch):
    def refuse(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "load", refuse)
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", refuse)
    with pytest.warns(UncachedWarning, match="No space left on device"):
        assert compiled(double)(3) == 6


def test_a_command_says_it_as_a_note_and_keeps_other_warnings_to_itself(read_only, capsys):
    with warnings.catch_warnings(record=True) as others, Output().hearing():
        warn_if_not_kept()
        warnings.warn("something else", UserWarning, stacklevel=1)
    said = capsys.readouterr().err
    assert said.startswith("note: compiled kernels cannot be kept") and said.count("\n") == 1
    assert [str(other.message) for other in others] == ["something else"]


def test_worker_processes_leave_it_to_the_one_that_started_them(read_only, monkeypatch):
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "another")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiled(double)(3) == 6


def test_the_cache_is_decided_in_one_place():
    """A kernel that takes numba's own `njit(cache=True)` ends every command where its folder cannot be written to."""
    for file in PACKAGE.rglob("*.py"):
        if file.stem not in ("threads", "kernel_cache"):
            assert not re.search(r"numba\.njit|numba import .*njit|numba\.jit", file.read_text(encoding="utf-8")), file
