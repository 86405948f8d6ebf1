"""Bad inputs for every command, derived from what the command line says of its own options.

A new command or option is covered as soon as it exists: values follow from the type and the metavar of a parameter, and
what a command needs besides follows from the names in `SMALL` and the metavars in `NEEDED`.
"""

from __future__ import annotations

import contextlib
import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
from PIL import Image
from typer.main import get_command

from bitline.cli import app as cli

# -- what there is


@cache
def commands() -> dict[tuple[str, ...], Any]:
    """All commands, also groups that do something on their own, by the words that call them."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*words, name))
        if not getattr(command, "commands", {}):
            yield words, command

    return dict(walk(get_command(cli.app), ()))


@dataclass(frozen=True)
class Parameter:
    """An option or argument of a command.

    Attributes:
        words: that call the command.
        name: the option as it is written, or the metavar of an argument.
        kind: int, float, str or Path.
        metavar: what stands for its value in the help.
        is_option: whether it is written before its value.
        is_required: whether the command does nothing without it.
    """

    words: tuple[str, ...]
    name: str
    kind: type
    metavar: str
    is_option: bool
    is_required: bool

    def __str__(self) -> str:
        return f"{' '.join(self.words)} {self.name}"


def parameters(words: tuple[str, ...]) -> list[Parameter]:
    """Those of a command that take a value."""
    command = commands()[words]
    hints = get_type_hints(command.callback.__wrapped__)
    found = []
    for parameter in command.params:
        kinds = {kind for kind in _atoms(hints.get(parameter.name)) if kind in (int, float, str, Path)}
        if len(kinds) == 1 and not getattr(parameter, "is_flag", False):
            is_option = parameter.param_type_name == "option"
            name = parameter.opts[0] if is_option else parameter.metavar
            found.append(Parameter(words, name, kinds.pop(), parameter.metavar, is_option, parameter.required))
    return found


def _atoms(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _atoms(part)


# -- a place to work in, and a command line that is right

SMALL = {
    "--images": "4",
    "--calibration-images": "4",
    "--chips": "1",
    "--workers": "1",
    "--repeats": "1",
    "--network": "fashion-resnet",
    "--converters": "4",
}
"""Values with which a command is soon done; others keep their defaults."""

NEEDED = {
    (): {"STUDY": "study.toml", "STORE": "store.sqlite", "STUDY...": "energy", "[NAME]...": "linear"},
    ("compare",): {"DESIGN": "differential", "OTHER...": "offset"},
    ("init",): {"WHAT": "design"},
    ("designs", "show"): {"NAME": "differential"},
    ("devices", "show"): {"NAME": "pcm-joshi-2020"},
    ("devices", "plot"): {"NAME": "pcm-joshi-2020"},
    ("libraries", "show"): {"NAME": "sonos-40nm"},
}
"""Arguments by their metavars, for all commands and for some."""

SETTINGS = {("array",): ["--set", "array={kind='row-driven',rows=8,bit_line={segment=1e-4}}"]}
"""Settings that a command needs."""

STUDY = """
[data]
images = 4
calibration_images = 4
[[axes]]
setting = "adc.bits"
values = [7, 8]
[run]
chips = 1
[search]
designs = 2
population = 2
survivors = 1
"""


def furnish(folder: Path) -> None:
    """Put a study, its store and files of all kinds into an empty folder."""
    from bitline.study import Study, sweep

    (folder / "study.toml").write_text(STUDY)
    sweep(Study.load(folder / "study.toml"), folder / "store.sqlite", workers=1)
    (folder / "folder").mkdir()
    (folder / "file").write_text("kept")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nothing")
    for suffix in SUFFIXES:
        (folder / f"garbage{suffix}").write_bytes(bytes(range(256)))
        (folder / f"empty{suffix}").write_bytes(b"")
    for name, values in ARRAYS.items():
        np.save(folder / f"{name}.npy", values)
        np.savez(folder / f"{name}.npz", images=values, labels=values)
    (folder / "deep.toml").write_text("x = " + "[" * 5000 + "]" * 5000)
    (folder / "digits.toml").write_text(f"x = {'9' * 5000}")
    (folder / "latin.toml").write_bytes("name = 'Größe'\n".encode("latin-1"))
    (folder / "wide.toml").write_bytes("name = 'x'\n".encode("utf-16"))
    (folder / "lists.json").write_text("[[[]]]")
    (folder / "deep.json").write_text("[" * 100_000)
    Image.new("L", (5, 5)).save(folder / "small.png")
    with zipfile.ZipFile(folder / "small.zip", "w") as archive:
        archive.write(folder / "small.png", "a/small.png")


SUFFIXES = ("", ".toml", ".npz", ".npy", ".png", ".zip", ".pt", ".pth", ".safetensors", ".sqlite", ".json", ".csv")
ARRAYS = {
    "none": np.zeros((0, 0)),
    "nan": np.full((8, 4), np.nan),
    "negative": np.full((8, 4), -1.0),
    "huge": np.full((8, 4), 1e30),
    "complex": np.ones((8, 4), complex),
    "words": np.array([["a", "b"]]),
    "deep": np.zeros((1,) * 32),
    "dates": np.zeros((8, 4), "datetime64[D]"),
    "number": np.array(0.5),
}


def command_line(parameter: Parameter, value: str) -> list[str]:
    """A command that is right but for one value."""
    line = list(parameter.words)
    needed = NEEDED[()] | NEEDED.get(parameter.words, {})
    for other in parameters(parameter.words):
        if other.name == parameter.name:
            continue
        if other.is_option and other.name in SMALL and not _is_idle(other, parameter):
            line += [other.name, SMALL[other.name]]
        elif not other.is_option and (other.is_required or other.name in needed):
            line.append(needed[other.name])
    line += SETTINGS.get(parameter.words, []) if parameter.name != "--set" else []
    return [*line, *([parameter.name] if parameter.is_option else ["--"]), value]


IDLE = {(("ranges",), "--images"): "--loss"}
"""Options that do nothing without another."""


def _is_idle(option: Parameter, tried: Parameter) -> bool:
    without = IDLE.get((option.words, option.name))
    return without is not None and without != tried.name


# -- bad values

FAR = "99999999999999999999"
NUMBERS = ("nan", "inf", "-inf", "-1", "0", "1.5", "1e30", "1e400", FAR, "", " ", "x", "true", "0x10", "1,5", "1/2")
WORDS = (
    "",
    " ",
    "nan",
    "../..",
    "[/bold]x",
    "\x1b[31mred\x07",
    "=1+1",
    "x" * 5000,
    "a\nb",
    "<!--<script>",
    "\udcff",
    ":",
    ".:x",
    "a:",
)
PLACES = ("meta", "mps", "xla", "vulkan", "cuda:99", "cpu:7", "cuda:-1")
FORMS = ("auto", "ray", "xls", "PDF")
CHANGES = (
    "adc.bits=true", "adc.bits=nan", "adc.bits='8'", "adc.bits=1e30", f"adc.bits={FAR}", f"adc.bits={'9' * 5000}",
    "adc.bits=[]", "adc.bits={}", "adc.bits=", "adc.bits=8.5", "array.rows=inf", "array.rows=-1", "array.rows=true",
    "cell.time=-1", "cell.time=nan", "cell.on_off_ratio=nan", "cell.on_off_ratio=0", "x=" + "[" * 5000,
    "adc.bits=" + "{a=" * 3000, "adc", "=", "=8", "adc..bits=8", ".=1", "adc.=1", "adc.nope=1", "name=1", "name=''",
    "\x1b[31m=1", "[/bold]=1", "adc.bits=1\nadc.kind='none'", "a=1\x00", "weights=3", "adc=[]", "rules=[{}]", "rules=3",
    "cell.device={kind=[]}", "cell.device.kind=5", "hardware.library=''", "hardware.library=folder",
)  # fmt: skip
INPUTS = (
    "missing", "folder", "", " ", "x" * 5000, "file/below", "\x1b[31mred", "[/bold]x", "/dev/null", "lists.json",
    "loop", "dangling", "deep.json", "deep.toml", "digits.toml", "latin.toml", "wide.toml", "small.png", "small.zip",
    *(f"{kind}{suffix}" for kind in ("garbage", "empty") for suffix in SUFFIXES),
    *(f"{name}{suffix}" for name in ARRAYS for suffix in (".npy", ".npz")),
)  # fmt: skip
OUTPUTS = ("", "file/below", "file/below/it.png", "x" * 5000 + ".png", "folder", "folder/", "/proc/nothing/x.png",
           "loop", "/proc/self/x.html", ".", "..", "/", "\x1b[31m/" + "y" * 300)  # fmt: skip


def is_output(parameter: Parameter) -> bool:
    """Whether a path is written: it is in none of the help texts of what is read."""
    return parameter.kind is Path and parameter.name in ("--out", "--report", "--spice", "--calibration", "--designs")


def bad_values(parameter: Parameter) -> tuple[str, ...]:
    """Values that a parameter should refuse, nearly all of them."""
    if parameter.kind in (int, float):
        return NUMBERS
    if parameter.kind is Path:
        return OUTPUTS if is_output(parameter) else INPUTS
    return {
        "NAME=VALUE": CHANGES,
        "FILE": INPUTS,
        "FORMAT": (*WORDS, *FORMS),
        "TIME": (*NUMBERS, *WORDS, "1 fortnight", "-1 day", "1e400 s"),
    }.get(parameter.metavar, (*WORDS, *PLACES, *INPUTS[:12]))


# -- running


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes:
        line: the command line.
        status: its exit status, or the exception that got out.
        output: what it printed.
        errors: what it said on standard error.
        files: files that are new.
    """

    line: tuple[str, ...]
    status: int | BaseException
    output: str
    errors: str
    files: frozenset[str]

    def fault(self) -> str:
        """What is wrong with the way in which it ended; empty if nothing is."""
        if self.status not in (0, 1, 2):
            return f"ends with {self.status!r}"
        said = [line for line in self.errors.splitlines() if line.startswith("bitline: ")]
        others = [line for line in self.errors.splitlines() if not line.startswith(("bitline: ", "note: ", "wrote "))]
        if "Traceback" in self.errors or "a fault of bitline" in self.errors:
            return f"a traceback: {self.errors[-300:]}"
        if self.status and (len(said) != 1 or others):
            return f"{len(said)} error lines and {others[:3]}: {self.errors[-300:]}"
        if self.status and max(map(len, said)) > LONGEST:
            return f"an error of {max(map(len, said))} characters"
        if any(not (character.isprintable() or character == "\n") for character in self.output + self.errors):
            return f"control characters: {(self.output + self.errors)!r:.300}"
        if any(file.endswith((".part", ".tmp")) for file in self.files) or (self.status == 2 and self.files):
            return f"leaves {sorted(self.files)[:5]}"
        return ""


LONGEST = 1500
"""Characters of an error."""


def invoke(line: list[str], folder: Path) -> Outcome:
    """Run a command in this process, in a folder."""
    before = _files(folder)
    output, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", "") for _ in range(2))
    given, status = sys.argv, 0
    sys.argv = ["bitline", *line]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), contextlib.chdir(folder):
            cli.main()
    except SystemExit as end:
        status = end.code or 0
    except BaseException as error:
        status = error
    finally:
        sys.argv = given
    texts = []
    for stream in (output, errors):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "surrogateescape"))
    new = frozenset(str(file.relative_to(folder)) for file in _files(folder) - before)
    return Outcome(tuple(line), status, *texts, new)


def _files(folder: Path) -> set[Path]:
    """Files in a folder, without those that SQLite keeps beside a store."""
    return {
        file for file in folder.rglob("*") if not file.is_dir() and not file.name.endswith(("-wal", "-shm", ".lock"))
    }
