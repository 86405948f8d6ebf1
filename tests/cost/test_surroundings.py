"""Writing, leakage, main memory, distance and batches."""

import pytest
import torch
from small_cost import IMAGES, statistics
from torch import nn

from bitline import Design
from bitline.cost import Surroundings, gather_statistics, library_of, network_cost, whole_cost
from bitline.cost.paths import branched_ns, mean_hops
from bitline.errors import DesignError


def whole(design="sonos-a", **settings):
    cost = network_cost(statistics(), design)
    return cost, whole_cost(cost, statistics(), design, **settings)


def test_energy_is_that_of_the_network_and_what_is_around_it():
    cost, batch = whole(images=5)
    assert batch.arrays_uJ == pytest.approx(5 * cost.energy_uJ)
    assert batch.idle_uJ == batch.memory_uJ == 0
    assert batch.energy_per_image_uJ == pytest.approx(cost.energy_uJ + (batch.leakage_uJ + batch.distance_uJ) / 5)


def test_a_batch_flows_through_the_layers():
    cost, batch = whole(images=7)
    assert batch.batch_us == pytest.approx(1e-3 * (cost.latency_ns + 6 * cost.interval_ns))


def test_a_small_network_on_a_large_chip_pays_for_what_is_idle():
    cost, batch = whole("isaac", tiles=168)
    link = 1e-6 * cost.energies_pJ["HyperTransport"]
    assert batch.idle_uJ == pytest.approx(link * (168 - cost.tiles) / 168)
    assert batch.arrays_uJ + batch.idle_uJ == pytest.approx(cost.energy_uJ)


def test_weights_that_do_not_fit_are_read_and_written_in_every_batch():
    design = Design.load("sonos-e")
    library = library_of(design).with_settings({"organisation.cores_per_tile": 1})
    cost = network_cost(statistics(), design, library)
    assert cost.tiles > 1
    around = Surroundings.of("sonos-40nm")
    fitting = whole_cost(cost, statistics(), design, library)
    batch = whole_cost(cost, statistics(), design, library, tiles=1)
    bits = 8 * sum(layer.weight.numel() for layer in statistics().layers)
    assert batch.memory_uJ == pytest.approx(1e-6 * around.memory.bit_pJ.value * bits)
    assert batch.batch_us > fitting.batch_us + 1e3 * batch.writing_ms


def test_verifying_takes_more_pulses():
    verified = Design.load("sonos-a").with_settings(
        {"cell.device": "pcm-joshi-2020", "cell.programming": {"kind": "write-verify", "tolerance": 0.01}}
    )
    _, once = whole()
    _, again = whole(verified)
    assert once.pulses == 1
    assert again.pulses > 1.2
    assert again.writing_uJ == pytest.approx(once.writing_uJ * again.pulses)


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.long, self.short, self.last = (
            nn.Conv2d(3, 3, size, padding=size // 2) for size in (1, 3, 1, 1)
        )

    def forward(self, image):
        stem = torch.relu(self.stem(image))
        return self.last(torch.relu(self.long(stem).add(self.short(stem)))).mean((2, 3))


def test_parallel_branches_work_at_the_same_time():
    torch.manual_seed(0)
    found = gather_statistics(Branches(), "sonos-a", IMAGES)
    after = {layer.name: set(layer.after) for layer in found.layers}
    assert after == {"stem": set(), "long": {"stem"}, "short": {"stem"}, "last": {"long", "short"}}
    cost = network_cost(found, "sonos-a")
    times = {layer.name: layer.time_ns for layer in cost.layers}
    longest = times["stem"] + max(times["long"], times["short"]) + times["last"]
    assert branched_ns(cost, found) == pytest.approx(longest)
    assert longest < cost.latency_ns


def test_a_row_of_tiles_is_one_hop_a_step():
    assert mean_hops(2) == 1
    assert mean_hops(9) == pytest.approx((6 + 2 * 3) / 8)


def test_what_is_not_known_is_refused():
    with pytest.raises(DesignError, match="nothing is known of writing and leakage"):
        Surroundings.of("mine")
    with pytest.raises(DesignError, match="tiles is 0"):
        whole(tiles=0)
