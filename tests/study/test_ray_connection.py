"""The way to a Ray cluster: the token is sent where the cluster wants one, and what is missing is said in one line."""

from __future__ import annotations

import os
import sys

import pytest

from bitline.errors import StudyError
from bitline.study import ray_connection
from bitline.study.ray_connection import MODE, choose_mode, connect

pytestmark = pytest.mark.apart

REFUSED = "Traceback\n  ...\nray.exceptions.AuthenticationError: RPC error: InvalidAuthToken: missing or incorrect"

NO_TOKEN = "[C 1 1] authentication_token_loader.cc:115: Check failed: has_token\n  stack\n  _start"


@pytest.fixture
def probe(monkeypatch):
    """Says what Ray's own tool answers, by the mode that it is given."""
    monkeypatch.setenv(MODE, "")  # so that it is put back as it was, whatever is set meanwhile
    monkeypatch.delenv(MODE)
    monkeypatch.delitem(sys.modules, "ray", raising=False)

    def answers(**by_mode: str) -> None:
        def answer(address: str, settings: dict[str, str]) -> str:
            return by_mode[settings.get(MODE) or os.environ.get(MODE) or "unset"]

        monkeypatch.setattr(ray_connection, "ask", answer)

    return answers


def test_a_cluster_without_a_token_is_sent_none(probe):
    probe(unset="", token="")
    choose_mode("10.0.0.1:6379")
    assert MODE not in os.environ


def test_a_cluster_that_wants_a_token_gets_that_of_this_machine(probe):
    probe(unset=REFUSED, token="")
    choose_mode("10.0.0.1:6379")
    assert os.environ[MODE] == "token"


@pytest.mark.parametrize("mode", [None, "token", "disabled"])
@pytest.mark.parametrize("with_token", [REFUSED, NO_TOKEN])
def test_a_token_that_is_missing_is_said(probe, monkeypatch, mode, with_token):
    probe(unset=REFUSED, token=with_token, disabled=REFUSED)
    if mode:
        monkeypatch.setenv(MODE, mode)
    with pytest.raises(StudyError, match=r"10\.0\.0\.1:6379 wants a token.*copy ~/\.ray/auth_token.*RAY_AUTH_TOKEN"):
        choose_mode("10.0.0.1:6379")


def test_a_token_that_comes_too_late_is_said(probe, monkeypatch):
    probe(unset=REFUSED, token="")
    monkeypatch.setitem(sys.modules, "ray", object())
    with pytest.raises(StudyError, match="set RAY_AUTH_MODE=token in the environment before ray is imported"):
        choose_mode("10.0.0.1:6379")


def test_what_listens_and_is_no_cluster_is_said(probe):
    probe(unset="Traceback\nray.exceptions.RpcError: Timed out while waiting for GCS to become available.")
    with pytest.raises(StudyError, match=r"cannot reach a Ray cluster at auto: .*: Timed out"):
        choose_mode("auto")


@pytest.mark.needs("Ray")
def test_an_address_where_nobody_listens_is_said():
    with pytest.raises(StudyError, match=r"cannot reach a Ray cluster at 127\.0\.0\.1:1: .*refused"):
        connect("127.0.0.1:1")
