"""A page in the browser on which designs are built, costed as one drags, measured and compared."""

from bitline.studio.server import StudioServer, serve
from bitline.studio.session import Session

__all__ = ["Session", "StudioServer", "serve"]
