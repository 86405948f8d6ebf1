"""`bitline sweep`, `explore`, `results` and `report` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import STUDY

from bitline.study import Study


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
    _ask_for_designs(bitline, store)
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


def _ask_for_designs(bitline, store):
    asked = ["--where", "adc.bits >= 6", "--where", "weights.bits_per_cell = unsliced", "--sort", "-adc.bits"]
    status, output, _ = bitline("results", store, *asked, "--json")
    assert status == 0
    assert [row["adc.bits"] for row in json.loads(output)["designs"]] == [8, 6]
    status, output, _ = bitline("results", store, "--sort", "power_W", "--top", "2", "--json")
    powers = [row["power_W"] for row in json.loads(output)["designs"]]
    assert (status, len(powers)) == (0, 2)
    assert powers == sorted(powers)
    status, output, _ = bitline("results", store, "--pareto", "accuracy,latency_us", "--sort", "power_W")
    assert status == 0
    assert "power_W" in output.splitlines()[0]
    assert " of 6 designs" in output
    assert bitline("results", store, "--where", "adc.bits > 99")[1].endswith("0 of 6 designs\n")
    status, output, errors = bitline("results", store, "--where", "__import__('os')")
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
