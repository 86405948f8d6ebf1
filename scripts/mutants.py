"""Change the code in small ways and see whether the tests notice: `make mutants`, or this script with names of groups.

`[tool.mutants]` in pyproject.toml names groups of files, each with the tests that should notice, fastest first, and
how many mutants of each group are drawn with which seed. Cosmic Ray makes the mutants. They are tried one after the
other in a copy of the project, in forked processes: a change inside a function is put into a process that has imported
everything; for other changes, and for compiled kernels, the file is imported anew. Property tests take a fifth of their
examples.

A mutant is *killed* if a test fails or takes too long, and *survives* if all pass. One that cannot be imported is left
out. Outcomes are kept in mutants/, a line of JSON each; what is there for the same code and tests is not tried again.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import ctypes
import difflib
import gc
import hashlib
import importlib
import inspect
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import tomllib
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "mutants"
LARGE = (
    "torch",
    "numpy",
    "scipy.stats",
    "scipy.optimize",
    "scipy.sparse.linalg",
    "numba",
    "pandas",
    "pydantic",
    "PIL.Image",
    "plotly.graph_objects",
    "jaxtyping",
    "hypothesis",
    "pytest",
    "typer",
    "rich.table",
    "tomlkit",
    "safetensors.torch",
)
"""Modules that take long to import and that no mutant changes."""
OPERATORS = (
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in (
            "Add_Sub",
            "Sub_Add",
            "Mul_Div",
            "Div_Mul",
            "FloorDiv_Div",
            "Mod_FloorDiv",
            "Pow_Mul",
            "LShift_RShift",
            "RShift_LShift",
            "BitOr_BitAnd",
            "BitAnd_BitOr",
            "BitXor_BitOr",
        )
    ),
    *(
        f"ReplaceComparisonOperator_{pair}"
        for pair in (
            "Eq_NotEq",
            "NotEq_Eq",
            "Lt_LtE",
            "LtE_Lt",
            "Gt_GtE",
            "GtE_Gt",
            "Lt_Gt",
            "Gt_Lt",
            "Is_IsNot",
            "IsNot_Is",
        )
    ),
    *(f"ReplaceUnaryOperator_Delete_{name}" for name in ("USub", "Not", "Invert")),
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "ZeroIterationForLoop",
)
"""Of Cosmic Ray's: one or two changes at each place, without those that no module survives."""
IDLE = 30
"""So many times its processor time may pass before a task that only waits is given up, however busy the machine."""
PR_SET_PDEATHSIG, NOT_IMPORTED, NOT_REPLACED = 1, 77, 78


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
    of: str = ""
    """A digest of the code and the tests."""


def drawn(group: str, files: list[str], count: int, seed: int) -> Iterator[tuple[Mutant, str]]:
    """Mutants of a group with their code, in an order of the seed's, each place with the same chance."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    operators = {name: get_operator(f"core/{name}")() for name in OPERATORS}
    places = []
    for file in files:
        nodes = list(ast_nodes(get_ast((ROOT / file).read_text("utf-8"))))
        for name, operator in operators.items():
            number = sum(len(list(operator.mutation_positions(node))) for node in nodes)
            places += [Mutant(group, file, name, occurrence) for occurrence in range(number)]
    random.Random(f"{seed} {group}").shuffle(places)
    print(f"{group}: {len(places)} mutants in {len(files)} files", flush=True)
    for mutant in places:
        source = (ROOT / mutant.file).read_text("utf-8")
        code = mutate_code(source, operators[mutant.operator], mutant.occurrence)
        if count and code is not None and meaning(code) != meaning(source):
            count -= 1
            lines = difflib.unified_diff(source.splitlines(), code.splitlines(), n=0, lineterm="")
            yield replace(mutant, change="\n".join(line for line in lines if not line.startswith(("---", "+++")))), code


def meaning(code: str) -> str:
    """What a module does: without the annotations of functions, which nobody evaluates."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                argument.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


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


