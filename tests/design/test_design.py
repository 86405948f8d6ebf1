"""Designs are validated together, read and written without loss, and their errors say what to do."""

from __future__ import annotations

import json
import math
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from strategies import designs

from bitline import Design, presets
from bitline.design import LayerRule
from bitline.design.settings import flat, nested
from bitline.errors import DesignError


@given(designs())
@settings(max_examples=100)
def test_toml_reads_back_as_the_same_design(design):
    assert Design.from_toml(design.to_toml()) == design


@pytest.mark.parametrize("name", presets())
def test_presets_are_valid_named_and_described(name):
    design = Design.load(name)
    assert design.name == name
    assert len(design.description) > 20
    assert Design.from_toml(design.to_toml()) == design


def test_the_default_preset_is_the_one_the_paper_recommends():
    design = Design.load("differential")
    assert (design.weights.kind, design.weights.bits, design.weights.bits_per_cell) == (
        "differential",
        8,
        "unsliced",
    )
    assert (design.array.rows, design.array.columns) == (1152, 256)
    assert (design.adc.bits, design.adc.range.kind, design.adc.range.percentile) == (8, "calibrated", 99.98)
    assert (design.cell.device.kind, design.cell.device.alpha) == ("state-proportional", 0.02)
    assert design.inputs.accumulation == design.weights.subtraction == "analog"


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"adc": {"bit": 3}}, ["adc.bit", "did you mean 'bits'"]),
        ({"celll": {}}, ["'celll'", "did you mean 'cell'"]),
        ({"adc": {"kind": "unform"}}, ["adc.kind", "'unform'", "did you mean 'uniform'"]),
        ({"adc": {"range": "ful"}}, ["adc.range.kind", "did you mean 'full'"]),
        ({"adc": {"bits": 0}}, ["adc.bits is 0", "use 1 or more"]),
        ({"weights": {"bits_per_cell": 9}}, ["weights.bits_per_cell is 9", "use 1 to 7, or 'unsliced'"]),
        ({"weights": {"bits": "x"}}, ["weights.bits is 'x'", "integer"]),
        ({"inputs": {"slice_bits": 9}}, ["inputs.slice_bits is 9", "1 to 8"]),
        ({"cell": {"device": {"kind": "state-proportional"}}}, ["cell.device.alpha is missing"]),
        ({"cell": {"device": {"kind": "state-proportional", "alpha": -1}}}, ["cell.device.alpha is -1"]),
        ({"cell": {"on_off_ratio": 1}}, ["cell.on_off_ratio is 1", "use more than 1"]),
        ({"cell": {"on_off_ratio": math.nan}}, ["cell.on_off_ratio is nan"]),
        ({"array": {"rows": 0}}, ["array.rows is 0"]),
        ({"adc": {"range": "guaranteed"}}, ["27 bits", "adc.bits = 27"]),
        ({"layers": [{"match": "fc", "set": {"adc": {"bts": 3}}}]}, ["adc.bts", "did you mean 'bits'"]),
    ],
)
def test_impossible_designs_are_refused_with_name_value_and_remedy(sections, words):
    with pytest.raises(DesignError) as caught:
        Design(**sections)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_message_names_the_same_values_twice():
    """A wrong `adc.calibrated_on` was answered "should be 'ideal' or 'chip', or 'ideal' or 'chip'"."""
    tried = 0
    for design in (Design(), *map(Design.load, presets())):
        for name in flat(design.model_dump()):
            if name in ("name", "description") or name.startswith("layers"):
                continue
            for wrong in ("nonsense", -7.5):
                said = refusal_of(design, name, wrong)
                words = re.findall(r"'[^']*'", said.replace(f"'{wrong}'", "").replace(f"'{design.name}'", ""))
                assert len(words) == len(set(words)), said
                tried += bool(words)
    assert tried > 100


def refusal_of(design, name, wrong):
    """What a wrong value is answered; nothing where it is not wrong."""
    try:
        design.with_settings({name: wrong})
    except DesignError as error:
        return str(error)
    return ""


def test_unknown_presets_and_bad_files(tmp_path):
    with pytest.raises(DesignError, match="did you mean 'differential'"):
        Design.load("diferential")
    with pytest.raises(DesignError, match=r"missing\.toml"):
        Design.load(tmp_path / "missing.toml")
    (tmp_path / "broken.toml").write_text("[adc\n")
    with pytest.raises(DesignError, match="not valid TOML"):
        Design.load(tmp_path / "broken.toml")


def test_changes_by_dotted_name_keep_what_all_variants_share():
    design = Design().with_settings({"weights.bits": 9, "weights.kind": "offset", "adc.range": "full", "adc.bits": 6})
    assert (design.weights.kind, design.weights.bits, design.weights.subtraction) == ("offset", 9, "digital")
    assert (design.adc.bits, design.adc.range.kind) == (6, "full")
    assert Design().with_settings({"adc": "none"}).adc.kind == "none"


