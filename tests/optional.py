"""What some tests need beyond the package and its `test` extra: how to see whether it is there, and how to get it.

Tests say `@pytest.mark.needs("ngspice")`; without it they are skipped, and `make test` ends by saying how to get it.

    python tests/optional.py        # installs what is missing: apt-get as root, pip into this Python
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


SUDO = "" if os.geteuid() == 0 else "sudo "


@dataclass(frozen=True)
class Requirement:
    """Something that some tests need."""

    name: str
    """As `pytest.mark.needs` names it."""
    found: Callable[[], bool]
    """Whether it is there."""
    apt: str = ""
    """Debian packages that bring it."""
    pip: str = ""
    """Arguments of `pip install` that bring it."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What to run in the project's folder to get it; nothing where no command helps."""
        apt = f"{SUDO}apt-get install -y --no-install-recommends {self.apt}"
        pip = f"{shlex.quote(sys.executable)} -m pip install -c constraints.txt {self.pip}"
        return (apt,) * bool(self.apt) + (pip,) * bool(self.pip)


def program(*names: str) -> Callable[[], bool]:
    """Whether one of these programs is there."""
    return lambda: any(map(shutil.which, names))


def modules(*names: str) -> Callable[[], bool]:
    """Whether all these modules are there."""
    return lambda: all(map(importlib.util.find_spec, names))


def gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def products_of_bytes() -> bool:
    from bitline.arrays.integer.onednn import OnednnMultiply

    return not OnednnMultiply.why_not("cpu")


def mounts() -> bool:
    """Whether this process may mount a folder, read-only, for itself alone."""
    script = "mount --bind /var/tmp /var/tmp && mount -o remount,bind,ro /var/tmp /var/tmp"
    command = ["unshare", "-m", "sh", "-c", script]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


REQUIREMENTS = {
    requirement.name: requirement
    for requirement in (
        Requirement("ngspice", program("ngspice"), apt="ngspice"),
        Requirement("Chromium", program(*BROWSERS), apt="chromium"),
        Requirement("Playwright", modules("playwright"), pip="-e '.[browser]'"),
        Requirement("axe", modules("axe_playwright_python"), pip="--no-deps axe-playwright-python"),
        # Only its plots need the rest of what it depends on, of which pycairo must be compiled.
        Requirement("badcrossbar", modules("badcrossbar", "pathvalidate"), pip="--no-deps badcrossbar pathvalidate"),
        Requirement("Sphinx", modules("sphinx", "myst_parser", "furo", "sphinx_design"), pip="-e '.[docs]'"),
        Requirement("Triton", modules("triton"), pip="triton"),
        Requirement("Ray", modules("ray"), pip="-e '.[ray]'"),
        Requirement("Optuna", modules("optuna"), pip="-e '.[explore]'"),
        Requirement("pyarrow", modules("pyarrow"), pip="-e '.[parquet]'"),
        Requirement("xarray", modules("xarray"), pip="-e '.[xarray]'"),
        Requirement("openpyxl", modules("openpyxl"), pip="-e '.[excel]'"),
        Requirement("gguf", modules("gguf"), pip="-e '.[gguf]'"),
        Requirement("transformers", modules("transformers", "tokenizers"), pip="-e '.[transformers]'"),
        Requirement("soundfile", modules("soundfile"), pip="-e '.[audio]'"),
        Requirement("accelerate", modules("accelerate"), pip="accelerate"),
        Requirement("ONNX", modules("onnx", "onnxscript", "onnx2fx"), pip="-e '.[onnx]' onnxscript"),
        Requirement("mypy", modules("mypy"), pip="-e '.[lint]'"),
        Requirement("a GPU", gpu),
        Requirement("fast products of bytes", products_of_bytes),
        Requirement("the right to mount", mounts),
        Requirement("the shared data", SHARED.is_dir),
    )
}


def install() -> None:
    """Install what is missing and can be installed; say each command first."""
    commands = [command for entry in REQUIREMENTS.values() if not entry.found() for command in entry.commands]
    if any("apt-get" in command for command in commands):
        commands.insert(0, f"{SUDO}apt-get update -qq")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        print(f"+ {command}", flush=True)
        subprocess.run(shlex.split(command), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    install()
