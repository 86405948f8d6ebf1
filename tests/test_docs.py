"""The documentation is true: its examples run, its commands, settings and files exist, and it builds without warnings.

In README.md and docs/**/*.md

- ```python blocks are run, those of one page in their order and in one namespace;
- a block below `<!-- not run: why -->` is not;
- a ```text block right below one is what it prints, with all its images and its numbers within 2 %;
- a block whose first line is `# name.py` or `# name.toml` is also a file of that name for the page's other blocks;
- ```toml blocks are designs or studies;
- every `bitline ...` and `make ...`, in a block or between backticks, is a command with options that exist, and what it
  names (presets, settings, devices, networks, studies) exists too.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import pytest
import torch
import typer
from drawn_page import inaccessible
from optional import REQUIREMENTS

import bitline
from bitline.cli.app import COMMANDS, app
from bitline.cli.devices import find_device
from bitline.config.described import described
from bitline.data import Dataset
from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.evaluation.benchmarks import CASES
from bitline.networks import find_network
from bitline.paper import find
from bitline.study import Study

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.?\d*")
NOT_RUN = re.compile(r"<!-- not run: \S.*?-->\s*\Z")
FILE_NAME = re.compile(r"# ([\w/-]+\.(?:py|toml))\n")
FEW = 20
"""Images of an example without output: it is run for its code, not for its numbers."""
SPLIT = Dataset.split


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: after the backticks, or empty.
        code: between them.
        line: of the page on which the code begins.
        skipped: whether it is marked as not run.
        output: what it prints, or empty where the page does not say.
    """

    language: str
    code: str
    line: int
    skipped: bool
    output: str = ""

    @property
    def file(self) -> str | None:
        """Name of the file that it stands for."""
        named = FILE_NAME.match(self.code)
        return named[1] if named else None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            fence[1],
            fence[2],
            text.count("\n", 0, fence.start(2)) + 1,
            bool(NOT_RUN.search(text[: fence.start()])),
            found[2] if (found := FENCE.match(text[fence.end() :].lstrip())) and found[1] == "text" else "",
        )
        for fence in FENCE.finditer(text)
    ]


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Command lines of a page without comments, and whether they may be incomplete: those between backticks."""
    text = page.read_text(encoding="utf-8")
    prose = FENCE.sub("", text)
    fenced = [block.code for block in blocks(page) if block.language in ("", "bash", "console", "sh")]
    indented = "\n".join(line[4:] for line in prose.splitlines() if line.startswith("    "))
    for code in (*fenced, indented):
        for line in code.replace("\\\n", " ").splitlines():
            if re.match(r"(\$ )?(bitline|make) ", line.strip()):
                yield line.strip().removeprefix("$ "), False
    paragraphs = "\n".join(line for line in prose.splitlines() if not line.startswith("    "))
    for found in re.finditer(r"`((?:bitline|make) [^`]+)`", paragraphs):
        yield " ".join(found[1].split()), True


def pages(select: Callable[[Path], Iterable[object]]) -> list[object]:
    """The pages for which `select` finds something, with readable names."""
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if any(select(page))]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A page's working directory: the repository's docs, its own named files, and few images."""
    split = Dataset.split

    def few(self: Dataset, images: int | None, calibration: int) -> Dataset:
        return split(self, min(images or FEW, FEW), min(calibration, FEW // 2))

    monkeypatch.setattr(Dataset, "split", few)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)


def write_files(page: Path, folder: Path) -> None:
    for block in blocks(page):
        if block.file is not None:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, encoding="utf-8")


def python_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python" and not block.skipped]


def toml_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "toml"]


