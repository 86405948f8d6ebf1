"""Kinds of faults of command lines that were met elsewhere, or in this project before."""

from __future__ import annotations

import errno
import importlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from typer.main import get_command

from bitline.cli import app as cli
from bitline.cli.commands import Command
from bitline.config import files
from bitline.design.settings import parse_settings
from bitline.errors import BitlineError, DesignError, StudyError
from bitline.study import Study, sweep
from bitline.study.lock import locked

FEW = ["--images", "8", "--calibration-images", "8", "--chips", "1"]


@cache
def commands():
    """All commands by the words that call them."""

    def walk(command, words):
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*words, name))
        if not getattr(command, "commands", {}):
            yield words, command

    return dict(walk(get_command(cli.app), ()))


def single_options():
    for words, command in commands().items():
        for option in command.params:
            if option.param_type_name == "option" and not option.multiple and option.name != "help":
                yield words, option


def _name(part):
    return " ".join(part) if isinstance(part, tuple) else part.name


@pytest.mark.parametrize(("words", "option"), list(single_options()), ids=_name)
def test_no_option_is_ignored_because_it_is_given_twice(bitline, words, option):
    """rachis-org/rachis-cli #143, vllm-project/guidellm #1023: 'run --design A --design B' ran B without a word."""
    once = [option.opts[0]] if option.is_flag else [option.opts[0], "1"]
    status, _, errors = bitline(*words, *once, *once)
    assert (status, errors.count("\n")) == (2, 1)
    assert f"{option.opts[0]} is given 2 times" in errors
    assert option.is_flag or "(1, 1)" in errors


@pytest.mark.parametrize("words", [words for words, option in single_options() if option.name == "out"], ids=" ".join)
@pytest.mark.parametrize("typed", [["--out", ""], ["--out="]])
def test_an_empty_out_is_not_the_current_folder(bitline, tmp_path, monkeypatch, words, typed):
    """A script's unset variable, as in --out "$OUT": the path made of "" is that of "."."""
    monkeypatch.chdir(tmp_path)
    status, _, errors = bitline(*words, *typed)
    assert (status, errors) == (2, "bitline: --out is empty: write a value after it, or leave it out\n")
    assert not list(tmp_path.iterdir())


def test_every_command_checks_its_options():
    """A command that is added to another kind of group would not."""
    assert len(commands()) > 12
    assert all(isinstance(command, Command) for command in commands().values())


@pytest.mark.parametrize(
    "settings",
    [
        ["adc.bits=6", "adc.bits=7"],
        ["adc.bits=6", "adc={bits=7}"],
        ["adc.bits=6", "adc=7"],
        ["adc=ramp", "adc.bits=6", "adc.kind=sar"],
        ["cell.device=a.csv", "cell.device.kind=measurements-fit", "cell.device.file=b.csv"],
        ["adc.kind=ramp", "adc={kind='sar', bits=6}"],
        ["x=true", "x=1"],
    ],
)
def test_settings_that_set_the_same_thing_are_refused(settings):
    """Of the kind of options given twice: of '--set adc.bits=6 --set adc=ramp' the first was ignored."""
    with pytest.raises(DesignError, match="set the same thing") as error:
        parse_settings(settings)
    assert "--set" in str(error.value)