def test_the_first_matching_rule_of_a_layer_holds():
    design = Design(
        layers=[
            {"match": "conv1", "digital": True},
            {"match": "layer1.*", "set": {"adc": {"bits": 10}}},
            {"match": "*", "set": {"adc.bits": 6}},
        ]
    )
    assert design.for_layer("conv1") is None
    assert design.for_layer("layer1.0.conv1").adc.bits == 10
    assert design.for_layer("fc").adc.bits == 6
    assert Design.from_toml(design.to_toml()) == design


def test_designs_are_frozen_and_have_a_schema():
    with pytest.raises(DesignError):
        Design().adc.bits = 4
    schema = json.dumps(Design.model_json_schema())
    assert all(word in schema for word in ("bits_per_cell", "state-proportional", "guaranteed"))
    assert LayerRule(match="x").set == {}


@pytest.mark.parametrize(
    ("settings", "rows", "bits"),
    [  # Xiao et al. 2022, sections 6 and 9 and Table 3: B_out, sign rule of differential cells included
        ({"weights.kind": "offset", "weights.bits_per_cell": 2, "inputs.accumulation": "digital"}, 144, 9.2),
        ({"weights.kind": "offset", "inputs.accumulation": "digital"}, 1152, 18.2),
        ({"weights.bits": 9, "weights.bits_per_cell": 2}, 144, 18.2),
        ({}, 1152, 26.2),
        ({"weights.bits": 9, "weights.bits_per_cell": 1}, 1152, 20.2),
        ({}, 144, 23.2),
        ({"inputs.accumulation": "digital"}, 1152, 18.2),
        ({"weights.kind": "offset", "weights.bits_per_cell": 2, "inputs.accumulation": "digital"}, 72, 8.2),
    ],
)
def test_full_precision_bits_are_those_of_the_paper(settings, rows, bits):
    design = Design().with_settings(settings).with_settings({"array.rows": rows})
    assert design.full_precision_bits == pytest.approx(bits, abs=0.05)


@pytest.mark.parametrize(
    "settings",
    [
        {"adc": "sar", "adc.bits": 4},
        {"adc.bits": 4, "adc.kind": "sar"},
        {"adc": {"kind": "sar"}, "adc.bits": 4},
        {"adc.bits": 4, "adc": {"kind": "sar"}},
    ],
)
def test_the_order_of_settings_does_not_matter(settings):
    """A word that followed settings of its own dropped them: {"adc.bits": 4, "adc": "sar"} had 8 bits."""
    design = Design().with_settings(dict(reversed(settings.items())))
    assert design == Design().with_settings(settings)
    assert (design.adc.kind, design.adc.bits) == ("sar", 4)


@pytest.mark.parametrize("settings", [{"adc": "sar", "adc.kind": "uniform"}, {"adc": 5, "adc.bits": 4}])
def test_settings_that_contradict_each_other_are_refused(settings):
    for ordered in (settings, dict(reversed(settings.items()))):
        with pytest.raises(DesignError, match="give one of them"):
            Design().with_settings(ordered)


def test_words_about_a_design_do_not_outlive_its_settings():
    design = Design.load("differential")
    assert design.description and design.with_settings({"name": "mine"}).description == design.description
    assert design.with_settings({"cell.time": design.cell.time, "adc.bits": 8}).description == design.description
    assert design.with_settings({"weights.bits_per_cell": 2}).description == ""
    assert design.with_settings({"adc.bits": 6, "description": "coarse"}).description == "coarse"


def test_designs_that_share_sections_are_written_as_if_alone():
    base = Design.load("differential")
    texts = {}
    for bits, whole in ((6, 5), (6, 5), (7, 5), (6, 6)):
        design = base.with_settings({"adc.bits": bits, "weights.bits": whole})
        texts[bits, whole] = design.to_toml()
        assert Design.from_toml(texts[bits, whole]) == design
    assert len(set(texts.values())) == 3
    assert "bits = 7\n" in texts[7, 5].partition("[adc]")[2].partition("\n\n")[0]


def test_many_settings_are_sorted_into_sections_in_time_that_grows_with_them():
    names = {f"library.parts.part{number}.unit": "chip" for number in range(5000)}
    assert len(nested(names)["hardware"]["numbers"]["parts"]) == 5000


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("adc.range", 5, r"^adc\.range is 5: use one of calibrated, "),
        ("weights", [1, 2], r"^weights is \[1, 2\]: use one of differential, "),
        ("cell.device", True, r"^cell\.device is True: use one of none, "),
        ("adc.bits", pd.Series([1, 2]), r"^adc\.bits is \[1, 2\]: input should be a valid integer"),
        ("cell.device", pd.DataFrame({"target": [1]}), r"^cell\.device is a DataFrame: write it to a file"),
        ("cell.device.file", pd.DataFrame({"target": [1]}), r"^cell\.device\.file is a DataFrame: write it to a file"),
    ],
)
def test_a_value_of_another_kind_is_named_as_it_was_given(name, value, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings({name: value})


def test_a_value_of_several_lines_is_named_by_its_type():
    with pytest.raises(DesignError, match=r"^cell\.device\.file is a DataFrame: input should be a valid string"):
        Design(cell={"device": {"kind": "measurements-fit", "file": pd.DataFrame({"target": [1]})}})
