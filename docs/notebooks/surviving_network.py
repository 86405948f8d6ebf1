# %% [markdown]
# # A network that must survive
#
# *For machine-learning engineers.* Your network loses accuracy on an analog chip. What costs it, and what helps? Start
# in the folder of the repository; put your own `torch.nn.Module` and your own images in the place of the embedded ones.

# %%
from bitline import Design, evaluate
from bitline.data import load_dataset
from bitline.networks import find_network, load_network

network = find_network("fashion-resnet")
model = load_network(network)
data = load_dataset("fashion-mnist", network.preprocess).split(100, 40)
given = (data.images, data.labels, data.calibration)
poor = {"cell.device": {"kind": "state-independent", "alpha": 0.05}, "name": "poor cells"}
design = Design.load("differential").with_settings(poor)

before = evaluate(model, design, *given, chips=2)
before

# %% [markdown]
# ## Where it is lost
#
# Signal-to-error ratio of every layer, the worst first: of what the layer adds itself, and with the layers before it.

# %%
before.layers_frame().sort_values("own_db")[["name", "rows", "own_db", "accumulated_db"]].round(1).head()

# %% [markdown]
# ## Why
#
# Everything that may cost accuracy is undone alone, on the same images and chip; remedies are tried the same way.

# %%
from bitline.evaluation.diagnosis import Patient, diagnose
from bitline.evaluation.measured_samples import MeasuredSamples

few = MeasuredSamples.labelled(data.images[:30], data.labels[:30], batch=30)
found = diagnose(Patient(model, design, few, data.calibration))
print(found.because)
for remedy in found.remedies:
    print(f"try {remedy.name}: {100 * remedy.value:.1f} %")

# %% [markdown]
# ## What helps without training
#
# Recalibration gives every output channel two digital constants, found on the chip with images that need no labels.

# %%
from bitline.evaluation.remedies import Recalibrate

corrected = evaluate(model, design, *given, chips=2, compared_images=0, after_programming=Recalibrate(data.calibration))
print(f"{100 * before.mean:.1f} % became {100 * corrected.mean:.1f} %; floating point {100 * before.float_value:.1f} %")

# %% [markdown]
# The [remedies](../guides/remedies.md) also clip weights, choose input ranges, smooth outliers of transformers and
# fine-tune the network under the errors of its design. Other data and other measures than accuracy are in
# [Any network, any measure](../guides/any_network.md).
