"""Try both ends of the versions that pyproject.toml allows: `make bounds`, or this script with `lowest` or `newest`.

Each end gets a new environment, with the lowest allowed versions of the required packages, or with the newest that the
package index has, and a quick part of the tests runs in it. Packages that these require are the newest that fit.
constraints.txt limits nothing here. Where the index has PyTorch for CUDA only, some gigabytes are downloaded, unless
`--keep torch==VERSION` names one for the processor alone.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
TESTS = (
    "tests/quantize",
    "tests/encode",
    "tests/devices/test_programming.py",
    "tests/arrays/test_ladder.py",
    "tests/readout/test_readout.py",
    "tests/layer/test_plans.py",
    "tests/nn/test_nn.py",
    "tests/data/test_data.py",
    "tests/design/test_design.py",
    "tests/study/test_store.py",
    "tests/report/test_run_page.py",
    "tests/cli/test_run.py",
    "tests/cli/test_lists.py",
    "tests/cli/test_adc.py",
    "tests/cli/test_table.py",
)
"""A quick part, in which every required package does some of its work."""


def lowest(requirement: str) -> str:
    """The lowest version that a requirement allows: torch==2.6 for torch>=2.6."""
    bound = re.fullmatch(r"([\w-]+)>=([\w.]+)(?:,.*)?", requirement)
    if bound is None:
        sys.exit(f"{requirement} in pyproject.toml has no lower bound: write NAME>=VERSION")
    return f"{bound[1]}=={bound[2]}"


def name_of(requirement: str) -> str:
    """The package that a requirement is about."""
    return re.split(r"[<>=]", requirement)[0]


def try_end(end: str, folder: Path, tests: list[str], kept: list[str]) -> bool:
    """Whether the tests pass with the versions of one end, but those that are kept."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required: list[str] = project["dependencies"]
    free = [requirement for requirement in required if name_of(requirement) not in map(name_of, kept)]
    chosen = [*kept, *(map(lowest, free) if end == "lowest" else [])]
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*install, *(["--upgrade"] if end == "newest" else []), "-e", f"{ROOT}[test]", *chosen], check=True)
    print(f"{end} versions, on Python {sys.version.split()[0]}:", flush=True)
    listing = "import importlib.metadata as m, sys; print(*(f'{n}=={m.version(n)}' for n in sys.argv[1:]))"
    subprocess.run([str(python), "-c", listing, *map(name_of, required)], check=True)
    command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "--hypothesis-profile=mutants", *tests]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ends", nargs="*", choices=["lowest", "newest", []], help="both if not given")
    parser.add_argument("--folder", type=Path, help="keep the environments here, and use those that are there")
    parser.add_argument("--tests", nargs="+", default=list(TESTS), help="run these in place of a quick part")
    parser.add_argument("--keep", nargs="+", default=[], metavar="NAME==VERSION", help="take these at both ends")
    settings = parser.parse_args()
    failed = []
    with TemporaryDirectory() as scratch:
        for end in settings.ends or ("lowest", "newest"):
            if not try_end(end, (settings.folder or Path(scratch)) / end, settings.tests, settings.keep):
                failed.append(end)
    if failed:
        sys.exit(f"the tests fail with the {' and the '.join(failed)} versions: correct the bounds in pyproject.toml")


if __name__ == "__main__":
    main()
