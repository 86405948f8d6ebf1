"""What tests of the page have in common."""

from __future__ import annotations

import threading

import pytest

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
