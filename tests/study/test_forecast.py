"""How much a study is."""

from __future__ import annotations

from small_study import IMAGES, study

from bitline.study import plan


def test_a_plan_counts_what_is_left(finished, tmp_path):
    fresh = plan(study(), tmp_path / "none.sqlite")
    assert len(fresh.points) == 4
    assert fresh.tasks == 2 + 2 + 2 + 2 * 2 * 2  # float, reference, costs, chips in two shards
    assert fresh.images == IMAGES * (1 + 1 + 2 * 2)
    assert fresh.seconds > 0
    done = plan(study(), finished)
    assert (done.tasks, done.finished, done.seconds) == (0, 4, 0)
