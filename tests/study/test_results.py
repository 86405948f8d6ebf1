"""Tables of designs, chips and layers."""

from __future__ import annotations

from bitline.study import read_results


def test_tables_hold_designs_chips_and_layers(finished):
    result = read_results(finished)
    frame = result.to_frame()
    assert list(frame["adc.bits"]) == [5, 5, 8, 8]
    assert (frame["energy_uJ"] > 0).all()
    assert len(result.chips_frame()) == 8
    assert len(result.layers_frame()) == 4 * 10
    assert result.settings == ("adc.bits", "hardware.library")
    assert "bits = 5" in result._repr_html_()
