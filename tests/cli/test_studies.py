"""`bitline sweep`, `explore`, `results` and `report` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import STUDY

from bitline.study import DesignResult, Study, StudyResult


def test_a_study_from_file_to_report(bitline, tmp_path):
    file = tmp_path / "bits.toml"
    file.write_text(STUDY)
    status, output, _ = bitline("sweep", file, "--dry-run", "--workers", "1")
    assert status == 0
    assert output.startswith("6 designs, 0 finished")
    status, output, _ = bitline("sweep", file, "--workers", "1", "--report", tmp_path / "early.html")
    assert status == 0
    assert "floating point" in output
    status, _, notes = bitline("sweep", file, "--workers", "1")
    assert status == 0
    assert "0 tasks" in notes
    store = tmp_path / "bits.sqlite"
    assert "adc.bits" in bitline("results", store)[1]
    assert bitline("results", store, "--to", "csv")[0] == 0
    assert len((tmp_path / "bits.csv").read_text(encoding="utf-8").splitlines()) == 7
    status, output, _ = bitline("report", store, "--figures", "svg")
    assert status == 0
    assert (tmp_path / "bits.html").stat().st_size == pytest.approx((tmp_path / "early.html").stat().st_size, rel=1e-3)
    assert {figure.name for figure in tmp_path.glob("*.svg")} == {
        "bits-accuracy-adc.bits.svg",
        "bits-accuracy-weights.bits_per_cell.svg",
        "bits-pareto-energy_uJ.svg",
        "bits-pareto-area_mm2.svg",
        "bits-pareto-latency_us.svg",
    }


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """A store of four designs, which need not be computed."""
    numbers = {4: (0.55, 1.0), 5: (0.80, 3.0), 6: (0.90, 2.0), 8: (0.91, 5.0)}
    designs = tuple(
        DesignResult(
            str(bits),
            "differential",
            {"adc.bits": bits},
            {},
            1000,
            (share,),
            cost={"energy_uJ": energy, "power_W": energy},
        )
        for bits, (share, energy) in numbers.items()
    )
    result = StudyResult(Study(), {}, (), designs, float_value=0.92)
    monkeypatch.setattr("bitline.study.read_results", lambda store: result)
    store = tmp_path / "study.sqlite"
    store.touch()
    return store


@pytest.mark.parametrize(
    ("asked", "bits"),
    [
        (["--where", "adc.bits >= 5 and energy_uJ < 4"], [6, 5]),
        (["--where", "adc.bits >= 5", "--where", "accuracy > 85%"], [8, 6]),
        (["--pareto", "accuracy, energy_uJ"], [8, 6, 4]),
        (["--sort", "-adc.bits", "--top", "2"], [8, 6]),
        (["--where", "adc.bits > 99"], []),
    ],
)
def test_results_are_those_that_are_asked_for(bitline, measured, asked, bits):
    status, output, _ = bitline("results", measured, *asked, "--json")
    assert status == 0
    assert [row["adc.bits"] for row in json.loads(output)["designs"]] == bits


def test_a_selection_of_designs_as_a_table(bitline, measured):
    status, output, _ = bitline("results", measured, "--sort", "power_W", "--top", "2")
    assert status == 0
    assert output == (
        "adc.bits  accuracy  std  chips  energy  area  latency  power_W\n"
        "                 %    %             µJ   mm²       µs\n"
        "──────────────────────────────────────────────────────────────\n"
        "       4     55.00           1       1                       1\n"
        "       6     90.00           1       2                       2\n"
        "\n"
        "floating point 92.00 %\n"
        "2 of 4 designs\n"
    )


def test_a_condition_is_not_evaluated(bitline, measured):
    status, output, errors = bitline("results", measured, "--where", "__import__('os')")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "is no condition: write conditions such as" in errors


@pytest.mark.needs("Optuna")
def test_a_search_from_file_to_front(bitline, tmp_path):
    file = tmp_path / "bits.toml"
    file.write_text(STUDY)
    status, output, _ = bitline("explore", file, "--workers", "1", "--report", tmp_path / "front.html")
    assert status == 0
    assert "on the front of accuracy" in output
    assert (tmp_path / "front.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep", "none.toml"], "cannot read none.toml"),
        (["results", "none.sqlite"], "run the study first"),
        (["report", "none.sqlite"], "run the study first"),
        (["sweep", "{study}", "--executor", "slurm"], "use one of local, ray"),
    ],
)
def test_studies_explain_what_they_cannot_do(bitline, tmp_path, arguments, words):
    (tmp_path / "study.toml").write_text(STUDY)
    status, _, errors = bitline(*(word.format(study=tmp_path / "study.toml") for word in arguments))
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors


@pytest.mark.parametrize("name", ["adc_bits", "explore"])
def test_the_studies_of_the_docs_are_valid(name):
    study = Study.load(Path(__file__).parents[2] / "docs" / "studies" / f"{name}.toml")
    assert len(study.axes) >= 2
    if name == "adc_bits":
        assert len(study.points()) == 12
    else:
        assert study.point({"adc.bits": 4}).design.adc.bits == 4
