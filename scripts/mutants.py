"""Change the code in small ways and see whether the tests notice: `make mutants`, or this script with names of groups.

`[tool.mutants]` in pyproject.toml names groups of files, each with the tests that should notice, and how many mutants
of each group are drawn with which seed. Cosmic Ray makes the mutants. They are tried one after the other in a copy of
the project, in forked processes that have imported everything (`mutant_trials.py`). Which functions each test calls,
and how long it takes, is measured first: a mutant of a function meets the tests that call it, fastest first, as many
as take a given time together. Property tests take a fifth of their examples.

A mutant is *killed* if a test fails or takes too long, and *survives* if all pass. One that cannot be imported is left
out. Outcomes are kept in mutants/, a line of JSON each; what is there for the same code and tests is not tried again.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import importlib
import os
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from mutant_trials import ROOT, Copy, Mutant, Outcomes, Trials

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


def drawn(group: str, files: list[str], count: int, seed: int) -> Iterator[Mutant]:
    """Mutants of a group, in an order of the seed's, each place with the same chance."""
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
        if not count:
            return
        source = (ROOT / mutant.file).read_text("utf-8")
        code = mutate_code(source, operators[mutant.operator], mutant.occurrence)
        if code is not None and is_python(code) and meaning(code) != meaning(source):
            count -= 1
            lines = difflib.unified_diff(source.splitlines(), code.splitlines(), n=0, lineterm="")
            change = "\n".join(line for line in lines if not line.startswith(("---", "+++")))
            yield replace(mutant, change=change, code=code)


def is_python(code: str) -> bool:
    """Whether a module can be read: the star of an unpacked set is no product, and becomes no power."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


SWITCHES = {"frozen", "parallel", "cache", "slots"}
"""Arguments of decorators that change how a value may be used or a kernel is compiled, and no number."""


def meaning(code: str) -> str:
    """What a module computes: without the annotations of functions, which nobody evaluates, and without switches."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                argument.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.Call):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in SWITCHES]
    return ast.dump(tree)


def try_group(copy: Copy, name: str, group: dict[str, list[str]], settings: argparse.Namespace) -> Counter[str]:
    """Try the mutants of a group and tell about those that survive."""
    sources = sorted({str(path.relative_to(ROOT)) for pattern in group["files"] for path in ROOT.glob(pattern)})
    sources = [source for source in sources if not source.endswith("_triton.py")]  # no graphics processor, no tests
    of = digest([*sources, *group["tests"]])
    outcomes = Outcomes(RESULTS / f"{name}.jsonl")
    mutants = [replace(mutant, of=of) for mutant in drawn(name, sources, settings.sample, settings.seed)]
    known = outcomes.of(mutants)
    pending = [mutant for mutant in mutants if mutant not in known]
    trials = Trials(
        copy, group["tests"], RESULTS / f"tests-{digest(['src', 'tests'])}.json", settings.seconds, outcomes
    )
    if pending and not trials.run(pending):
        print(f"{name}: the tests fail without a mutant, see {copy.log}", flush=True)
        return Counter(failed=1)
    known = outcomes.of(mutants)
    found = [known[mutant] for mutant in mutants]
    for mutant in found:
        if mutant.outcome == "survived":
            print(f"survived: {mutant.file} {mutant.operator} {mutant.occurrence}\n{mutant.change}", flush=True)
    return Counter(mutant.outcome for mutant in found)


def digest(paths: list[str]) -> str:
    """Short, of the files and of those in the folders."""
    roots = [ROOT / path.split("::")[0] for path in paths]
    files = [file for path in roots for file in (path.rglob("*.py") if path.is_dir() else [path])]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:12]


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
        "--seconds", type=int, default=content["seconds"], help="that tests should take for each (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=content["seed"], help="chooses them (default: %(default)s)")
    settings = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_THREADING_LAYER": "workqueue"}  # which a forked process may use
    sys.dont_write_bytecode = False
    for module in LARGE:
        importlib.import_module(module)
    total: Counter[str] = Counter()
    copy = Copy(RESULTS / "copy")
    for name in settings.groups or content["groups"]:
        counts = try_group(copy, name, content["groups"][name], settings)
        print(f"{name}: {dict(counts)}", flush=True)
        total += counts
    failed = total.pop("failed", 0)
    killed, tried = total["killed"] + total["timeout"], sum(total.values()) - total["unusable"]
    print(f"{killed} of {tried} mutants killed ({killed / max(tried, 1):.1%}), {total['unusable']} left out")
    if failed:
        sys.exit(f"groups whose tests fail without a mutant: {failed}")


if __name__ == "__main__":
    main()