def test_settings_that_agree_are_taken():
    """What is said twice in the same words, or about neighbours, leaves no doubt."""
    twice = ["adc.bits=6", "adc.bits=6", "adc.kind=ramp", "adc.bits_saved=[1]"]
    assert parse_settings(twice) == {"adc.bits": 6, "adc.kind": "ramp", "adc.bits_saved": [1]}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("settings", "meant"),
    [
        (["adc=ramp", "adc.bits=6"], {"adc.kind": "ramp", "adc.bits": 6}),
        (["cell.device=a.csv", "cell.device.extrapolate=true"],
         {"cell.device.kind": "a.csv", "cell.device.extrapolate": True}),
        (["cell.device=a.csv", "cell.device.kind=measurements-resampled"],
         {"cell.device.file": "a.csv", "cell.device.kind": "measurements-resampled"}),
    ],
)  # fmt: skip
def test_a_word_beside_settings_of_its_own_is_their_kind(settings, meant, order):
    """The remedy 'cell.device.extrapolate = true' was refused beside '--set cell.device=reram-wan-2022'."""
    assert parse_settings(settings[::order]) == meant


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["results", "s.sqlite", "--out", "x.csv"], "--out does nothing without --to"),
        (["adc", "sar", "--set", "adc.kind=ramp"], "the kind of ADC is 'sar' and --set says 'ramp'"),
        (["array", "--cells", "G.npy", "--layer", "fc"], "--layer does nothing with --cells"),
        (["array", "--inputs", "x.npy", "--rows-on", "10"], "--rows-on does nothing with --inputs"),
        (["ranges", "--images", "10"], "--images does nothing without --loss"),
        (["ranges", "--metric", "mae"], "--metric does nothing without --loss"),
        (["sweep", "s.toml", "--address", "auto"], "--address does nothing with --executor local"),
        (["explore", "s.toml", "--gpus", "0.5"], "--gpus does nothing with --executor local"),
        (["paper", "run", "energy", "--address", "auto"], "--address does nothing with --executor local"),
        (["run", "--time", "1 day", "--set", "cell.time=1 s"], "--time does nothing where --set cell.time"),
        (["run", "--compared-images", "0", "--compared-chips", "2"], "--compared-chips does nothing with --compared"),
        (["run", "--compared-chips", "9", "--chips", "1"], "--compared-chips is 9, and there is 1 chip: use 1 at most"),
        (["cost", "--tiles", "5"], "--tiles does nothing without --batch"),
        (["bench", "--explain", "--repeats", "3"], "--repeats does nothing with --explain"),
        (["bench", "--explain", "--batch", "3"], "--batch does nothing with --explain"),
        (["array", "--cells", "G.npy", "--inputs", "x.npy", "--seed", "1"], "--seed does nothing with --cells and"),
        (["adc", "sar", "--compare"], "KIND does nothing with --compare"),
    ],
)
def test_options_that_do_nothing_are_refused(bitline, arguments, words):
    """Of the kind of options given twice: 'results --out x.csv' printed the table and wrote no file."""
    status, _, errors = bitline(*arguments)
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["init", "design", "--out", "x.json"], "--out is 'x.json': use a .toml file"),
        (["tune", "--out", "x.json"], "--out is 'x.json': use a .toml file"),
        (["cost", "--out", "-"], "--out is '-': use a .json file"),
        (["cost", "--set", "adc.bits=06"], "adc.bits is '06': write 6"),
        (["cost", "--set", "adc.bits='6'"], "adc.bits is '6': write the number without quotes"),
        (["devices", "show", "c.xlsx"], "bitline: cell.device.file is 'c.xlsx', and there is no such file"),
    ],
)
def test_messages_say_what_was_typed_and_what_to_type(bitline, tmp_path, monkeypatch, arguments, words):
    """Of numbers like 06, devices without a design, and files that are named as what they are not."""
    monkeypatch.chdir(tmp_path)
    status, _, errors = bitline(*arguments)
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", [["--report", "x.html"], ["--retry-failed"]])
def test_options_of_work_do_nothing_where_none_is_done(bitline, tmp_path, option):
    (tmp_path / "study.toml").write_text("[data]\nimages = 4\n", encoding="utf-8")
    status, _, errors = bitline("sweep", tmp_path / "study.toml", "--dry-run", *option)
    assert (status, errors) == (2, f"bitline: {option[0]} does nothing with --dry-run: leave it out\n")


@pytest.mark.parametrize(
    ("option", "there"), [("--recalibrate", "2 calibration images"), ("--compared-images", "3 im")]
)
def test_counts_of_more_than_there_is_are_refused(bitline, tmp_path, option, there):
    """'--recalibrate 500 --calibration-images 10' corrected with 10, and results.json had 500."""
    given = ["--images", "3", "--calibration-images", "2", "--chips", "1", "--out", tmp_path / "out"]
    status, _, errors = bitline("run", *given, option, "500")
    assert (status, errors.count("\n")) == (2, 1)
    assert f"{option} is 500, and there are {there}" in errors
    assert not (tmp_path / "out").exists()


LAYER = "[/bold]x [red]y[/red] :warning:"
NETWORK = f"""
from torch import nn
def build():
    network = nn.Sequential(nn.Flatten())
    network.add_module({LAYER!r}, nn.Linear(784, 10))
    return network
"""
SMALL = {"data": {"source": "fashion-mnist", "images": 8, "calibration_images": 8}, "run": {"chips": 1}}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["results", "", "--to", "csv"], "STORE is empty"),
        (["report", ""], "STORE is empty"),
        (["designs", "show", ""], "NAME is empty"),
        (["results", "s.sqlite", "--to", ""], "--to is empty"),
        (["report", "s.sqlite", "--figures", ""], "--figures is empty"),
    ],
)
def test_empty_words_are_one_line(bitline, arguments, words):
    """'results --to ""' ended in the traceback of a path without a name."""
    status, _, errors = bitline(*arguments)
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A small network whose layer has a name with markup."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "bracketnet.py").write_text(NETWORK)
    sys.path.insert(0, str(folder))
    yield "bracketnet:build"
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def store(tmp_path_factory, network):
    path = tmp_path_factory.mktemp("store") / "small.sqlite"
    sweep(Study(model={"name": network}, **SMALL), path)
    return path


