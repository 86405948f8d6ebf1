"""Digests of pictures, by what their files contain; files that did not change since are not read again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from bitline.config.files import write_text
from bitline.data._files import Files
from bitline.data.cache import Cache

SETTLED = 2_000_000_000
"""Nanoseconds since a file was changed after which another change shows in its times."""
SMALL = 4 << 20
"""Bytes that are read, hashed or decoded in a moment, and of which nothing is kept."""

Remembered = dict[str, list[str]]
"""By the name of a file, its state and its digest in hexadecimal digits."""


def digest_of(content: bytes) -> bytes:
    """Digest of a file's content, 16 bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()


def digests_of(files: Files, names: Sequence[str]) -> Tensor:
    """Digests of the content of some files, (names, 16), uint8.

    Files whose size, times and place on the disk are those of an earlier run have the digest that they had.

    Args:
        files: a folder or an archive.
        names: of files in it.

    Raises:
        DataError: a file cannot be read.
    """
    cache = Cache.of_user()
    memory = None if cache is None else cache.file("digests", digest_of(str(files.place).encode()).hex() + ".json")
    known = {} if memory is None else _read(memory)
    found: list[str] = []
    new: Remembered = {}
    read = 0
    for name in names:
        state = files.state(name)
        if state.text and known.get(name, [""])[0] == state.text:
            found.append(known[name][1])
            continue
        content = files.read(name) or b""
        read += len(content)
        found.append(digest_of(content).hex())
        if state.text and is_settled(state.changed):
            new[name] = [state.text, found[-1]]
    if cache is not None and memory is not None:
        if new and (read > SMALL or known):
            with contextlib.suppress(OSError):
                _write(cache, memory, known | new)
        else:
            cache.used(memory)
    return torch.frombuffer(bytearray(bytes.fromhex("".join(found))), dtype=torch.uint8).reshape(-1, 16)


def is_settled(changed: int) -> bool:
    """Whether a file that was changed at this time, in nanoseconds, would show another change in its times."""
    return time.time_ns() - changed > SETTLED


def _read(memory: Path) -> Remembered:
    """What is remembered; nothing where the file is not there or damaged."""
    try:
        content = json.loads(memory.read_bytes())
        known = content["files"]
        if content["digest"] != _checksum(known):
            return {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}
    return known  # type: ignore[no-any-return]


def _write(cache: Cache, memory: Path, known: Remembered) -> None:
    text = json.dumps({"digest": _checksum(known), "files": known})
    cache.make_room(len(text))
    write_text(memory, text)


def _checksum(known: Remembered) -> str:
    return digest_of(json.dumps(known).encode()).hex()
