"""The machinery of a rebuilder that tells how often samples wrap: a network, a Markov random
field over the grid of samples, and how the network is trained."""
