"""An example: layers of one's own."""