WRITING = {
    "run": (["run"], "--out", "{bad}"),
    "run --calibration": (["run"], "--calibration", "{bad}/x"),
    "adc": (["adc"], "--out", "{bad}/x.png"),
    "array": (["array"], "--out", "{bad}"),
    "array --spice": (["array"], "--spice", "{bad}/x.cir"),
    "ranges": (["ranges"], "--out", "{bad}"),
    "tune": (["tune", "--calibration-images", "4"], "--out", "{bad}/x.toml"),
    "init": (["init", "design"], "--out", "{bad}/x.toml"),
    "studio": (["studio", "--no-browser"], "--out", "{bad}/x.sqlite"),
    "cost": (["cost"], "--out", "{bad}/x.json"),
    "chips": (["chips"], "--out", "{bad}/x.png"),
    "devices plot": (["devices", "plot", "pcm-joshi-2020"], "--out", "{bad}/x.png"),
    "sweep": (["sweep", "{study}"], "--out", "{bad}/x.sqlite"),
    "sweep --report": (["sweep", "{study}"], "--report", "{bad}/x.html"),
    "explore": (["explore", "{study}"], "--out", "{bad}/x.sqlite"),
    "explore --report": (["explore", "{study}"], "--report", "{bad}/x.html"),
    "results": (["results", "{store}", "--to", "csv"], "--out", "{bad}/x.csv"),
    "results --designs": (["results", "{store}"], "--designs", "{bad}/x"),
    "report": (["report", "{store}"], "--out", "{bad}/x.html"),
    "paper run": (["paper", "run", "conversions"], "--out", "{bad}"),
}


def test_every_option_that_names_an_output_is_tried():
    """So that the list above is whole: of the commands, those options that name files to write."""
    reads = {"weights", "cells", "inputs", "networks"}
    paths = set()
    for words, option in single_options():
        kind = get_type_hints(commands()[words].callback.__wrapped__).get(option.name)
        if Path in (kind, *get_args(kind)) and option.name not in reads:
            paths.add((*words, option.opts[0]))
    assert paths == {(*_words(arguments), option) for arguments, option, _ in WRITING.values()}


def _words(arguments):
    return arguments[:2] if arguments[0] in ("devices", "paper") else arguments[:1]


@pytest.mark.parametrize("kind", ["below a file", "a name too long"])
@pytest.mark.parametrize("case", WRITING)
def test_paths_that_cannot_be_written_are_refused_before_the_work(bitline, tmp_path, monkeypatch, store, case, kind):
    """vdemichev/DiaNN #720, deeptools/deepTools #764: six days of work, and then the folder of the output was wrong."""
    importlib.import_module("bitline.paper")  # what is imported for the first time below would keep `work`
    from bitline import networks, study
    from bitline.evaluation import adc_ranges
    from bitline.report import study_page

    def work(*_, **__):
        raise AssertionError("the work began")

    for module, name in ((networks, "load_network"), (study, "sweep"), (study, "explore"), (study, "read_results"),
                         (study_page, "write_study"), (adc_ranges, "study_ranges")):  # fmt: skip
        monkeypatch.setattr(module, name, work)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "study.toml").write_text("")
    arguments, option, path = WRITING[case]
    bad = tmp_path / ("file" if kind == "below a file" else 300 * "x")
    names = {"study": tmp_path / "study.toml", "store": store, "bad": bad}
    status, _, errors = bitline(*(part.format(**names) for part in arguments), option, path.format(**names))
    assert (status, errors.count("\n")) == (2, 1)
    assert errors.startswith("bitline: cannot write ")
    assert f"give another {option}" in errors
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "study.toml"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_is_not_a_file_and_trying_leaves_nothing(tmp_path):
    """'results --to csv --out FOLDER' left FOLDER.part beside the folder."""
    with pytest.raises(BitlineError, match="it is a folder; give another --out"):
        files.check_writable("--out", tmp_path)
    file = tmp_path / "old"
    file.write_text("old")
    files.check_writable("--out", file, tmp_path / "a" / "b" / "new")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "old"


