"""Workers on a Ray cluster."""

from __future__ import annotations

import pytest
from small_study import comparable, study

from bitline.errors import StudyError
from bitline.study import sweep
from bitline.study.ray_executor import ray_workers


@pytest.fixture
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 200_000_000})
    try:
        yield started
    finally:
        ray.shutdown()
        started.shutdown()


@pytest.mark.needs("Ray")
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_that_loses_a_node_loses_no_result(finished, tmp_path, cluster):
    lost = cluster.add_node(num_cpus=1, object_store_memory=200_000_000)
    removed = []

    def report(what: str, done: int, total: int) -> None:
        if not removed and done >= 4:
            removed.append(lost)
            cluster.remove_node(lost, allow_graceful=False)
            cluster.add_node(num_cpus=1, object_store_memory=200_000_000)

    path = tmp_path / "ray.sqlite"
    summary = sweep(study(), path, workers=2, launch=ray_workers(cluster.address, 2), progress=report)
    assert removed
    assert summary.failures == ()
    assert comparable(path).equals(comparable(finished))


@pytest.mark.needs("Ray")
def test_an_unreachable_cluster_is_said(tmp_path):
    with pytest.raises(StudyError, match=r"cannot reach a Ray cluster at 127\.0\.0\.1:1"):
        ray_workers("127.0.0.1:1", 1)
