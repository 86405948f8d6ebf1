"""Writing, leakage, main memory, distance and batches."""

import math

import pytest
import torch
from small_cost import IMAGES, statistics
from torch import nn

from bitline import Design
from bitline.cost import Library, Surroundings, gather_statistics, library_of, network_cost, whole_cost
from bitline.cost.paths import branched_ns, mean_hops
from bitline.errors import DesignError

ISAAC = Library.load("isaac-32nm")
CONVERSION_pJ = Library.load("sonos-40nm").converters["ramp"].conversion_pJ.value
LINK_MW = sum(part.count * part.power_mW.value for part in ISAAC.parts_of("chip").values())


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
    link_uJ = 1e-3 * LINK_MW * batch.batch_us
    assert batch.idle_uJ == pytest.approx(link_uJ * (168 - cost.tiles) / 168)
    standing = 1e-6 * sum(cost.energies_pJ[name] for name in ISAAC.parts_of("tile"))
    alone = cost.energy_uJ - standing - 1e-6 * cost.energies_pJ["HyperTransport"]
    assert batch.arrays_uJ + batch.idle_uJ > alone + link_uJ


@pytest.mark.parametrize("pipelined", [True, False])
@pytest.mark.parametrize("images", [1, 64])
def test_parts_that_are_always_on_draw_their_power_for_the_time_of_the_batch(pipelined, images):
    """They drew it once an interval for each image: a single image in a pipeline takes the time of all its layers."""
    design = Design.load("isaac").with_settings({"hardware.pipelined": pipelined})
    cost = network_cost(statistics(), design)
    batch = whole_cost(cost, statistics(), design, images=images)
    on_mW = LINK_MW * cost.chips + cost.tiles * sum(
        part.count * part.power_mW.value for part in ISAAC.parts_of("tile").values()
    )
    names = ("HyperTransport", *ISAAC.parts_of("tile"))
    working = cost.energy_uJ - 1e-6 * sum(cost.energies_pJ[name] for name in names)
    assert batch.arrays_uJ + batch.idle_uJ == pytest.approx(images * working + 1e-3 * on_mW * batch.batch_us)


def test_a_chip_that_holds_half_a_network_is_on_while_the_other_half_is_written():
    library = ISAAC.with_settings({"organisation.cores_per_tile": 1})
    cost = network_cost(statistics(), "isaac", library)
    whole, half = (whole_cost(cost, statistics(), "isaac", library, tiles=tiles) for tiles in (cost.tiles, 1))
    assert half.batch_us > whole.batch_us + 1e3 * half.writing_ms
    assert half.arrays_uJ + half.idle_uJ > 1e-3 * LINK_MW * half.batch_us


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


def test_verifying_takes_more_pulses_and_reads():
    verified = Design.load("sonos-a").with_settings(
        {"cell.device": "pcm-joshi-2020", "cell.programming": {"kind": "write-verify", "tolerance": 0.01}}
    )
    _, once = whole()
    _, again = whole(verified)
    around = Surroundings.of("sonos-40nm")
    pulse, read = around.pulse_pJ.value, around.verify_pJ.value + CONVERSION_pJ
    assert once.pulses == 1
    assert again.pulses > 1.2
    assert again.writing_uJ / once.writing_uJ == pytest.approx(again.pulses * (pulse + read) / pulse)


PULSE_MS = 1.0
"""Of sonos-40nm, which writes 512 cells of a row at a time."""


def of_matrices(sizes, **settings):
    """Cost of linear layers one after the other, on arrays of 100 rows and 50 columns with one core each."""
    torch.manual_seed(0)
    model = nn.Sequential(*(nn.Linear(rows, columns) for rows, columns in sizes))
    design = Design().with_settings({"array.rows": 100, "array.columns": 50, **settings})
    found = gather_statistics(model, design, torch.rand(4, sizes[0][0]))
    cost = network_cost(found, design)
    return cost, lambda **batch: whole_cost(cost, found, design, **batch)


