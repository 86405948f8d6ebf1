"""What helps a network on imperfect hardware, each a small step to combine with others.

`Recalibrate` corrects every programmed chip, `clip_weights` chooses weight ranges before it is programmed, `fine_tune`
trains the network under the errors of its design, `smooth` moves outliers of activations into the weights, `tune`
chooses how each layer is quantised.
"""

from bitline.evaluation.remedies.clip_weights import clip_weights
from bitline.evaluation.remedies.fine_tune import fine_tune
from bitline.evaluation.remedies.recalibrate import Recalibrate
from bitline.evaluation.remedies.smooth import smooth
from bitline.evaluation.remedies.tune import KNOBS, Knob, TunedLayer, Tuning, tune

__all__ = [
    "KNOBS",
    "Knob",
    "Recalibrate",
    "TunedLayer",
    "Tuning",
    "clip_weights",
    "fine_tune",
    "smooth",
    "tune",
]
