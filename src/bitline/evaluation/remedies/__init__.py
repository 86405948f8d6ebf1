"""What helps a network on imperfect hardware, each a small step to combine with others.

`Recalibrate` corrects every programmed chip, `clip_weights` chooses weight ranges before it is programmed, `fine_tune`
trains the network under the errors of its design, `smooth` moves outliers of activations into the weights.
"""

from bitline.evaluation.remedies.clip_weights import clip_weights
from bitline.evaluation.remedies.fine_tune import fine_tune
from bitline.evaluation.remedies.recalibrate import Recalibrate
from bitline.evaluation.remedies.smooth import smooth

__all__ = ["Recalibrate", "clip_weights", "fine_tune", "smooth"]
