"""AdamW in one fused step, without the class of torch.

Its first step imports torch's compiler, which takes longer than a small problem and is not used.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adamw import adamw

BETAS = 0.9, 0.999
EPSILON = 1e-8


class AdamW:
    """AdamW with the defaults of :class:`torch.optim.AdamW`.

    Parameters
    ----------
    parameters : to be trained.
    rate, decay : learning rate and weight decay.

    Attributes
    ----------
    state : by parameter its number of steps and its two moments, by name.

    References
    ----------
    Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], rate: float, decay: float):
        self.rate = rate
        self.decay = decay
        self.state: dict[Tensor, dict[str, Tensor]] = {one: {} for one in parameters}

    def step(self) -> None:
        """Move every parameter that has a gradient, and take the gradient away."""
        moved = [one for one in self.state if one.grad is not None]
        for one in moved:
            if not self.state[one]:
                self.state[one] = {
                    "steps": torch.zeros((), device=one.device),
                    "mean": torch.zeros_like(one),
                    "square": torch.zeros_like(one),
                }
        states = [self.state[one] for one in moved]
        with torch.no_grad():
            adamw(
                moved,
                [one.grad for one in moved if one.grad is not None],
                [state["mean"] for state in states],
                [state["square"] for state in states],
                [],
                [state["steps"] for state in states],
                fused=True,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=self.rate,
                weight_decay=self.decay,
                eps=EPSILON,
                maximize=False,
            )
        for one in moved:
            one.grad = None
