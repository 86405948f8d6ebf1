"""What `print` shows of a study and its designs."""

from __future__ import annotations

import pytest

from bitline.study import DesignResult, Forecast, Study, StudyResult


def _design(bits: int, accuracies: tuple[float, ...], cost: dict[str, float] | None, error: str = "") -> DesignResult:
    settings = {"adc.bits": bits, "hardware.library": "sonos-40nm"}
    return DesignResult(str(bits), "", settings, {}, chip_values=accuracies, cost=cost, error=error, finished=not error)


def test_a_study_is_shown_in_eighty_columns():
    cost = {"energy_uJ": 0.42134, "area_mm2": 1234.5, "latency_us": 270.0}
    designs = (
        _design(4, (), None, "no such converter"),
        _design(6, (0.80,), cost),
        _design(8, (0.90, 0.92), cost),
    )
    study = StudyResult(Study(name="bits"), {}, (), designs, float_value=0.92)
    assert str(study) == (
        "bits: 3 designs, 2 finished\n"
        "design                 accuracy %  chips  energy µJ  area mm²  latency µs\n"
        "bits = 8  91.00 (78.29 to 100.00)      2      0.421     1,234         270\n"
        "bits = 6                    80.00      1      0.421     1,234         270\n"
        "bits = 4                               0\n"
        "floating point 92.00 %\n"
        "failed: adc.bits = 4, hardware.library = sonos-40nm: no such converter"
    )
    assert repr(study) == "StudyResult('bits', 3 designs)"
    assert repr(designs[0]) == "DesignResult('adc.bits = 4, hardware.library = sonos-…', not measured, 0 chips)"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "about 0 s, 2 hours of computing"),
        (61.0, "about 1 minute, 2 hours of computing"),
        (5500.0, "about 1.5 hours, 2 hours of computing"),
        (None, "how long is not known: a probe would run code that nobody allowed"),
    ],
)
def test_a_forecast_says_how_long_it_takes(seconds, words):
    forecast = Forecast(points=(), tasks=1, finished=0, images=2000, seconds=seconds, busy=7200.0)
    assert str(forecast).splitlines() == ["0 designs, 0 finished; 1 task and 2,000 images left", words]
