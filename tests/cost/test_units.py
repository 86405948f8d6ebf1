"""Cores, tiles and chips against hand counts and published totals."""

from __future__ import annotations

import pytest

from bitline import Design
from bitline.cost import Library, RowActivity, core_cost, gather_statistics, network_cost, unit_costs
from bitline.errors import DesignError

RESNET50 = RowActivity(driven=0.1701, squared=0.1701, conductance=0.00431)
"""Average of unsliced differential weights and inputs of ResNet-50 (product-quantised weights), 32 ImageNet images."""

PUBLISHED = {"a": (8.4, 0.24), "b": (63.1, 2.02), "c": (43.3, 1.30), "d": (25.8, 0.27), "e": (902.0, 11.14)}
"""fJ/op and mm^2 of a core: Xiao et al. 2022, Table 3."""


def simple_library(**changes: object) -> Library:
    names = "integrator accumulator subtractor shift_add adder multiplier input_bit output_bit buffer_bit network_bit"
    sections = {
        name: {"energy_pJ": 10.0 ** -(index % 4), "area_um2": 1.0 + index} for index, name in enumerate(names.split())
    }
    return Library(
        name="simple",
        node_nm=40,
        slice_ns=10,
        cells={"kind": "ohmic", "G_max_uS": 10, "read_V": 0.2, "area": 0.5},
        drivers={
            "kind": "line", "supply_V": 2, "wire_fF_per_um": 0.5, "cell_width_um": 2, "cell_fF": 1, "logic_pJ": 0.25,
            "area": 3,
        },
        converter="ramp",
        converters={"ramp": {"kind": "ramp", "bits": 8, "clock_GHz": 2, "conversion_pJ": 4, "area": 80}},
        **{**sections, "buffer_KB": 1, **changes},
    )  # fmt: skip


def test_a_small_matrix_counted_by_hand():
    design = Design(
        inputs={"bits": 4}, weights={"bits": 5, "bits_per_cell": 2}, array={"rows": 6, "columns": 8}, adc={"bits": 6}
    )
    library = simple_library()
    cost = core_cost(design, library, rows=12, columns=3, activity=RowActivity(0.5, 0.5, 0.1))
    energies = cost.energies_pJ
    # 2 partitions x 2 slices of 3 columns with two lines, 4 input bits added in analog, so 12 conversions of 6 bits
    assert energies["integrators"] == pytest.approx(12 * 4 * 1.0)
    assert energies["accumulators"] == pytest.approx(12 * 4 * 0.1)
    assert energies["subtractors"] == pytest.approx(12 * 0.01)
    assert energies["ADCs"] == pytest.approx(12 * 4 / 4)
    assert energies["adders"] == pytest.approx(3 * 3 * 1.0)
    assert energies["input registers"] == pytest.approx(12 * 4 * 0.01)
    assert energies["output registers"] == pytest.approx(3 * 4 * 0.001)
    assert "shift-and-add" not in energies
    # rows: 12 x 2 slices x 4 bits, half of them driven, 16 cells of (2 x 0.5 + 1) fF at 2 V, and 0.25 pJ of logic
    assert energies["row drivers"] == pytest.approx(96 * 0.5 * (16 * 2 * 4 * 1e-3 + 0.25))
    # cells: 12 x 3 x 2 lines x 2 slices x 4 bits; 10 uS x 0.04 V^2 x 10 ns = 4 fJ each at G_max
    assert energies["cells"] == pytest.approx(12 * 3 * 4 * 4 * 0.1 * 4e-3)
    assert cost.time_ns == 4 * 10 + 2**6 / 2
    areas = {name: 1e6 * area for name, area in cost.areas_mm2.items()}
    assert areas["cells"] == pytest.approx(4 * 6 * 16 * 0.5)
    assert areas["row drivers"] == pytest.approx(4 * 6 * 3)
    assert areas["ADCs"] == pytest.approx(4 * 8 * 80 * 6 / 8)
    assert areas["integrators"] == pytest.approx(4 * 8 * 1)
    assert areas["accumulators"] == pytest.approx(4 * 8 * 2)
    assert areas["adders"] == pytest.approx(3 * 3 * 5)


def test_sums_before_the_converters_counted_by_hand():
    design = Design(
        inputs={"bits": 4},
        weights={"bits": 5, "bits_per_cell": 2, "accumulation": "analog"},
        array={"rows": 6, "columns": 8, "accumulation": "analog"},
        adc={"bits": 6},
    )
    cost = core_cost(design, simple_library(), rows=12, columns=3, activity=RowActivity(0.5, 0.5, 0.1))
    # 2 partitions x 2 slices of 3 columns are integrated by themselves and converted together
    assert cost.energies_pJ["integrators"] == pytest.approx(12 * 4 * 1.0)
    assert cost.energies_pJ["accumulators"] == pytest.approx(3 * 4 * 0.1)
    assert cost.energies_pJ["subtractors"] == pytest.approx(3 * 0.01)
    assert cost.energies_pJ["ADCs"] == pytest.approx(3 * 4 / 4)
    assert "adders" not in cost.energies_pJ
    areas = {name: 1e6 * area for name, area in cost.areas_mm2.items()}
    assert areas["integrators"] == pytest.approx(4 * 8 * 1)
    assert areas["ADCs"] == pytest.approx(8 * 80 * 6 / 8)
    assert areas["accumulators"] == pytest.approx(8 * 2)
    assert "adders" not in areas


