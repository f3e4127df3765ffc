"""The samples that the layers of keras.layers over steps, images and volumes take: channels last, or first."""

from modelspec.layer import Takes

__all__ = ["IMAGE", "STEPS", "VOLUME"]

STEPS = Takes("C1", ("steps", "features"), ("features", "steps"))
IMAGE = Takes("C1", ("height", "width", "channels"), ("channels", "height", "width"))
VOLUME = Takes("C1", ("depth", "height", "width", "channels"), ("channels", "depth", "height", "width"))
