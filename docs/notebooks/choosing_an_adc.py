# %% [markdown]
# # Choosing an ADC
#
# *For circuit designers.* How many bits, over which range, and how much may the converter's circuit be wrong? Start in
# the folder of the repository.

# %%
from bitline import Design, evaluate
from bitline.data import load_dataset
from bitline.networks import find_network, load_network

network = find_network("fashion-resnet")
model = load_network(network)
data = load_dataset("fashion-mnist", network.preprocess).split(100, 40)
given = (data.images, data.labels, data.calibration)
design = Design.load("differential").with_settings({"cell.device.alpha": 0.03})

# %% [markdown]
# ## Where the signals lie
#
# Most signals use a small part of what an array could put out, so that a calibrated range needs fewer bits than one
# that spans everything. Shaded tails are clipped.

# %%
from bitline.evaluation.adc_ranges import ranges_frame, study_ranges
from bitline.report.figures.ranges import signals_figure

ranges = study_ranges(model, design, data.calibration)
signals_figure(ranges[:4], "the first four layers")

# %%
ranges_frame(ranges).round(3).head()

# %% [markdown]
# ## How many bits
#
# Fewer bits cost less energy until accuracy goes.

# %%
for bits in (3, 4, 6, 8):
    result = evaluate(model, design.with_settings({"adc.bits": bits}), *given, chips=2, compared_images=0)
    print(f"{bits} bits: {100 * result.mean:5.1f} %, {result.cost.energy_uJ:.2f} µJ per image")

# %% [markdown]
# ## How good the circuit has to be
#
# A SAR converter whose capacitors differ has a transfer curve of its own on every chip.

# %%
for mismatch in (0.0, 0.05, 0.2):
    sar = design.with_settings({"adc": {"kind": "sar", "bits": 6, "capacitor_mismatch": mismatch}})
    result = evaluate(model, sar, *given, chips=2, compared_images=0)
    print(f"capacitors to {100 * mismatch:g} %: {100 * result.mean:.1f} %")

# %% [markdown]
# On the command line, `bitline ranges --loss 1` looks for the fewest bits that cost at most one point, and
# `bitline adc --compare` lists effective bits, energy, area and time of all architectures. More in
# [Readout](../guides/readout.md).