@pytest.mark.apart
@pytest.mark.parametrize("page", pages(python_blocks))
def test_the_examples_run(page, folder, monkeypatch, capsys):
    write_files(page, folder)
    if any(block.output for block in python_blocks(page)):
        monkeypatch.setattr(Dataset, "split", SPLIT)
    namespace = {"__name__": "__main__"}
    for block in python_blocks(page):
        code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")  # errors then name the page's line
        capsys.readouterr()
        exec(code, namespace)
        if block.output:
            printed = capsys.readouterr().out
            assert NUMBER.sub("", printed) == NUMBER.sub("", block.output)
            numbers = [[float(number) for number in NUMBER.findall(text)] for text in (printed, block.output)]
            assert numbers[0] == pytest.approx(numbers[1], rel=0.02, abs=0.3)  # processors round differently


LOOSE = ("no-untyped-def", "no-untyped-call", "no-any-return", "no-redef", "import-not-found", "union-attr")
"""What type checkers say of classes without types, of blocks that are files of their own, and of what may be None."""


@pytest.mark.apart
@pytest.mark.needs("mypy")
def test_type_checkers_accept_the_examples(tmp_path):
    """The first programs of README and guides failed: images of networks that take none."""
    files = []
    for parameter in pages(python_blocks):
        (page,) = parameter.values
        files.append(tmp_path / f"page_{page.stem}.py")
        lines: list[str] = []
        for block in python_blocks(page):
            lines += [""] * (block.line - 1 - len(lines)) + block.code.splitlines()  # errors name the page's lines
        files[-1].write_text("\n".join(lines), encoding="utf-8")
    options = ["--config-file", str(ROOT / "pyproject.toml"), *(f"--disable-error-code={code}" for code in LOOSE)]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "mypy", *options, *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["getting_started.md", "api/cli.md"])
