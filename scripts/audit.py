"""Look for known vulnerabilities in the versions that constraints.txt names: `make audit`.

pip-audit asks PyPI about each version. Where PyPI cannot be asked, this says so, and does not fail.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
SERVICE = "https://pypi.org/pypi/pip/21.0/json"
"""What pip-audit would ask about a version whose vulnerabilities have been known for years."""


def why_not() -> str:
    """Why nothing can be asked; empty if it can. A mirror of the packages may not have what is known of them."""
    try:
        with urllib.request.urlopen(SERVICE, timeout=10) as answer:
            return "" if json.load(answer).get("vulnerabilities") else "it names no vulnerability"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def main() -> None:
    reason = why_not()
    if reason:
        print(f"not audited: {SERVICE} is of no use here ({reason})")
        return
    with TemporaryDirectory() as folder:  # an environment of its own: what pip-audit needs is not what bitline needs
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-c", "constraints.txt"]
        subprocess.run([*pip, "pip-audit"], cwd=ROOT, check=True)
        audit = [python, "-m", "pip_audit", "--progress-spinner=off", "--disable-pip", "--no-deps"]
        sys.exit(subprocess.run([*audit, "-r", "constraints.txt"], cwd=ROOT).returncode)



if __name__ == "__main__":
    main()
