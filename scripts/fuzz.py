"""Run the property tests on new random examples: `make fuzz MINUTES=10`, or `python scripts/fuzz.py 10 [TESTS ...]`.

Rounds with other seeds and ever more examples follow each other. When the time is up, tests that have begun come to
their end; Ctrl-C stops at once. What failed is shown with the command that repeats it, and the exit status is then 1.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPRODUCE = "to reproduce: "
"""How tests/conftest.py starts the line with the command that repeats a failure."""
MOST_TIMES = 16
"""Most examples of a round, as a multiple of those of `make test`."""


class Fuzzing:
    """Rounds of pytest until the time is up or somebody stops them."""

    def __init__(self, minutes: float, tests: list[str]) -> None:
        self.end = time.time() + 60 * minutes
        self.tests = tests
        self.found: list[str] = []
        self.rounds = 0
        self.failed = False
        self.stopped = False
        self.process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        while not self.stopped and time.time() < self.end:
            self._round(random.SystemRandom().randrange(2**32), min(2**self.rounds, MOST_TIMES))

    def stop(self, *_: object) -> None:
        """Stop as pytest stops on Ctrl-C: it shows what failed so far."""
        self.stopped = True
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)

    def _round(self, seed: int, times: int) -> None:
        self.rounds += 1
        print(f"\nround {self.rounds}: seed {seed}, {times} times the examples of `make test`", flush=True)
        command = [sys.executable, "-m", "pytest", "-n", "2", "-m", "hypothesis", "--hypothesis-profile=fuzz"]
        command += [f"--hypothesis-seed={seed}", f"--examples-times={times}", f"--begin-until={self.end}", *self.tests]
        # In a session of its own, so that Ctrl-C reaches it once, from here.
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        for line in self.process.stdout or ():
            print(line, end="", flush=True)
            if line.startswith(REPRODUCE):
                self.found.append(line.removeprefix(REPRODUCE).strip())
        status = self.process.wait()
        self.failed |= status == 1
        if status > 2:
            sys.exit("the property tests could not run")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float)
    parser.add_argument("tests", nargs="*", default=["tests"], help="files or folders, all if none is given")
    given = parser.parse_args()
    fuzzing = Fuzzing(given.minutes, given.tests)
    signal.signal(signal.SIGINT, fuzzing.stop)
    fuzzing.run()
    print(f"\n{fuzzing.rounds} rounds, {len(fuzzing.found)} failures", *fuzzing.found, sep="\n")
    return int(fuzzing.failed or bool(fuzzing.found))


if __name__ == "__main__":
    sys.exit(main())
