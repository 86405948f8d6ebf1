"""Fixtures, and what makes every run of the tests the same, wherever and in whatever order."""

from __future__ import annotations

import itertools
import math
import os
import random
import shlex
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # what `import bitline` does, if it comes before PyTorch

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, register_random, settings
from hypothesis.internal.conjecture import providers
from optional import BROWSERS, REQUIREMENTS, SHARED
from shape_checks import install

install()  # before anything of the package is imported

from bitline.config.trust import distrust, trusted_modules
from bitline.numerics.threads import limit_threads

# -- the same run every time

settings.register_profile(
    "bitline",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("fuzz", parent=settings.get_profile("bitline"), derandomize=False)
settings.register_profile(  # scripts/mutants.py: that a test fails is enough, the smallest example is not needed
    "mutants", parent=settings.get_profile("bitline"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("bitline")

# Hypothesis takes some numbers from the source of what was imported so far, and that depends on the tests before.
providers._get_local_constants = lambda: providers._local_constants

# What a person has set for terminals and figures.
os.environ |= {"COLUMNS": "80", "LINES": "25", "MATPLOTLIBRC": os.devnull, "BITLINE_CACHE": "off"}
for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(name, None)

# Shells let what they start in the background ignore Ctrl-C, and with it the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


class TorchRandom:
    """PyTorch's global generator, for Hypothesis to seed before each example."""

    def seed(self, value: int) -> None:
        torch.manual_seed(value)

    def getstate(self) -> torch.Tensor:
        return torch.get_rng_state()

    def setstate(self, state: torch.Tensor) -> None:
        torch.set_rng_state(state)


torch_random = TorchRandom()
register_random(torch_random)


def seed_all() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def pytest_collectstart() -> None:
    seed_all()  # test modules may draw when they are imported


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    seed_all()
    if time.time() > item.config.getoption("begin_until"):
        pytest.skip("the time is up")
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            if not REQUIREMENTS[name].found():
                pytest.skip(f"needs {name}")


# -- what was skipped

NO_SKIPS = "BITLINE_NO_SKIPS"
"""Environment variable: tests fail where one was skipped that could have run."""


def skips(config: pytest.Config) -> Counter[str]:
    """How many tests were skipped for each reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []  # test processes report to the one that has it
    return Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)


def remedies(reason: str) -> tuple[str, ...]:
    """Commands that let what was skipped run."""
    entry = REQUIREMENTS.get(reason.removeprefix("needs "))
    return entry.commands if entry else ("say in tests/optional.py what it needs",)


def could_have_run(config: pytest.Config) -> bool:
    """Whether no test may be skipped, and some were for which there is a remedy."""
    return bool(os.environ.get(NO_SKIPS)) and any(map(remedies, skips(config)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("hypothesis_profile") == "fuzz":
        for report in terminalreporter.stats.get("failed", []):
            terminalreporter.write_line(f"to reproduce: {reproduction(config, report.nodeid)}")
        return
    for reason, count in skips(config).items():
        terminalreporter.write_line(": ".join([f"{count} skipped, {reason}", *remedies(reason)]))
    if could_have_run(config):
        terminalreporter.write_line(f"failed: {NO_SKIPS} is set, and tests were skipped that could have run", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and could_have_run(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# -- make fuzz


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples-times", type=int, default=1, help="so many times the examples of each property test")
    parser.addoption(
        "--begin-until", type=float, default=math.inf, help="time (s since 1970) after which no test begins"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make fuzz`: property tests in an order of the seed's, with more examples; mutants: with fewer."""
    if config.getoption("hypothesis_profile") == "mutants":
        for function in {item.function for item in items if item.get_closest_marker("hypothesis")}:
            given = function._hypothesis_internal_use_settings
            fewer = settings(given, max_examples=max(5, given.max_examples // 5), phases=settings().phases)
            function._hypothesis_internal_use_settings = fewer
    if config.getoption("hypothesis_profile") != "fuzz":
        return
    random.Random(config.getoption("hypothesis_seed")).shuffle(items)
    for function in {item.function for item in items if item.get_closest_marker("hypothesis")}:
        given = function._hypothesis_internal_use_settings
        more = config.getoption("examples_times") * given.max_examples
        function._hypothesis_internal_use_settings = settings(given, max_examples=more)


def reproduction(config: pytest.Config, test: str) -> str:
    """The command that runs one test as a round of fuzzing ran it."""
    options = (
        f"--hypothesis-seed={config.getoption('hypothesis_seed')} --examples-times={config.getoption('examples_times')}"
    )
    return f"{sys.executable} -m pytest {shlex.quote(test)} --hypothesis-profile=fuzz {options}"


# -- fixtures

NUMBERS = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def threads():
    """One core for each of several test processes: more threads than cores wait for each other."""
    limit_threads(1 if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1 else 2)


@pytest.fixture(autouse=True)
def imports(tmp_path_factory, monkeypatch):
    """Forgets what a test imported from a folder of its own, or allowed: another's file may have the same name."""
    own = str(tmp_path_factory.getbasetemp())
    monkeypatch.setenv("XDG_STATE_HOME", f"{own}/state-{next(NUMBERS)}")
    known, trusted = set(sys.modules), set(trusted_modules())
    yield
    distrust(set(trusted_modules()) - trusted)
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(own):
            del sys.modules[name]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that does not come with the package."""
    if not SHARED.is_dir():
        pytest.skip("needs the shared data")
    return SHARED


@pytest.fixture(scope="session")
def fashion():
    """The embedded network and data."""
    from bitline.data import load_dataset
    from bitline.networks import find_network, load_network

    network = find_network("fashion-resnet")
    return load_network(network), load_dataset("fashion-mnist", network.preprocess)


@pytest.fixture
def command_line(bitline):
    """The fixture `bitline`, for modules in which this is the package."""
    return bitline


@pytest.fixture
def bitline(monkeypatch, capsys):
    """Runs a command; returns its exit status, output and errors."""
    from bitline.cli import app

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bitline", *map(str, arguments)])
        monkeypatch.setenv("BITLINE_TRACEBACK", "1")
        status = 0
        try:
            app.main()
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def browser():
    """Chromium, which can be started only once in a process."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as started:
        launched = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()
