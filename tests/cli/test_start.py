"""How the command line begins: at once, without what only its commands need; and what its help says."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from typer.main import get_command

import bitline as package
from bitline.cli import mistakes, options
from bitline.cli.app import COMMANDS, app

HEAVY = ("torch", "numpy", "pandas", "scipy", "numba", "pydantic", "plotly", "matplotlib", "PIL", "rich", "tomlkit")
SELDOM = ("plotly", "matplotlib", "pandas", "rich", "typer", "optuna", "ray", "scipy.stats", "PIL")
METAVARS = {"CONDITION", "FILE", "FOLDER", "N", "NAME", "NAME=VALUE", "TIME", "FORMAT", "HOST", "P", "V", "uS"} | {
    "M",
    "NAME=HEADER",
    "NAME=VALUES",
}


def imported(code):
    """The modules that a fresh Python has imported after some code."""
    ends = f"try:\n    {code}\nexcept SystemExit:\n    pass\nimport sys\nprint('\\n' + ' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", ends], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(option):
    """They took 3.4 s, and 8 s on a busy machine."""
    found = imported(f"import sys; sys.argv = ['bitline', {option!r}]; from bitline.cli.app import main; main()")
    assert found.isdisjoint(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_import_what_they_need_when_they_run(command):
    assert imported(f"import bitline.cli.{command}").isdisjoint(HEAVY)


def test_the_package_imports_what_is_used():
    assert imported("import bitline").isdisjoint(HEAVY)
    found = imported("from bitline import AnalogCore, Design, convert, evaluate; Design.load('isaac')")
    assert found.isdisjoint(SELDOM)


def test_results_are_read_without_compilers():
    """They are 57 MB and half a second, which those who only read results do not need."""
    read = "from bitline.study import Study, read_results, sweep; Study().points()"
    assert imported(read).isdisjoint({"numba", "llvmlite", "scipy", "pandas"})


def test_the_names_of_the_package_are_those_that_type_checkers_see():
    source = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    block = next(node for node in source.body if isinstance(node, ast.If))
    seen = {name.name: node.module for node in block.body for name in node.names}
    assert seen == package._HOMES
    assert package.__all__ == sorted([*seen, "__version__"])
    assert set(package.__all__) <= set(dir(package))
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        package.evalute  # noqa: B018


def test_the_list_of_commands_says_what_they_say_themselves():
    commands = get_command(app).commands
    assert list(commands) == list(COMMANDS)
    for name, entry in COMMANDS.items():
        said = commands[name].help.splitlines()[0]
        assert said == entry.help
        assert commands[name].name == name
    panels = [entry.panel for entry in COMMANDS.values()]
    assert panels == sorted(panels, key=panels.index)


def test_version_and_help(bitline):
    for option in ("--version", "-V"):
        assert bitline(option)[1] == f"bitline {package.__version__}\n"
    assert bitline("run", "-h") == bitline("run", "--help")
    output = bitline("run", "--help")[1]
    for option in ("--model", "--weights", "--data", "--design", "--set", "--chips", "--images", "--batch", "--seed"):
        assert option in output
    assert "      bitline run --design offset".strip() in output
    command = [sys.executable, "-m", "bitline", "--version"]
    assert package.__version__ in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    status, _, errors = bitline()
    assert (status, "Usage: bitline" in errors) == (2, True)


def walk(command, words=()):
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*words, name))
    yield words, command


def parameters():
    for words, command in walk(get_command(app)):
        for parameter in command.params:
            yield words, parameter


def test_help_has_no_words_of_programmers(bitline):
    for words, parameter in parameters():
        if parameter.param_type_name == "option" and not parameter.is_flag:
            assert parameter.metavar in METAVARS, (words, parameter.name)
        assert parameter.help or parameter.name == "help"
    text = "".join(bitline(*words, "--help")[1] for words, _ in walk(get_command(app)))
    for jargon in ("<bool>", "INTEGER", "list[", "x>=", "TEXT", "PATH"):
        assert jargon not in text
    assert max(map(len, text.splitlines())) <= 80


SAID_OTHERWISE = {
    "--out",
    "--set",
    "--images",
    "--layer",
    "--batch",
    "--compute",
    "--explain",
    "--data",
    "--networks",
    "--design",
    "--show-completion",
    "--time",
}
"""Options that mean something else, or can be repeated, in some commands."""


def test_an_option_has_one_help_in_all_commands():
    helps = {}
    for _, parameter in parameters():
        if parameter.param_type_name == "option":
            helps.setdefault(parameter.opts[0], set()).add((parameter.help, parameter.metavar))
    assert {option for option, said in helps.items() if len(said) > 1} <= SAID_OTHERWISE


def test_old_options_are_refused_with_the_new_ones(bitline):
    known = {option for _, parameter in parameters() for option in parameter.opts}
    assert known.isdisjoint(mistakes.RENAMED)
    for command, option in (("run", "--trials"), ("run", "--device"), ("bench", "--device"), ("array", "--error"),
                            ("array", "--active"), ("cost", "--libraries"), ("cost", "--show-library")):  # fmt: skip
        status, _, errors = bitline(command, option, "1")
        assert status == 2
        assert errors == f"bitline: {option} {mistakes.RENAMED[option]}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "no such command 'rnu'. Did you mean 'run'?"),
        (["run", "--imagse", "3"], "there is no option --imagse: did you mean --images? (see 'bitline run --help')"),
        (["run", "--chips", "0"], "--chips: "),
        (["run", "--chips", "many"], "--chips: "),
        (["sweep"], "STUDY is missing (see 'bitline sweep --help')"),
        (["run", "surplus"], "surplus"),
        (["run", "--model"], "--model"),
        (["designs", "--json", "--csv"], "--json and --csv: give one of them"),
        (["results", "s.sqlite", "--to", "csv", "--json"], "--json does nothing with --to"),
    ],
)
def test_wrong_command_lines_are_one_line(bitline, arguments, message):
    status, output, errors = bitline(*arguments)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("bitline: ")
    assert message in errors


def test_faults_of_bitline_are_one_line(bitline, monkeypatch):
    monkeypatch.setattr("bitline.design.presets", partial({}.__getitem__, "x"))
    with pytest.raises(KeyError):  # the tests want to know more
        bitline("designs")
    monkeypatch.setattr("bitline.cli.app.TRACEBACK", "BITLINE_NOT_SET")
    status, _, errors = bitline("designs")
    assert (status, errors) == (1, "bitline: a fault of bitline's: KeyError 'x' (BITLINE_NOT_SET=1 shows where)\n")


BROKEN = """
from bitline.devices import Device
from bitline.readout import CircuitAdc, ideal_edges

