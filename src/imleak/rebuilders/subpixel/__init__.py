"""The machinery of a rebuilder that has learned what stands in blocks: what a network sees of
them, the network, and how it is trained."""
