"""Tries mutants in forked processes of one that has imported the project: the working part of `mutants.py`.

A change inside a function is put into the process that has imported everything and collected the tests; it meets the
tests that call this function. A changed kernel is compiled in the process that tries it, and meets the tests that call
a function which uses kernels of its file. For any other change the package is imported anew, and every test runs,
those that call functions of the file first.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import os
import resource
import shutil
import signal
import sys
import time
import types
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IDLE = 30
"""So many times its processor time may pass before a process that only waits is given up, however busy the machine."""
PR_SET_PDEATHSIG, NOT_IMPORTED, NOT_REPLACED = 1, 77, 78
OPTIONS = ("-x", "-q", "-s", "-p", "no:cacheprovider", "-p", "no:benchmark", "--hypothesis-profile=mutants")


@dataclass(frozen=True)
class Mutant:
    """A file with one change."""

    group: str
    file: str
    operator: str
    occurrence: int
    outcome: str = ""
    """killed, timeout, survived, or unusable: it cannot be imported."""
    change: str = ""
    """Lines that differ."""
    said: str = ""
    """The test that failed."""
    seconds: float = 0
    """Of the processor's time that it took."""
    of: str = ""
    """A digest of the code and the tests."""
    code: str = ""
    """Of the whole file; not kept."""


def die_with_parent() -> None:
    """Let Linux kill this process where the one that forked it is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def without_bodies(code: str) -> str:
    """What a module does when it is imported."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = []
    return ast.dump(tree)


