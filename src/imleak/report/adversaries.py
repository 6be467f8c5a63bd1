"""Names of the measures, encoders and verdicts that a report has words for."""

CLAIMS = ("leak", "saturated")
"""Verdicts that claim a leak."""
PIXELS, LAYOUT, TONES = "pixels", "layout", "tones"
"""Names of the encoder of single samples, and of those of whole images without a network."""
CODE_LENGTH, HISTOGRAM = "codelength", "histogram"
"""Measures whose ceiling is the logarithm of the values a clear sample can take."""
RECOGNISE, MATCH, CONFIRM = "recognise", "match", "confirm"
"""Measures that learned from none of the images, the gravest finding first."""
REBUILD, OF_REBUILT = "rebuild", " of the rebuilt image"
"""The measure of rebuilt images, and how the title of a view ends that sees them."""
INSPECT = "inspect"
"""The measure of how ciphers were made; what it finds stands in the manifest as sentences."""
