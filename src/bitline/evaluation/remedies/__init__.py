"""What helps a network on imperfect hardware, each a small step to combine with others.

`Recalibrate` corrects every programmed chip, `clip_weights` chooses weight ranges before it is programmed, `fine_tune`
trains the network under the errors of its design.
"""

from bitline.evaluation.remedies.clip_weights import clip_weights
from bitline.evaluation.remedies.fine_tune import fine_tune
from bitline.evaluation.remedies.recalibrate import Recalibrate

__all__ = ["Recalibrate", "clip_weights", "fine_tune"]
