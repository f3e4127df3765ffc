"""What is wrong in a document and surely meant otherwise, mended in its text: byte for byte the same elsewhere."""

from modelspec.fixing.mending import Fix, Mended, mend

__all__ = ["Fix", "Mended", "mend"]