def test_all_copies_are_written_and_none_makes_another_faster():
    """Energy was that of one copy, and time that of all cells shared by all arrays."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.Flatten(), nn.Linear(16 * 64, 10))
    found = gather_statistics(model, "differential", IMAGES)
    batches = []
    for extra in (0.0, 10.0):
        duplication = {"kind": "balanced", "extra_arrays": extra} if extra else "none"
        design = Design.load("differential").with_settings({"hardware.duplication": duplication})
        cost = network_cost(found, design)
        cells = [2 * layer.copies * size for layer, size in zip(cost.layers, (27 * 16, 1024 * 10), strict=False)]
        assert (cost.layers[0].copies > 1) == bool(extra)
        batches.append(whole_cost(cost, found, design))
        assert batches[-1].writing_uJ == pytest.approx(1e-6 * 0.1 * sum(cells))
    assert batches[0].writing_ms == batches[1].writing_ms
    assert batches[0].writing_uJ < batches[1].writing_uJ


@pytest.mark.parametrize(
    ("sizes", "settings", "pulses"),
    [
        ([(80, 30), (30, 2), (2, 2)], {}, 80),
        ([(150, 30)], {}, 75),
        ([(150, 30)], {"array.partitions": "full"}, 100),
        ([(150, 30)], {"array.turns": 2}, 150),
        ([(20, 120)], {"array.columns": 400, "weights.kind": "offset"}, 20),
        ([(20, 400)], {"array.columns": 400}, 2 * 20),
        ([(20, 500)], {"array.columns": 200}, 20),
    ],
)
def test_writing_takes_the_time_of_the_fullest_array(sizes, settings, pulses):
    """Row by row, 512 cells of it at once; it was the mean over arrays."""
    _, batch = of_matrices(sizes, **settings)
    assert batch().writing_ms == pytest.approx(pulses * PULSE_MS)


def test_parts_that_do_not_fit_are_written_and_used_one_after_another():
    """They took the time of one part, and images that of a pipeline through all parts."""
    cost, batch = of_matrices([(100, 50), *[(50, 50)] * 15])
    assert (cost.arrays, cost.tiles) == (16, 2)
    fitting, turns = batch(tiles=2, images=5), batch(tiles=1, images=5)
    assert fitting.writing_ms == pytest.approx(100 * PULSE_MS)
    assert turns.writing_ms == pytest.approx((100 + 50) * PULSE_MS)
    times = [layer.time_ns for layer in cost.layers[:-1]]
    passing = sum(times) + 4 * (max(times[:8]) + max(times[8:]))
    bits = 8 * (100 * 50 + 15 * 50 * 50)
    memory_ns = bits / 8 / 12.8
    assert turns.batch_us == pytest.approx(1e-3 * (passing + memory_ns) + 1e3 * turns.writing_ms)
    assert fitting.batch_us == pytest.approx(1e-3 * (sum(times) + 4 * max(times)))


def test_what_waits_for_the_next_part_is_kept_for_all_images():
    _, batch = of_matrices([(100, 50), *[(50, 50)] * 15])
    few, many = (batch(tiles=1, images=images).memory_uJ for images in (1, 10_000))
    waiting = 10_000 * 50 * 8 - 64 * 8 * 1024
    assert many - few == pytest.approx(1e-6 * 20 * 2 * waiting)
    assert batch(tiles=2, images=10_000).memory_uJ == 0


def test_spare_columns_are_written_in_the_place_of_others():
    (_, plain), (_, spared) = of_matrices([(80, 30)]), of_matrices([(80, 30)], **{"cell.faults.spare_columns": 8})
    assert (plain().writing_uJ, plain().writing_ms) == (spared().writing_uJ, spared().writing_ms)


def test_cells_that_are_written_together_wait_for_the_last():
    settings = {
        "cell.clip": "none",
        "cell.device": {"kind": "state-independent", "alpha": 0.05},
        "cell.programming": {"kind": "write-verify", "tolerance": 0.05},
    }
    (_, once), (_, verified) = of_matrices([(80, 30)]), of_matrices([(80, 30)], **settings)
    steps = verified().writing_ms / once().writing_ms / (1 + 300 / 1e6)
    missed = math.erfc(1 / math.sqrt(2))  # of a normal error, beyond one standard deviation
    last = sum(1 - (1 - missed**pulses) ** 60 for pulses in range(10))
    assert steps == pytest.approx(last, rel=0.05)
    assert steps > 2 * verified().pulses


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


@pytest.mark.parametrize("images", [1, 2, 3])
def test_without_pipelining_each_image_takes_what_one_takes(images):
    """The first took its branches at the same time, and each further one all layers in sequence."""
    torch.manual_seed(0)
    design = Design.load("sonos-a").with_settings({"hardware.pipelined": False})
    found = gather_statistics(Branches(), design, IMAGES)
    cost = network_cost(found, design)
    batch = whole_cost(cost, found, design, images=images)
    assert batch.batch_us == pytest.approx(1e-3 * images * branched_ns(cost, found))


def test_a_row_of_tiles_is_one_hop_a_step():
    assert mean_hops(2) == 1
    assert mean_hops(9) == pytest.approx((6 + 2 * 3) / 8)


def test_what_is_not_known_is_refused():
    with pytest.raises(DesignError, match="nothing is known of writing and leakage"):
        Surroundings.of("mine")
    with pytest.raises(DesignError, match="tiles is 0"):
        whole(tiles=0)


def test_distance_counts_the_hops_after_the_first():
    """The network's energy is that of one hop."""
    cost, batch = whole(images=3)
    further = mean_hops(cost.tiles) - 1
    assert batch.distance_uJ == pytest.approx(3e-6 * cost.energies_pJ["network"] * further)
    assert mean_hops(2) == 1
