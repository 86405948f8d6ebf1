"""What tests of the page have in common."""

from __future__ import annotations

import shutil
import threading

import pytest
from optional import BROWSERS

from bitline.studio import Session, StudioServer, serve
from bitline.study import Study, sweep

SMALL = {"data": {"images": 4, "calibration_images": 4}, "run": {"chips": 1}}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A page whose store has two designs."""
    store = tmp_path_factory.mktemp("studio") / "studio.sqlite"
    study = Study(name="studio", **SMALL)
    sweep(study, store, points=tuple(study.point({"adc.bits": bits}) for bits in (3, 8)))
    with_pages = StudioServer(Session(study, store))
    thread = threading.Thread(target=serve, args=(with_pages,))
    thread.start()
    yield with_pages
    with_pages.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as started:
        launched = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()