def test_a_conversion_for_each_input_bit_counted_by_hand():
    design = Design(
        inputs={"bits": 4, "accumulation": "digital"},
        weights={"kind": "offset", "bits": 4, "bits_per_cell": 2},
        array={"rows": 8, "columns": 4},
        adc={"bits": 6, "columns_per_adc": 2, "bits_saved": [1], "skip_zero_inputs": False},
    )
    cost = core_cost(design, simple_library(), rows=8, columns=4, activity=RowActivity(1.0, 1.0, 0.5))
    # 2 slices x 4 columns x 4 bits; the least significant bit is converted with 5 bits
    assert cost.energies_pJ["ADCs"] == pytest.approx(2 * 4 * (3 * 1.0 + 0.5))
    assert cost.energies_pJ["shift-and-add"] == pytest.approx(2 * 4 * 4 * 0.001)
    assert "subtractors" not in cost.energies_pJ
    assert "accumulators" not in cost.energies_pJ
    # one addition of the slices and one of the offset for each output, and the sum of 8 inputs
    assert cost.energies_pJ["adders"] == pytest.approx(4 * 2 + 8)
    assert cost.time_ns == pytest.approx(4 * 10 + 2 * (3 * 32 + 16))
    assert 1e6 * cost.areas_mm2["ADCs"] == pytest.approx(2 * 2 * 80 * 6 / 8)
    overlapped = core_cost(design, simple_library(overlapped=True), rows=8, columns=4)
    assert overlapped.time_ns == pytest.approx(3 * 64 + 32)


def test_isaac_totals_follow_from_its_library():
    """Shafiee et al., ISCA 2016, Table I and section 8."""
    core, tile, chip = unit_costs("isaac")
    assert 12 * core.power_mW == pytest.approx(289, rel=0.01)
    assert 12 * core.area_mm2 == pytest.approx(0.157, rel=0.01)
    assert tile.power_mW == pytest.approx(330, rel=0.01)
    assert tile.area_mm2 == pytest.approx(0.372, rel=0.01)
    assert chip.power_mW == pytest.approx(65_800, rel=0.01)
    assert chip.area_mm2 == pytest.approx(85.4, rel=0.01)
    assert 1e3 * chip.TOPS_per_mm2 == pytest.approx(479, rel=0.01)
    assert tile.energies_pJ["ADCs"] / tile.energy_pJ == pytest.approx(0.58, rel=0.01)
    assert tile.areas_mm2["ADCs"] / tile.area_mm2 == pytest.approx(0.31, rel=0.01)


@pytest.mark.parametrize("name", PUBLISHED)
def test_cores_of_the_paper(name):
    cost = core_cost(f"sonos-{name}", activity=RESNET50)
    energy, area = PUBLISHED[name]
    assert cost.area_mm2 == pytest.approx(area, rel=0.01)
    assert cost.energy_per_operation_fJ == pytest.approx(energy, rel=0.05)
    assert cost.time_ns == (336 if name in "abc" else 2128)


def test_designs_of_the_paper_on_resnet50(shared):
    """Xiao et al. 2022, section 9.2: order and ratios, with the activity of ResNet-50 at 224 x 224."""
    from bitline.data import load_dataset
    from bitline.networks import find_network, load_network

    entry = find_network("resnet50")
    model = load_network(entry, shared / "weights" / "imagenet_resnet50_pqf_large.pth")
    images = load_dataset(str(shared / "imagenet" / "train500_224.zip"), entry.preprocess).split(8, 0).images
    seen = gather_statistics(model, "sonos-a", images)
    assert sum(layer.macs for layer in seen.layers) == pytest.approx(4.089e9, rel=1e-3)
    designs = {name: Design.load(f"sonos-{name}") for name in PUBLISHED}
    cores = {name: core_cost(design, activity=RowActivity.average(seen, design)) for name, design in designs.items()}
    for name, (energy, area) in PUBLISHED.items():
        assert cores[name].energy_per_operation_fJ == pytest.approx(energy, rel=0.05)
        assert cores[name].area_mm2 == pytest.approx(area, rel=0.01)
    whole = {name: network_cost(seen, design) for name, design in designs.items()}
    energies = [whole[name].energy_uJ for name in "acdbe"]
    assert energies == sorted(energies)
    assert max(whole["e"].energies_pJ, key=whole["e"].energies_pJ.get) == "ADCs"
    conversions = [whole[name].totals()["conversions"] for name in "ace"]
    assert conversions == sorted(conversions)


@pytest.mark.parametrize("size", [{"rows": 0}, {"columns": -3}, {"rows": 2.5}])
def test_matrices_of_cores_have_whole_sizes(size):
    with pytest.raises(DesignError, match=f"{next(iter(size))}( of a core)? is"):
        core_cost("sonos-a", **size)
