# %% [markdown]
# # Cells that you measured
#
# *For device physicists.* You have programmed some cells, read them back, and want to know what their spread and their
# drift do to a whole network. The table here has 6 targets of imaginary cells, 60 cells each, read at once and after
# a day. Start in the folder of the repository.

# %%
import pandas as pd

from bitline import Design, evaluate
from bitline.data import load_dataset
from bitline.evaluation.remedies import Recalibrate
from bitline.networks import find_network, load_network

CELLS = "docs/guides/data/my_cells.csv"
pd.read_csv(CELLS).groupby(["time_s", "target"])["measured"].agg(["mean", "std", "count"]).round(2)

# %% [markdown]
# ## The device
#
# `measurements-resampled` draws cells from the measured ones, whatever their distribution, and is linear between the
# measured times. The left panel has the errors of all targets, the middle one the drift, and the right one measured
# cells beside sampled ones.

# %%
from bitline.report.figures.device import device_figure

device = {"kind": "measurements-resampled", "file": CELLS, "unit": "uS"}
design = Design.load("differential").with_settings({"cell.device": device, "name": "my cells"})
device_figure(design.cell.device, "my cells")

# %% [markdown]
# ## The network on these cells
#
# The embedded ResNet, 100 images, two chips: first read at once, then after 12 hours.

# %%
network = find_network("fashion-resnet")
model = load_network(network)
data = load_dataset("fashion-mnist", network.preprocess).split(100, 40)
given = (data.images, data.labels, data.calibration)

fresh = evaluate(model, design, *given, chips=2)
fresh

# %%
old = design.with_settings({"cell.time": "12 hours"})
late = evaluate(model, old, *given, chips=2)
print(f"at once {100 * fresh.mean:.1f} %, after 12 hours {100 * late.mean:.1f} %")

# %% [markdown]
# ## What helps
#
# Two digital constants for each output channel bring its mean and variance back to those of the reference. They are
# found on every chip with the calibration images, which need no labels.

# %%
corrected = evaluate(model, old, *given, chips=2, after_programming=Recalibrate(data.calibration))
print(f"after 12 hours, recalibrated: {100 * corrected.mean:.1f} %")

# %% [markdown]
# Few chips and images decide little: before you believe a difference, take 500 images and five chips or more. The
# [guide](../guides/own_device.md) says what a table may look like, and how a device becomes a Python class.
