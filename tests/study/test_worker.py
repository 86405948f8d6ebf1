"""A worker that runs out of memory goes on."""

from __future__ import annotations

import pytest
from small_study import comparable, study

from bitline.evaluation import together
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Prepared
from bitline.study import forget_failures, read_results, sweep

pytestmark = pytest.mark.apart


def test_a_design_that_runs_out_of_memory_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    original = Prepared.of.__func__

    def hungry(cls, model, design, *rest):
        if design.adc.bits == 5:
            raise MemoryError
        return original(cls, model, design, *rest)

    monkeypatch.setattr(Prepared, "of", classmethod(hungry))
    path = tmp_path / "memory.sqlite"
    summary = sweep(study(), path)
    assert len(summary.failures) == 1
    assert "adc.bits = 5, hardware.library = sonos-40nm: out of memory" in summary.failures[0]
    results = read_results(path)
    assert [design.finished for design in results.designs] == [False, False, True, True]
    assert "out of memory" in results.designs[0].error
    monkeypatch.undo()
    again = sweep(study(), path)
    assert (again.done, again.failures) == (0, summary.failures)
    forget_failures(path)
    assert sweep(study(), path).failures == ()
    assert all(design.finished and not design.error for design in read_results(path).designs)


def test_a_task_that_runs_out_of_memory_is_done_with_fewer_images_at_once(finished, tmp_path, monkeypatch):
    """Results do not depend on the batch, and the report says what was done."""
    original = MeasuredSamples.batches

    def hungry(self):
        if self.batch > 4:
            raise MemoryError
        return original(self)

    monkeypatch.setattr(MeasuredSamples, "batches", hungry)
    path = tmp_path / "memory.sqlite"
    assert sweep(study(), path).failures == ()
    assert comparable(path).equals(comparable(finished))
    (note,) = [note for note in read_results(path).notes if "memory" in note]
    assert "adc.bits = 5, hardware.library = sonos-40nm: 4 images at once, as memory was too short for 16" in note


def test_results_do_not_depend_on_how_many_images_suit_the_network(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(together, "TOGETHER", 3 * 16 * 28 * 28 * 4)  # three images of the first layer of fashion-resnet
    sizes = []
    original = MeasuredSamples.batches

    def watched(self):
        sizes.append(self.batch)
        return original(self)

    monkeypatch.setattr(MeasuredSamples, "batches", watched)
    path = tmp_path / "together.sqlite"
    assert sweep(study(), path).failures == ()
    assert comparable(path).equals(comparable(finished))
    assert set(sizes) == {3}
    assert not any("memory" in note for note in read_results(path).notes)
