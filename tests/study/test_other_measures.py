"""A study of another measure than accuracy: stored, read, compared and printed by its name, unit and direction."""

from __future__ import annotations

import json

import pytest
import torch
from small_study import study
from torch.nn.functional import cross_entropy

from bitline.errors import StudyError
from bitline.measures import measure_of
from bitline.networks import find_network, load_network
from bitline.report.study_page import write_study
from bitline.study import Study, read_results, sweep
from bitline.study.coverage import Coverage, enough
from bitline.study.export import to_dict
from bitline.study.objectives import Objectives
from bitline.study.sections import EarlyStop
from bitline.study.selection import Selection
from bitline.study.values import pack, unpack
from bitline.study.workload import load

PERPLEXITY = measure_of("perplexity")
SETTINGS = {
    "data": {"images": 16, "calibration_images": 8},
    "axes": [{"setting": "adc.bits", "values": [3, 8]}],
    "run": {"chips": 1, "shard": 10, "metric": "perplexity", "layer_errors": False},
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    path = tmp_path_factory.mktemp("measures") / "perplexity.sqlite"
    sweep(study(**SETTINGS), path)
    return path


def test_values_of_shards_make_the_measure_of_all(measured):
    workload = load(study(**SETTINGS))
    with torch.no_grad():
        network = load_network(find_network("fashion-resnet"))
        loss = cross_entropy(network(workload.context.images.tensor()), workload.context.labels)
    result = read_results(measured)
    assert result.float_value == pytest.approx(float(loss.exp()), rel=1e-5)
    assert set(result.to_frame()) >= {"perplexity", "reference_perplexity", "float_perplexity", "screened_perplexity"}
    assert json.dumps(to_dict(result))


def test_lower_is_better_everywhere(measured):
    result = read_results(measured)
    coarse, fine = result.designs
    assert coarse.mean > fine.mean  # 3 bits are worse, and perplexity is higher
    first = str(result).splitlines()
    assert (
        first[1].split()[:2] == ["design", "perplexity"] and first[2].startswith("bits = 8") and "%" not in str(result)
    )
    assert Selection(sort="perplexity").of(result) == (fine, coarse)
    assert fine in Selection(pareto=("perplexity", "energy_uJ")).of(result)
    objectives = Objectives(("perplexity", "energy_uJ", "TOPS_per_W"), PERPLEXITY)
    assert objectives.directions == ["minimize", "minimize", "maximize"]
    assert objectives.small([2.0, 3.0, 4.0]) == [2.0, 3.0, -4.0]
    with pytest.raises(StudyError, match="'accuracy', but the study measures 'perplexity'"):
        Objectives(("accuracy", "energy_uJ"), PERPLEXITY)


def test_tables_and_reports_speak_of_the_measure(measured, tmp_path, bitline):
    status, output, errors = bitline("results", measured, "--pareto", "perplexity,energy_uJ")
    assert status == 0, errors
    assert "perplexity" in output and "accuracy" not in output and "%" not in output
    write_study(tmp_path / "report.html", read_results(measured))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Perplexity against ADC resolution" in page and "best perplexity" in page and "accuracy (%)" not in page


def test_stores_of_another_measure_are_refused(measured, finished):
    for path, run, words in (
        (measured, {}, r"another measure \(perplexity, now accuracy\)"),
        (measured, {"metric": "top-2"}, r"another measure \(perplexity, now top-2 accuracy\)"),
        (finished, {"metric": "perplexity"}, r"another measure \(accuracy, now perplexity\)"),
    ):
        with pytest.raises(StudyError, match=words):
            sweep(study(**{**SETTINGS, "run": {**SETTINGS["run"], "metric": "accuracy", **run}}), path)


def test_what_a_study_cannot_measure_is_refused():
    for metric, words in (("perplexty", "did you mean 'perplexity'"), ("no_such_lab:f", "cannot import the measure")):
        with pytest.raises(StudyError, match=words):
            Study(run={"metric": metric})


def test_values_are_kept_exactly():
    for values in (torch.rand(5, 3).double().numpy(), torch.tensor([[1.0], [0.0]]).numpy(), torch.rand(4, 1).numpy()):
        assert (unpack(pack(values), len(values)) == values).all()


def test_chips_are_enough_relative_to_a_mean_that_is_no_share():
    stop = EarlyStop(half_width_percent=5, min_chips=3)
    assert enough([20.0, 20.1, 20.2], 10, stop, PERPLEXITY) == 3
    assert enough([20.0, 22.0, 18.0], 10, stop, PERPLEXITY) is None


def test_parts_may_come_in_any_order():
    values = torch.rand(10, 2).double().numpy()
    coverage = Coverage(measure=PERPLEXITY)
    for start, stop in ((6, 10), (0, 6)):
        coverage.add(start, stop, values[start:stop])
    assert coverage.accuracy(10) == PERPLEXITY.of(values)