def test_tables_of_commands_have_all_of_them(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    listed = {word for row in re.findall(r"^\| (`bitline .*?) \|", text, re.MULTILINE) for word in row.split("`")}
    assert {words.split()[1] for words in listed if words.startswith("bitline ")} == set(COMMANDS)


def test_the_source_distribution_has_what_the_tests_read():
    """CONTRIBUTING.md was missing, and with it no test was collected."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    always = {"pyproject.toml", "README.md", "LICENSE", "NOTICE"}  # which hatchling takes by itself
    packed = always | {name.removeprefix("/") for name in built["sdist"]["include"]}
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    read = set(re.findall(r'(?:ROOT|parents\[\d\]\)?) / "([\w.-]+)"', sources))
    linked = set(re.findall(r"\]\(([\w.-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {name for name in read | linked if (ROOT / name).exists()} <= packed


@pytest.mark.parametrize("page", pages(toml_blocks))
def test_the_toml_blocks_are_designs_or_studies(page, folder):
    write_files(page, folder)
    for block in toml_blocks(page):
        path = folder / "block.toml"
        path.write_text(block.code, encoding="utf-8")
        content = tomllib.loads(block.code)
        if {"axes", "data", "model", "run", "search"} & set(content):
            study = Study.load(path)
            assert study.points() or not study.axes
        else:
            Design.load(path)


@pytest.mark.parametrize("page", pages(commands))
def test_the_commands_exist(page, folder):
    write_files(page, folder)
    for line, incomplete in commands(page):
        words = shlex.split(line, comments=True)
        end = next((place for place, word in enumerate(words) if word in (">", "|", "&", "&&")), len(words))
        check = check_make if words[0] == "make" else check_bitline
        try:
            check(words[1:end], incomplete)
        except Exception as error:
            pytest.fail(f"{page.relative_to(ROOT)}: {line}: {error}")


def check_make(words: list[str], incomplete: bool) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for word in words:
        assert "=" in word or word in targets, f"there is no target {word}"


def check_bitline(words: list[str], incomplete: bool) -> None:
    """Parse a command as the command line does, without running it, and look up what it names."""
    if words[:1] in (["--version"], ["--help"]):
        return
    command, path = typer.main.get_command(app), []
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"there is no command {' '.join([*path, words[0]])!r}"
        command = command.commands[words[0]]
        path.append(words[0])
        words = words[1:]
    if hasattr(command, "commands"):
        assert not words or words == ["--help"], f"{path} has no option {words}"
        return
    try:
        given = command.make_context(" ".join(path), list(words)).params
    except Exception as error:
        if incomplete and type(error).__name__ == "MissingParameter":
            return
        raise AssertionError(getattr(error, "message", error)) from None
    check_names(path, given)


def check_names(path: list[str], given: dict[str, object]) -> None:
    """What the parameters of a command name exists; files that the commands before it write need not."""
    if path[0] == "devices":
        if "name" in given and not str(given["name"]).endswith(".csv"):
            find_device(given["name"], {})
        return
    if path[0] in ("sweep", "explore"):
        if Path(given["study"]).exists():
            Study.load(given["study"]).points()
        return
    if path[0] == "paper":
        for name in given.get("names", ()):
            assert name == "all" or find(name)
    if path[0] == "bench":
        assert set(given["cases"] or ()) <= set(CASES), "there is no such benchmark"
    model = str(given.get("model", "./"))
    is_elsewhere = ":" in model and not Path(model.partition(":")[0] + ".py").exists()
    if not (is_elsewhere or model.startswith("./")):  # a folder that nobody has here
        find_network(given["model"])
    designs = given.get("design") or ["differential"]
    for name in [designs] if isinstance(designs, str) else designs:
        if name.endswith(".toml") and not Path(name).exists():
            continue
        kind = {"adc.kind": given["kind"]} if given.get("kind") else {}
        own = [setting for setting in given.get("set_") or () if not setting.startswith("library.")]
        Design.load(name).with_settings({**kind, **parse_settings(own)})


def public_names() -> Iterator[tuple[str, str]]:
    """Classes and functions in the `__all__` of packages: the name there, and that in the module that defines it."""
    for found in pkgutil.walk_packages(bitline.__path__, "bitline."):
        package = importlib.import_module(found.name) if found.ispkg else None
        for name in getattr(package, "__all__", ()):
            public = getattr(package, name)
            if isinstance(public, type | FunctionType):
                yield f"{found.name}.{name}", f"{public.__module__}.{name}"


def test_the_links_of_the_readme_lead_somewhere():
    """Links between pages of docs/ are checked by the build."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target


def contents(page: Path) -> list[str]:
    """What the `{toctree}` blocks of a page list, in order: a page's name, or `title <name>`."""
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]


def test_the_reference_has_a_page_for_every_package():
    """In the order of dependencies, which is that of the contract in pyproject.toml."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    packages = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    listed = contents(ROOT / "docs" / "api" / "index.md")
    assert listed == [f"{package} <{package.removeprefix('bitline.')}>" for package in packages]
    names = {package.removeprefix("bitline.") for package in packages}
    assert names | {"index"} == {page.stem for page in (ROOT / "docs" / "api").glob("*.md")}


def test_the_gallery_shows_what_is_made_by_something_named_there():
    """Every picture is followed, before the next question, by a script or a command."""
    questions = (ROOT / "docs" / "gallery" / "index.md").read_text(encoding="utf-8").split("\n## ")[1:]
    assert [int(question.partition(".")[0]) for question in questions] == [*range(1, len(questions) + 1)]
    for question in questions:
        assert question.splitlines()[0].endswith("?")
        assert re.search(r"^!\[|^<!-- figure: ", question, re.MULTILINE)
        assert re.search(r"^```bash\nbitline |\b[\w/]+\.py`", question, re.MULTILINE)


DOCSTRING = """Codes |w| of `Design`, (batch, *space), with `a + b`.

    s = |x| / `2`

Args:
    codes: of *all* weights, as in

Examples:
    >>> print(f"`{1 | 2}`")
    `3`
"""
RESTRUCTURED = r"""Codes \|w\| of :py:obj:`Design`, (batch, \*space), with ``a + b``.

