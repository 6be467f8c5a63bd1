"""The machinery of a learned code: what of an image is known before a sample, a network that
says how probable every value of it is, and how the network is trained."""
