"""What helps a network on imperfect hardware, each a small step to combine with others.

`Recalibrate` corrects every programmed chip, `tune` chooses how each layer is quantised (ranges of weights, inputs and
ADCs among it), `fine_tune` trains the network, and its input ranges if you like, under the errors of its design, and
`smooth` moves outliers of activations into the weights.
"""

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
    "fine_tune",
    "likely_loss",
    "smooth",
    "tune",
]