::

    s = |x| / `2`

Args:
    codes: of *all* weights, as in

Examples:
    >>> print(f"`{1 | 2}`")
    `3`
"""


@pytest.mark.needs("Sphinx")
def test_docstrings_keep_their_words_and_their_examples():
    extension = runpy.run_path(str(ROOT / "docs" / "extensions" / "docstrings.py"))
    assert extension["as_restructured_text"](DOCSTRING.splitlines()) == [*RESTRUCTURED.splitlines(), ""]
    table = extension["as_restructured_text"](["| axis | letter |", "| --- | --- |", "| batch | |"])
    assert table[3:] == ["   * - axis", "     - letter", "   * - batch", "     -", ""]


@pytest.mark.apart
@pytest.mark.needs("Sphinx")
def test_the_site_builds_without_warnings(tmp_path, request):
    """Which say also that a link or an anchor leads nowhere, and that something public is documented twice."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(tmp_path / "caches"), "docs", site]
    without_outputs = {**os.environ, "BITLINE_NOTEBOOKS": "off"}  # tests/test_notebooks.py runs one, make docs all
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=without_outputs)
    assert built.returncode == 0, built.stderr
    check_the_reference(site)
    check_the_settings(site)
    check_that_types_are_in_words(site)
    check_that_it_opens_without_a_network(site)
    if all(REQUIREMENTS[name].found() for name in ("Chromium", "Playwright", "axe")):
        check_in_a_browser(site, request.getfixturevalue("browser"))


def check_the_reference(site: Path) -> None:
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as stream:
        inventory = InventoryFile.load(stream, "", os.path.join)
    names = {name for kind in inventory if kind.startswith("py:") for name in inventory[kind]}
    first = {f"{getattr(bitline, name).__module__}.{name}" for name in bitline.__all__ if f"bitline.{name}" in names}
    missing = {public for public, defined in public_names() if not {public, defined} & names and defined not in first}
    assert missing == set(), "the reference lacks them: a page needs a line `.. automodule::`"


def check_the_settings(site: Path) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (site / "settings").glob("*.html"))
    anchors = re.findall(r'<dt [^>]*id="([\w.]+)"', pages)
    assert sorted(anchors) == sorted(
        {row.name.replace("[]", "") for row in described(Design)} - {"name", "description"}
    )


def check_that_types_are_in_words(site: Path) -> None:
    """The types of settings in the reference are what a reader would say, not what Pydantic takes."""
    entries = {
        page.stem: [
            re.sub("<[^>]+>", "", entry)
            for entry in re.findall(r'<dt class="sig.*?</dt>', page.read_text("utf-8"), re.S)
        ]
        for page in (site / "api").glob("*.html")
    }
    assert any("bits: whole number from 1 to 32" in entry for entry in entries["readout"])
    assert [name for name, found in entries.items() if any("Field(" in entry for entry in found)] == []


def check_that_it_opens_without_a_network(site: Path) -> None:
    html = "".join(page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
    styles = "".join(style.read_text(encoding="utf-8") for style in site.rglob("*.css"))
    loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"?(https?:[^\s\">]+)", html)
    loaded += re.findall(r"(?:@import|url\()\s*[\"']?((?:https?:)?//[^)\"']+)", styles)
    assert loaded == [], "pages must open without a network"


def check_in_a_browser(site: Path, browser) -> None:
    """Opened as files: the search finds settings, and everyone can use the pages, on a phone, too."""
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        for name in ("index", "settings/adc", "paper/index", "api/arrays"):
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") == 390, f"{name} is wider than a phone"
            assert inaccessible(page) == [], name
        page.goto(f"{(site / 'search.html').as_uri()}?q=adc.bits")
        first = page.locator("#search-results li a").first
        assert first.text_content() == "adc.bits" and first.get_attribute("href") == "settings/adc.html#adc.bits"
        page.close()
