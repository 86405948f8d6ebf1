"""The report of very many designs is bounded."""

from __future__ import annotations

from dataclasses import replace

from synthetic import study_result

from bitline.report.shown_designs import MANY, shown_designs
from bitline.report.study_page import write_study


def test_a_report_of_very_many_designs_shows_some_of_them_and_says_so(tmp_path):
    few = study_result()
    designs = tuple(
        replace(design, key=f"{design.key}-{copy}", settings={**design.settings, "copy": copy})
        for copy in range(60)
        for design in few.designs
    )
    result = replace(few, designs=designs)
    assert len(designs) > 2 * MANY
    shown = shown_designs(result)
    assert len(shown.designs) == MANY
    best = max(design.mean for design in designs if design.chip_values)
    assert any(design.chip_values and design.mean == best for design in shown.designs)
    path = tmp_path / "many.html"
    write_study(path, result)
    page = path.read_text(encoding="utf-8")
    assert f"{MANY} of {len(designs):,} designs are drawn" in page
    assert "upper quartile" in page
    assert path.stat().st_size < 6.5e6
    assert shown_designs(few) is few
