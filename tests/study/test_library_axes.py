"""Numbers of component libraries and the node as axes of a study."""

from __future__ import annotations

import pytest
from small_study import study

from bitline.cost import core_cost
from bitline.errors import StudyError
from bitline.study import read_results, sweep

NUMBER = "library.converters.ramp.conversion_pJ"


def test_nodes_and_numbers_are_axes_and_accuracy_is_measured_once(tmp_path):
    axes = [{"setting": "hardware.node_nm", "values": [40, 28]}, {"setting": NUMBER, "values": [1.0, 10.0]}]
    several = study(axes=axes, run={"chips": 1, "shard": 25, "batch": 16}, data={"images": 4, "calibration_images": 4})
    points = several.points()
    assert len({point.key for point in points}) == 4 and len({point.accuracy_key for point in points}) == 1
    ADCs = [core_cost(point.design).energies_pJ["ADCs"] for point in points]
    assert ADCs[0] == ADCs[2] == pytest.approx(0.1 * ADCs[1]) == pytest.approx(0.1 * ADCs[3])
    sweep(several, tmp_path / "store.sqlite")
    frame = read_results(tmp_path / "store.sqlite").to_frame()
    assert list(frame["hardware.node_nm"]) == [40, 40, 28, 28] and list(frame[NUMBER]) == [1.0, 10.0, 1.0, 10.0]
    assert frame.accuracy.nunique() == 1 and frame.energy_uJ.nunique() == 4
    assert (frame.energy_uJ[:2].to_numpy() > frame.energy_uJ[2:].to_numpy()).all()


def test_a_number_that_a_library_has_not_is_refused():
    with pytest.raises(StudyError, match=r"unknown key 'converters\.ramp\.energy'"):
        study(axes=[{"setting": "library.converters.ramp.energy", "values": [1, 2]}]).points()