def test_what_is_written_is_whole_or_not_there(bitline, tmp_path, monkeypatch, store):
    """A full disk ended in a traceback and left results.json.part."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    table = tmp_path / "table.csv"
    table.write_text("old")
    monkeypatch.setattr(files.os, "replace", full)
    status, _, errors = bitline("results", store, "--to", "csv", "--out", table)
    assert (status, errors) == (2, "bitline: cannot use somewhere: No space left on device\n")
    assert list(tmp_path.iterdir()) == [table]
    assert table.read_text() == "old"


def test_links_stay_links_and_pipes_are_written_to(tmp_path):
    """Writing in one step put a file in the place of a link, and of /dev/stdout."""
    (tmp_path / "link").symlink_to(tmp_path / "file")
    files.write_text(tmp_path / "link", "text")
    assert (tmp_path / "file").read_text() == "text"
    assert (tmp_path / "link").is_symlink()
    files.check_writable("--out", Path("/dev/null"))
    files.write_text(Path("/dev/null"), "text")
    assert not Path("/dev/null").is_file()


def test_names_with_brackets_are_printed_as_they_are(bitline, tmp_path, monkeypatch, network):
    """bytedance/trae-agent #341: a layer, design or study of such a name ended the command after all its work."""
    monkeypatch.chdir(tmp_path)
    Path("chip.toml").write_text(f"name = '{LAYER}'\n")
    options = ["--model", network, "--data", "fashion-mnist", "--design", "chip.toml", "--out", "[/bold]"]
    status, output, errors = bitline("run", *FEW, *options)
    assert status == 0, errors
    assert json.loads(Path("[/bold]/results.json").read_text())["design"]["name"] == LAYER
    assert output.count(LAYER) >= 2
    Path("study.toml").write_text(Study(name=LAYER, model={"name": network}, **SMALL).to_toml())
    status, output, errors = bitline("sweep", "study.toml", "--workers", "1", "--out", "[/bold].sqlite")
    assert status == 0, errors
    assert "[/bold].sqlite" in output + errors
    status, _, errors = bitline("run", "--chips", "[/bold]")
    assert (status, "Traceback" in errors) == (2, False)


@pytest.mark.parametrize("arguments", [["designs"], ["designs", "settings"]])
def test_a_reader_that_has_enough_ends_a_command_without_a_word(arguments):
    """`bitline designs | head -1` said that code which bitline ran had ended it, and called it a usage error."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bitline", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 1)


def test_a_full_disk_is_named_with_the_file(tmp_path, monkeypatch):
    """The system names no file that it has opened: the message was '[Errno 28] No space left on device' alone."""
    file = tmp_path / "results.json"
    file.write_text("before")

    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="make room there, or write to another place") as told:
            files.write_text(file, "after")
    assert (told.value.errno, told.value.filename) == (errno.ENOSPC, str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"] and file.read_text() == "before"
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        words = r"cannot write .*a.sqlite.lock: .*; make room there, or give another"
        with pytest.raises(StudyError, match=words), locked(tmp_path / "a.sqlite"):
            pass


def test_what_cannot_be_replaced_is_named_as_it_was_given(tmp_path):
    with pytest.raises(OSError) as told, files.replacing(tmp_path / "results.json") as part:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(part))
    assert told.value.filename == str(tmp_path / "results.json") and "write to another place" in str(told.value)


def test_results_that_cannot_be_written_are_shown(bitline, tmp_path, monkeypatch):
    """They may have taken hours."""

    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "the disk is full", "results.json")

    monkeypatch.setattr("bitline.cli.run._write", full)
    status, output, errors = bitline("run", "--design", "ideal", *FEW, "--out", tmp_path)
    assert status == 2 and "results.json: the disk is full" in errors and "quantised reference" in output


def test_ranges_of_a_digital_layer_are_refused_before_the_work(bitline, monkeypatch, tmp_path):
    """They were after it, where no figure could be drawn."""
    from bitline.evaluation import adc_ranges

    monkeypatch.setattr(adc_ranges, "study_ranges", lambda *_: pytest.fail("the work was begun"))
    file = tmp_path / "digital.toml"
    file.write_text('name = "digital"\n[[layers]]\nmatch = "fc"\ndigital = true\n')
    status, _, errors = bitline("ranges", "--design", file, "--layer", "fc", "--out", tmp_path / "out")
    assert status == 2
    assert "a rule of design 'digital' keeps layer 'fc' digital, without an ADC: give another --layer" in errors
