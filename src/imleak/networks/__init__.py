"""What trained networks share, whatever they are for: their weights, and which images they learned
from."""
