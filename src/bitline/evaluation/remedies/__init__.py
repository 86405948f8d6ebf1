"""What helps a network on imperfect hardware, each a small step to combine with others.

`Recalibrate` corrects every programmed chip, `clip_weights` chooses weight ranges before it is programmed,
`choose_input_ranges` those of inputs, `tune` how each layer is quantised, `fine_tune` trains the network under the
errors of its design, `smooth` moves outliers of activations into the weights.
"""

from bitline.evaluation.remedies.choose_input_ranges import choose_input_ranges
from bitline.evaluation.remedies.clip_weights import clip_weights
from bitline.evaluation.remedies.fine_tune import Epoch, FineTuned, fine_tune
from bitline.evaluation.remedies.forward_passes import ForwardPass, ProgrammedWeights, WholeChip
from bitline.evaluation.remedies.recalibrate import Recalibrate
from bitline.evaluation.remedies.smooth import smooth
from bitline.evaluation.remedies.trained_ranges import CalibratedRanges, InputRanges, LearntRanges
from bitline.evaluation.remedies.training import likely_loss
from bitline.evaluation.remedies.tune import KNOBS, Knob, TunedLayer, Tuning, tune

__all__ = [
    "KNOBS",
    "CalibratedRanges",
    "Epoch",
    "FineTuned",
    "ForwardPass",
    "InputRanges",
    "Knob",
    "LearntRanges",
    "ProgrammedWeights",
    "Recalibrate",
    "TunedLayer",
    "Tuning",
    "WholeChip",
    "choose_input_ranges",
    "clip_weights",
    "fine_tune",
    "likely_loss",
    "smooth",
    "tune",
]
