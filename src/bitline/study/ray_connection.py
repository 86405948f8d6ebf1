"""The way to a Ray cluster: one that runs, whether or not it wants a token, or a new one on this machine."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from bitline.errors import StudyError, Terminated

PATIENCE_S = 5.0
"""Seconds that a machine may take to accept a connection."""

PROBE_S = 30.0
"""Seconds that a cluster may take to answer, with the start of the process that asks it."""

MODE = "RAY_AUTH_MODE"
"""Environment variable by which Ray's tools send the token that they find, or do not."""

REFUSED = ("AuthenticationError", "authentication_token")
"""What Ray says where a cluster does not know the token, and where there is none to send."""

SIGNALLED = 128
"""What shells add to the number of the signal that ended a process, for its status."""

QUIET = {"RAY_DEDUP_LOGS_SKIP_REGEX": ".*"}
"""Setting with which Ray, imported under it, prints no messages of the cluster among the results of a command."""


def connect(address: str | None) -> None:
    """Connect this process to a Ray cluster, unless it is connected already.

    Args:
        address: 'auto' for the cluster of this machine, or host:port; None starts one here.

    Raises:
        StudyError: Ray is not installed, there is no cluster at the address, or it wants a token that is not there.

    Examples:
        >>> connect("127.0.0.1:1")  # nobody listens there
        Traceback (most recent call last):
        bitline.errors.StudyError: ...
    """
    if importlib.util.find_spec("ray") is None:
        raise StudyError("--executor ray needs Ray: pip install 'bitline[ray]'")
    if "ray" in sys.modules and sys.modules["ray"].is_initialized():
        return
    where: dict[str, Any] = {"address": "local", "include_dashboard": False}
    if address is not None:
        _check_address(address)
        choose_mode(address)
        where = {"address": address}
    with _environment(QUIET):
        import ray
    unhandled = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    try:
        ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _unreachable(address, str(error).splitlines()[0]) from None
    if unhandled and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: object) -> NoReturn:
    """End this process at a signal in the ordinary way, which also ends a cluster that was started here.

    Ray's own way is to abort with a dump of the stack.
    """
    raise Terminated(SIGNALLED + number)


def _check_address(address: str) -> None:
    """Refuse an address where nobody listens; Ray itself would wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE_S).close()
    except OSError as error:
        raise _unreachable(address, str(error)) from None


def choose_mode(address: str) -> None:
    """Send the token of this machine if the cluster wants one.

    Ray reads the mode where it is imported. It also writes a message each second, and waits for minutes, where the mode
    is wrong or something else listens; so another process tries first, and its messages are not shown.

    Args:
        address: host:port, or 'auto'.

    Raises:
        StudyError: there is no cluster, or it wants another token.

    Examples:
        >>> choose_mode("ray://127.0.0.1:10001")  # a proxy, which is not asked
    """
    if "://" in address:  # a proxy for Ray's clients, which is not asked in this way
        return
    said = ask(address, {})
    is_refused = any(sign in said for sign in REFUSED)
    if is_refused and MODE not in os.environ and not ask(address, {MODE: "token"}):
        _send_token()
        return
    if is_refused:
        raise StudyError(
            f"the Ray cluster at {address} wants a token, and this machine has none or another one: copy "
            f"~/.ray/auth_token from the machine where 'ray start --head' ran, or set RAY_AUTH_TOKEN; {MODE}, if set, "
            "must be 'token'"
        )
    if said:
        raise _unreachable(address, said.splitlines()[-1].strip())


def _send_token() -> None:
    if "ray" in sys.modules:
        raise StudyError(f"the Ray cluster wants a token: set {MODE}=token in the environment before ray is imported")
    os.environ[MODE] = "token"


def ask(address: str, settings: dict[str, str]) -> str:
    """Ask a cluster whether it is there, as Ray's own tools do.

    Args:
        address: host:port, or 'auto'.
        settings: environment variables to set.

    Returns:
        What Ray says against it; empty if the cluster answers.

    Examples:
        >>> ask("10.0.0.1:6379", {})  # doctest: +SKIP
        ''
    """
    chosen = [] if address == "auto" else ["--address", address]
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", *chosen]
    try:
        probe = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PROBE_S,
            env={**os.environ, **settings},
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PROBE_S:.0f} seconds"
    return "" if probe.returncode == 0 else probe.stdout.strip() or f"it ended with status {probe.returncode}"


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while, those that are not set."""
    added = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _unreachable(address: str | None, reason: str) -> StudyError:
    if address is None:
        return StudyError(f"cannot start a Ray cluster on this machine: {reason}")
    return StudyError(
        f"cannot reach a Ray cluster at {address}: {reason}; start one with 'ray start --head', or leave --address out"
    )
