"""A Markov random field over the samples of an image, whose labels are how often they wrapped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Potentials = NDArray[np.float32]

SMALLEST = np.float32(1e-30)


def marginals(
    unary: Potentials,
    right: Potentials,
    down: Potentials,
    between: Potentials | None = None,
    *,
    sweeps: int = 8,
    weight: float = 1.0,
    progress: Callable[[float], None] | None = None,
) -> Potentials:
    r"""How probable every label of every sample is, by belief propagation.

    .. math:: P(k) \propto \exp\Bigl(\sum_i \theta_i(k_i)
              + \sum_{(i,j)} \theta_{ij}(k_j - k_i)\Bigr)

    A sweep passes messages along all rows, all columns and all channels, there and back,
    each of them exactly, given the messages that come from the side; what a sample knows
    reaches all of its row and column at once. Without loops (one row, one column) the result
    is exact after one sweep. It is deterministic.

    Parameters
    ----------
    unary : (C, H, W, L) log-potentials of the labels 0..L-1.
    right, down : (C, H, W-1, 2R+1) and (C, H-1, W, 2R+1) log-potentials of the label of the
        neighbour less that of the sample, from -R to R. Differences beyond R, where R is below
        L-1, have the least of these.
    between : (C-1, H, W, 2R+1), of the label of channel c+1 less that of channel c; None where
        channels have nothing to do with each other.
    sweeps : how many.
    weight : rho of tree-reweighted message passing, how probable an edge is in a spanning
        tree that is drawn; 1 is belief propagation as such, which is too sure where there
        are loops.
    progress : is told the share done, 0..1.

    Returns
    -------
    (C, H, W, L) float32 probabilities.

    References
    ----------
    Pearl, "Probabilistic reasoning in intelligent systems", 1988, chapter 4. Wainwright,
    Jaakkola & Willsky, "A new class of upper bounds on the log partition function", IEEE
    Transactions on Information Theory 51(7), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> unary = np.log([[[[0.9, 0.1], [0.5, 0.5]]]]).astype(np.float32)
    >>> equal = np.log([[[[0.1, 0.8, 0.1]]]]).astype(np.float32)
    >>> none = np.zeros((1, 0, 2, 3), np.float32)
    >>> print(marginals(unary, equal, none)[0, 0, 1].round(3))
    [0.811 0.189]
    """
    # The axis along which messages travel comes first, labels second: (X, L, C, Y).
    labels = unary.shape[-1]
    chains = [
        _Chains(right, (2, 3, 0, 1), labels, weight),
        _Chains(down, (1, 3, 0, 2), labels, weight),
    ]
    if between is not None:
        chains.append(_Chains(between, (0, 3, 1, 2), labels, weight))
    belief = unary.astype(np.float32)
    for sweep in range(sweeps):
        for chain in chains:
            belief = chain.pass_messages(belief)
        if progress:
            progress((sweep + 1) / sweeps)
    belief -= belief.max(-1, keepdims=True)
    np.exp(belief, out=belief)
    belief /= belief.sum(-1, keepdims=True)
    return belief


class _Chains:
    """All rows of a field, all columns, or all channels, and the messages along them."""

    def __init__(
        self, potentials: Potentials, axes: tuple[int, ...], labels: int, weight: float
    ) -> None:
        self.axes, self.weight = axes, np.float32(weight)
        self.pairs = np.array(potentials.transpose(axes), np.float32, order="C")
        if weight != 1:
            self.pairs /= self.weight
        self.pairs -= self.pairs.max(1, keepdims=True)
        np.exp(self.pairs, out=self.pairs)
        # What differences beyond those given have is taken off here and added for all at once.
        self.beyond = self.pairs.min(1)
        self.pairs -= self.beyond[:, None]
        self.reach = self.pairs.shape[1] // 2
        edges, _, *others = self.pairs.shape
        shape = (edges, labels, *others)
        self.forth, self.back = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def pass_messages(self, belief: Potentials) -> Potentials:
        """The belief (C, H, W, L) after new messages along these chains, there and back."""
        if not len(self.pairs):
            return belief
        nodes = np.array(belief.transpose(self.axes), order="C")
        nodes[1:] -= self.weight * self.forth
        nodes[:-1] -= self.weight * self.back
        last = len(nodes) - 1
        for edge in range(last):
            nodes[edge] += self.weight * self.back[edge]
            self._send(nodes[edge] - self.back[edge], edge, 1, self.forth[edge])
            nodes[edge + 1] += self.weight * self.forth[edge]
        for edge in reversed(range(last)):
            # What a sample believed on the way there held the old message from behind it.
            nodes[edge] -= self.weight * self.back[edge]
            self._send(nodes[edge + 1] - self.forth[edge], edge, -1, self.back[edge])
            nodes[edge] += self.weight * self.back[edge]
        return nodes.transpose(np.argsort(self.axes))

    def _send(self, source: Potentials, edge: int, way: int, target: Potentials) -> None:
        """The message of samples (L, ...) over an edge, there (1) or back (-1)."""
        labels = len(source)
        source -= source.max(0)
        np.exp(source, out=source)
        total = self.beyond[edge] * source.sum(0)
        np.maximum(total, SMALLEST, out=total)
        target[:] = total
        for step in range(max(-self.reach, 1 - labels), min(self.reach, labels - 1) + 1):
            first, last = max(0, -step), labels - max(0, step)
            target[first + step : last + step] += (
                source[first:last] * self.pairs[edge, self.reach + way * step]
            )
        np.log(target, out=target)
        target -= target.max(0)