class BrokenAdc(CircuitAdc):
    @property
    def is_ideal(self):
        return False

    def tables(self, arrays, converters, draws):
        return ideal_edges(self.bits) + ideal_edges(self.bits + 1)

class BrokenCell(Device):
    def program(self, target, draws):
        return target.x
"""


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("adc broken:BrokenAdc", 11),
        ("run --images 10 --chips 1 --set adc.kind=broken:BrokenAdc", 11),
        ("ranges --loss 1 --images 20 --set adc.kind=broken:BrokenAdc", 11),
        ("compare ideal differential --images 10 --set cell.device=broken:BrokenCell", 15),
        ("cost --set cell.device=broken:BrokenCell", 15),
        ("tune --set cell.device=broken:BrokenCell", 15),
    ],
)
def test_a_fault_of_a_users_class_names_its_line(bitline, tmp_path, monkeypatch, line, place):
    """Not bitline is to blame, and whoever wrote the class finds the place."""
    (tmp_path / "broken.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("bitline.cli.app.TRACEBACK", "BITLINE_NOT_SET")
    status, _, errors = bitline(*line.split())
    assert (status, "a fault of bitline" in errors) == (2, False), errors
    assert "code that bitline ran for you failed" in errors and f"(broken.py:{place})" in errors


def shell_asks(line):
    """The environment in which a shell starts the command to learn how a line could go on."""
    return {"_BITLINE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("bitline ra", "ranges"),
        ("bitline run --de", "--design"),
        ("bitline run --design sonos", "sonos-a"),
        ("bitline libraries show is", "isaac-32nm"),
        ("bitline run --model cifar", "cifar-resnet20"),
        ("bitline devices show pcm", "pcm-joshi-2020"),
        ("bitline run --set adc.bi", "adc.bits="),
    ],
)
def test_shells_complete(bitline, monkeypatch, line, word):
    for name, value in shell_asks(line).items():
        monkeypatch.setenv(name, value)
    assert word in bitline()[1].split()


def test_a_shell_completes_in_a_process_of_its_own():
    code = "import sys; sys.argv = ['bitline']; from bitline.cli.app import main; main()"
    environment = {**os.environ, **shell_asks("bitline devices show pcm")}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "pcm-joshi-2020" in result.stdout.split()


def test_completion_is_shown_and_installed_without_an_error(bitline, tmp_path, monkeypatch):
    """Both did their work, and ended as code of a user's that ends the program."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))  # and not the shell of the tests
    status, text, errors = bitline("--show-completion", "bash")
    assert (status, errors) == (0, "") and "_BITLINE_COMPLETE" in text
    status, text, errors = bitline("--install-completion", "bash")
    assert (status, errors) == (0, "") and "_BITLINE_COMPLETE" in next(tmp_path.rglob("bitline.sh")).read_text()


def test_shared_options_are_used():
    """Those that are written once and used nowhere would only be in the way."""
    sources = "".join(file.read_text(encoding="utf-8") for file in Path(inspect.getfile(options)).parent.glob("*.py"))
    for name in vars(options):
        if name[0].isupper() and name not in ("Annotated", "Any", "Path"):
            assert re.search(rf"\boptions\.{name}\b", sources), name
