"""Tables of designs, chips and layers."""

from __future__ import annotations

import pytest

from bitline.study import DesignResult, read_results


def test_tables_hold_designs_chips_and_layers(finished):
    result = read_results(finished)
    frame = result.to_frame()
    assert list(frame["adc.bits"]) == [5, 5, 8, 8]
    assert (frame["energy_uJ"] > 0).all()
    assert len(result.chips_frame()) == 8
    assert len(result.layers_frame()) == 4 * 10
    assert result.settings == ("adc.bits", "hardware.library")
    assert "bits = 5" in result._repr_html_()


def test_values_have_the_names_of_an_evaluation_and_their_former_ones(finished):
    result = read_results(finished)
    design = result.designs[0]
    former = {"accuracies": (design, "chip_values"), "reference": (design, "reference_value")}
    for name, (owner, now) in {**former, "float_accuracy": (result, "float_value")}.items():
        with pytest.warns(DeprecationWarning, match=f"{name} is called {now} now"):
            assert getattr(owner, name) == getattr(owner, now)


def test_equal_shares_have_equal_means():
    """7 and 0 right of 24 seemed better than 3 and 4 by the rounding of a sum: a worse design stood on the front."""
    first, second = (
        DesignResult(key, "", {}, {}, images=24, chip_values=(right / 24, others / 24))
        for key, right, others in (("a", 7, 0), ("b", 3, 4))
    )
    assert first.mean == second.mean and first.rank == second.rank
    assert DesignResult("c", "", {}, {}, images=24, chip_values=(19.25, 19.5)).mean == 19.375
