"""A uniform scalar under uniform noise."""

import numpy as np

from ..task import Problem, Rows, bits


def uniform_noise(epsilon: float) -> Problem:
    r"""X uniform on (0, 1), Y = X + N with N uniform on (-epsilon, epsilon).

    .. math:: I(X;Y) = \epsilon - \ln 2\epsilon \ (\epsilon \le \tfrac12), \quad
              1 / 4\epsilon \ \text{otherwise (nats)}
    """

    def draw(n: int, rng: np.random.Generator) -> Rows:
        x = rng.random((n, 1))
        return Rows(x, x + rng.uniform(-epsilon, epsilon, (n, 1)))

    nats = epsilon - np.log(2 * epsilon) if epsilon <= 0.5 else 0.25 / epsilon
    return Problem(bits(nats), (1, 1), draw)