def module_of(file: str) -> str:
    """The name by which a file of the package is imported."""
    return file.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def functions(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of functions in a module's or class's code, not of those inside functions."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            is_function = constant.co_flags & inspect.CO_OPTIMIZED
            yield from [constant] if is_function else functions(constant)


def by_name(path: Path, code: str) -> dict[str, list[types.CodeType]]:
    """The code of each function of a module; several of one name where, for example, a property can be set."""
    found: dict[str, list[types.CodeType]] = {}
    for function in functions(compile(code, path, "exec")):
        found.setdefault(function.co_qualname, []).append(function)
    return found


def changed_functions(path: Path, code: str) -> list[str]:
    """Names of functions that differ in other code for a file."""
    old, new = by_name(path, path.read_text("utf-8")), by_name(path, code)
    return [name for name in new if new[name] != old.get(name)]


def replaced(path: Path, code: str) -> bool:
    """Give the functions of a file that is imported other code; whether that is possible for all that differ."""
    names, new = changed_functions(path, code), by_name(path, code)
    if not names or any(len(new[name]) > 1 for name in names):
        return False
    done = set()
    for found in gc.get_objects():
        if isinstance(found, types.FunctionType) and found.__code__.co_filename == str(path):
            name = found.__code__.co_qualname
            if name in names:
                found.__code__ = new[name][0]
                done.add(name)
    return done == set(names)


class Copy:
    """A copy of the project in which one file at a time is changed; it stays, with what was compiled in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stamp = int(time.time())
        self.log = folder / "log"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("src", "tests", "docs"):  # tests read files of the documentation
            self._follow(Path(name))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy2(ROOT / name, folder)

    def _follow(self, name: Path) -> None:
        """Make the files of a folder those of the project, and leave what is equal, with its time, for caches."""
        sources = {source.relative_to(ROOT) for source in (ROOT / name).rglob("*") if source.is_file()}
        sources = {source for source in sources if "__pycache__" not in source.parts}
        for source in sources:
            source_path, path = ROOT / source, self.folder / source
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != source_path.read_bytes():
                shutil.copy2(source_path, path)
        for path in (self.folder / name).rglob("*.py"):
            if path.relative_to(self.folder) not in sources:
                path.unlink()

    @contextlib.contextmanager
    def changed(self, file: str, code: str) -> Iterator[None]:
        """While this runs, a file has other code, and a time that tells caches so."""
        path = self.folder / file
        before, stat = path.read_text("utf-8"), path.stat()
        self.stamp += 1
        try:
            path.write_text(code, "utf-8")
            os.utime(path, (self.stamp, self.stamp))
            yield
        finally:
            path.write_text(before, "utf-8")
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def import_package(self) -> None:
        """Import bitline from here, whose tests check shapes."""
        os.chdir(self.folder)
        sys.path[:0] = [str(self.folder / "src"), str(self.folder / "tests")]
        os.environ["PYTHONPATH"] = str(self.folder / "src")
        import shape_checks  # before anything of the package, as in tests/conftest.py

        shape_checks.install()
        import bitline

        assert Path(bitline.__file__).is_relative_to(self.folder)


def in_a_process(task: Callable[[], int], seconds: int, log: Path) -> int:
    """The exit code of a task in a process of its own, which may take so much of the processor's time."""
    process = os.fork()
    if not process:
        os.setpgrp()  # a new session would leave the priority that this run has on a busy machine
        die_with_parent()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        signal.alarm(IDLE * seconds)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = 1
        try:
            code = task()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def judged(mutant: Mutant, task: Callable[[], int], limit: float, log: Path) -> Mutant:
    """A mutant with its outcome, from the exit code of the process that tries it and what that writes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = in_a_process(task, int(limit), log)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)
    lines = log.read_text("utf-8", "replace").splitlines()
    failed = [line.split(" - ")[0] for line in lines if line.startswith(("FAILED", "ERROR"))]
    outcomes = {0: "survived", -signal.SIGXCPU: "timeout", -signal.SIGALRM: "timeout", NOT_IMPORTED: "unusable"}
    outcome = "not replaced" if code == NOT_REPLACED else outcomes.get(code, "killed")
    said = failed[0].removeprefix("FAILED ") if failed else f"status {code}" * (outcome == "killed")
    return replace(mutant, outcome=outcome, said=said, seconds=seconds)


@dataclass
class Test:
    """What a test does without a mutant."""

    name: str
    seconds: float
    """Of the processor's time."""
    calls: list[str]
    """Functions of the package, as FILE::NAME."""


class Loop:
    """A pytest plugin that runs another loop in place of the tests that it has collected."""

    def __init__(self, loop: Callable[[pytest.Session], None]) -> None:
        self.loop = loop

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.loop(session)
        return True


def run_items(session: pytest.Session, items: list[pytest.Item]) -> int:
    """Run tests until one fails; 1 if one did."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if has_failed(session):
            return 1
    return 0


def has_failed(session: pytest.Session) -> bool:
    """Whether a test has failed; which and how goes into the log."""
    reports = session.config.pluginmanager.get_plugin("terminalreporter").stats
    for report in [*reports.get("failed", []), *reports.get("error", [])]:
        print(f"\nFAILED {report.nodeid}\n{report.longreprtext}", flush=True)
    return bool(session.testsfailed)


class Outcomes:
    """What is known of a group's mutants: a line of JSON each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, mutant: Mutant) -> None:
        with self.path.open("a", encoding="utf-8") as results:
            results.write(json.dumps(asdict(replace(mutant, code=""))) + "\n")

    def of(self, mutants: list[Mutant]) -> dict[Mutant, Mutant]:
        """Those of these mutants whose outcome is known for this code and these tests."""
        lines = self.path.read_text("utf-8").splitlines() if self.path.exists() else []
        known = {_key(mutant): mutant for mutant in (Mutant(**json.loads(line)) for line in lines)}
        return {mutant: known[_key(mutant)] for mutant in mutants if _key(mutant) in known}


def _key(mutant: Mutant) -> tuple[str, str, str, int]:
    return mutant.of, mutant.file, mutant.operator, mutant.occurrence


class Trials:
    """Tries the mutants of a group with its tests."""

    def __init__(self, copy: Copy, tests: list[str], measured: Path, seconds: int, outcomes: Outcomes) -> None:
        self.copy = copy
        self.tests = tests
        self.measured = measured
        self.seconds = seconds
        self.outcomes = outcomes

    def run(self, mutants: list[Mutant]) -> bool:
        """Try them; whether the tests pass without a mutant."""

        def in_functions(session: pytest.Session) -> None:
            new = [item for item in session.items if item.nodeid not in self._measured()]
            if new and in_a_process(lambda: self._measure(session, new), 10**6, self.copy.log):
                os._exit(1)
            for mutant in mutants:
                if not self._changes_imports(mutant):
                    self._try_inside(session, mutant)
            os._exit(0)

        files = {mutant.file for mutant in mutants if not mutant.file.endswith("_numba.py")}
        if in_a_process(lambda: self._with_tests(files, in_functions), 10**6, self.copy.folder / "log-of-tests"):
            return False
        known = self.outcomes.of(mutants)
        for mutant in mutants:
            if mutant not in known:
                self._try_anew(mutant)
        return True

    def _with_tests(self, files: Collection[str], loop: Callable[[pytest.Session], None]) -> int:
        """Import the package and these files of it, collect the tests, and do something with them."""
        try:
            self.copy.import_package()
            for file in files:
                importlib.import_module(module_of(file))
        except BaseException:
            return NOT_IMPORTED
        return int(pytest.main([*OPTIONS, *self.tests], plugins=[Loop(loop)]))

    def _changes_imports(self, mutant: Mutant) -> bool:
        return without_bodies(mutant.code) != without_bodies((ROOT / mutant.file).read_text("utf-8"))

    def _measured(self) -> dict[str, Test]:
        """What each test does, by its name."""
        known = json.loads(self.measured.read_text("utf-8")) if self.measured.exists() else {}
        return {name: Test(name, **test) for name, test in known.items()}

    def _measure(self, session: pytest.Session, items: list[pytest.Item]) -> int:
        """Run tests and write what each does, if all pass."""
        found, inside = {}, str(self.copy.folder / "src")
        for item, following in zip(items, [*items[1:], None], strict=True):
            codes: set[types.CodeType] = set()

            def note(frame: types.FrameType, event: str, _: object, codes: set[types.CodeType] = codes) -> None:
                if event == "call":
                    codes.add(frame.f_code)

            begin = time.process_time()
            sys.setprofile(note)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                sys.setprofile(None)
            seconds = time.process_time() - begin
            if has_failed(session):
                return 1
            ours = [code for code in codes if code.co_filename.startswith(inside)]
            calls = {call for code in ours for call in self._calls(code)}
            found[item.nodeid] = {"seconds": seconds, "calls": sorted(calls)}
        known = json.loads(self.measured.read_text("utf-8")) if self.measured.exists() else {}
        self.measured.write_text(json.dumps(known | found), "utf-8")
        return 0

    def _calls(self, code: types.CodeType) -> Iterator[str]:
        """A function, and the files of the kernels that it uses."""
        yield f"{Path(code.co_filename).relative_to(self.copy.folder)}::{code.co_qualname}"
        for name in code.co_names:
            if name.endswith("_numba"):
                yield f"src/{name.replace('.', '/')}.py"

    def _tests_of(self, mutant: Mutant) -> list[Test]:
        """The tests that meet a mutant, as many as fit into the time.

        First those that call what it changes, then their neighbours, which may see what was kept from a call, and for
        changes of what is imported also all others; each fastest first.
        """
        paths = tuple(self.tests)
        tests = [test for name, test in self._measured().items() if name.startswith(paths)]
        path, whole = self.copy.folder / mutant.file, self._changes_imports(mutant)
        names = {f"{mutant.file}::{name}" for name in changed_functions(path, mutant.code)} | {mutant.file}
        calling = {test.name for test in tests if any(call in names for call in test.calls)}
        in_file = {test.name for test in tests if any(call.startswith(mutant.file) for call in test.calls)}
        files = {name.split("::")[0] for name in (in_file if whole else calling)}

        def rank(test: Test) -> tuple[int, float]:
            distances = (test.name in calling, test.name in in_file and whole, test.name.split("::")[0] in files, whole)
            return (distances.index(True) if True in distances else len(distances)), test.seconds

        chosen, left = [], float(self.seconds)
        for test in sorted(tests, key=rank):
            left -= test.seconds
            if rank(test)[0] < 4 and (left >= 0 or not chosen):
                chosen.append(test)
        return chosen

    def _try_inside(self, session: pytest.Session, mutant: Mutant) -> None:
        """Try a change of functions, unless they cannot be replaced."""
        path, tests = self.copy.folder / mutant.file, self._tests_of(mutant)
        items = {item.nodeid: item for item in session.items}
        chosen = [items[test.name] for test in tests]
        is_kernel = mutant.file.endswith("_numba.py")
        if is_kernel and module_of(mutant.file) in sys.modules:
            return

        def task() -> int:
            return run_items(session, chosen) if is_kernel or replaced(path, mutant.code) else NOT_REPLACED

        limit = 10 + 60 * is_kernel + 3 * sum(test.seconds for test in tests)
        with self.copy.changed(mutant.file, mutant.code) if is_kernel else contextlib.nullcontext():
            tried = judged(mutant, task, limit, self.copy.log)
        if tried.outcome != "not replaced":
            self.outcomes.add(tried)

    def _try_anew(self, mutant: Mutant) -> None:
        """Try any change in a process that imports the package with it."""
        tests = self._tests_of(mutant)
        order = {test.name: rank for rank, test in enumerate(tests)}

        def ordered(session: pytest.Session) -> None:
            chosen = [item for item in session.items if item.nodeid in order]
            os._exit(run_items(session, sorted(chosen, key=lambda item: order[item.nodeid])))

        limit = 120 + 3 * sum(test.seconds for test in tests)
        with self.copy.changed(mutant.file, mutant.code):
            self.outcomes.add(judged(mutant, lambda: self._with_tests([mutant.file], ordered), limit, self.copy.log))