def functions(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of functions in a module's or class's code, not of those inside functions."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            is_function = constant.co_flags & inspect.CO_OPTIMIZED
            yield from [constant] if is_function else functions(constant)


def replaced(path: Path, code: str) -> bool:
    """Give the functions of a file that is imported other code; whether there was exactly one for all that differ."""
    old, new = ({f.co_qualname: f for f in functions(compile(text, path, "exec"))} for text in (path.read_text(), code))
    changed = [name for name in new if name not in old or new[name] != old[name]]
    living = [found for found in gc.get_objects() if isinstance(found, types.FunctionType)]
    living = [found for found in living if found.__code__.co_filename == str(path)]
    done = 0
    for function in living:
        if function.__code__.co_qualname in changed:
            function.__code__ = new[function.__code__.co_qualname]
            done += 1
    return bool(changed) and done >= len(changed)


class Copy:
    """A copy of the project in which one file at a time is changed; it stays, with what was compiled in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stamp = int(time.time())
        for name in ("src", "tests"):
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

    def run(self, task: Callable[[], int], limit: int) -> tuple[str, str]:
        """The outcome of a task in a process of its own, and the first test that failed."""
        log = self.folder / f"log-{os.getpid()}"
        process = os.fork()
        if not process:
            os.setsid()
            die_with_parent()
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            signal.alarm(IDLE * limit)
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os._exit(task())
        _, status = os.waitpid(process, 0)
        failed = [
            line for line in log.read_text("utf-8", "replace").splitlines() if line.startswith(("FAILED", "ERROR"))
        ]
        code = os.waitstatus_to_exitcode(status)
        outcome = {
            0: "survived",
            -signal.SIGXCPU: "timeout",
            -signal.SIGALRM: "timeout",
            NOT_IMPORTED: "unusable",
            NOT_REPLACED: "not replaced",
        }.get(code, "killed")
        return outcome, failed[0].split(" - ")[0] if failed else f"status {code}" * (outcome == "killed")

    def imported(self, file: str) -> int:
        """Import a file of the copy, and the package; 0 if that works."""
        os.chdir(self.folder)
        sys.path[:0] = [str(self.folder / "src"), str(self.folder / "tests")]
        os.environ["PYTHONPATH"] = str(self.folder / "src")
        if file.endswith("_numba.py"):  # other kernels may have this one inside
            import numba

            numba.config.CACHE_DIR = str(self.folder / "numba" / str(self.stamp))
        try:
            import shape_checks  # before anything of the package, as in tests/conftest.py

            shape_checks.install()
            import bitline

            assert Path(bitline.__file__).is_relative_to(self.folder)
            importlib.import_module(
                file.removeprefix("src/").removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            )
        except BaseException:
            return NOT_IMPORTED
        return 0

    def anew(self, mutant: Mutant, code: str, tests: list[str], limit: int) -> tuple[str, str]:
        """The outcome for a file that is imported with its change."""
        with self.changed(mutant.file, code):
            return self.run(lambda: self.imported(mutant.file) or tested(tests), limit)

    def inside(self, mutant: Mutant, code: str, tests: list[str], limit: int) -> tuple[str, str]:
        """The outcome for a change of a function of what this process has imported."""
        path = self.folder / mutant.file
        return self.run(lambda: tested(tests) if replaced(path, code) else NOT_REPLACED, limit)


def tested(tests: list[str]) -> int:
    """Run tests until one fails."""
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:benchmark",
        "-rfE",
        "--hypothesis-profile=mutants",
        "--tb=line",
    ]
    return int(pytest.main([*options, *tests]))


def known_outcomes(path: Path) -> dict[tuple[str, ...], Mutant]:
    """What earlier runs found, by code, tests and change."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {key_of(mutant): mutant for mutant in (Mutant(**json.loads(line)) for line in lines)}


def key_of(mutant: Mutant) -> tuple[str, ...]:
    return mutant.of, mutant.file, mutant.operator, str(mutant.occurrence)


def try_group(copy: Copy, name: str, group: dict[str, list[str]], settings: argparse.Namespace) -> Counter[str]:
    """Try the mutants of a group and tell about those that survive."""
    sources = sorted({str(path.relative_to(ROOT)) for pattern in group["files"] for path in ROOT.glob(pattern)})
    sources = [source for source in sources if not source.endswith("_triton.py")]  # no graphics processor, no tests
    paths = [*sources, *(test.split("::")[0] for test in group["tests"])]
    files = [
        file for path in paths for file in ((ROOT / path).rglob("*.py") if (ROOT / path).is_dir() else [ROOT / path])
    ]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files)))
    path, of = RESULTS / f"{name}.jsonl", digest.hexdigest()[:12]
    known = known_outcomes(path)
    mutants = [
        (mutant, code)
        for mutant, code in drawn(name, sources, settings.sample, settings.seed)
        if key_of(replace(mutant, of=of)) not in known
    ]

    def keep(mutant: Mutant, outcome: str, said: str) -> None:
        with path.open("a", encoding="utf-8") as results:
            results.write(json.dumps(asdict(replace(mutant, outcome=outcome, said=said, of=of))) + "\n")

    def try_inside() -> int:
        for source in sources:
            if copy.imported(source):
                return NOT_IMPORTED
        tested(["tests/quantize", "--collect-only"])  # imports what tests need
        passed = copy.folder / f"passed-{name}-{of}"
        if not passed.exists() and copy.run(lambda: tested(group["tests"]), 3600)[0] != "survived":
            return 1
        passed.touch()
        for mutant, code in mutants:
            if not mutant.file.endswith("_numba.py") and without_bodies(code) == without_bodies(
                (ROOT / mutant.file).read_text()
            ):
                outcome, said = copy.inside(mutant, code, group["tests"], settings.seconds)
                if outcome != "not replaced":
                    keep(mutant, outcome, said)
        return 0

    if mutants and copy.run(try_inside, 10**6)[0] != "survived":
        sys.exit(f"{name}: the tests fail without a mutant, see {copy.folder}")
    done = known_outcomes(path)
    for mutant, code in mutants:
        if key_of(replace(mutant, of=of)) not in done:
            keep(mutant, *copy.anew(mutant, code, group["tests"], settings.seconds))
    done = known_outcomes(path)
    drawn_now = [
        done[key_of(replace(mutant, of=of))] for mutant, _ in drawn(name, sources, settings.sample, settings.seed)
    ]
    for mutant in drawn_now:
        if mutant.outcome == "survived":
            print(f"survived: {mutant.file} {mutant.operator} {mutant.occurrence}\n{mutant.change}", flush=True)
    return Counter(mutant.outcome for mutant in drawn_now)


def main() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutants"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"of {', '.join(content['groups'])}; all if none is named"
    )
    parser.add_argument(
        "--sample", type=int, default=content["sample"], help="mutants of each group (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=int, default=content["seconds"], help="that tests may take for each (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=content["seed"], help="chooses them (default: %(default)s)")
    settings = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_THREADING_LAYER": "workqueue"}  # which a forked process may use
    sys.dont_write_bytecode = False
    for module in LARGE:
        importlib.import_module(module)
    (RESULTS / "copy").mkdir(parents=True, exist_ok=True)
    total: Counter[str] = Counter()
    copy = Copy(RESULTS / "copy")
    for name in settings.groups or content["groups"]:
        counts = try_group(copy, name, content["groups"][name], settings)
        print(f"{name}: {dict(counts)}", flush=True)
        total += counts
    killed, tried = total["killed"] + total["timeout"], sum(total.values()) - total["unusable"]
    print(f"{killed} of {tried} mutants killed ({killed / max(tried, 1):.1%}), {total['unusable']} left out")


if __name__ == "__main__":
    main()
