"""The optimiser is AdamW, and brings no compiler with it."""

import subprocess
import sys

import pytest
import torch

from imleak.estimators.critics.adamw import AdamW

RATE, DECAY = 0.01, 0.1


def test_it_moves_as_the_paper_says():
    """Algorithm 2 of Loshchilov and Hutter; a weight without a gradient stays where it is."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.nn.Parameter(torch.randn(3, size, 4, generator=generator)) for size in (2, 1)]
    optimiser = AdamW(weights, RATE, DECAY)
    theta, still = weights[0].detach().double().clone(), weights[1].detach().clone()
    mean = square = torch.zeros_like(theta)
    for step in range(1, 6):
        weights[0].grad = torch.randn(theta.shape, generator=generator)
        gradient = weights[0].grad.double()
        optimiser.step()
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        unbiased = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        theta = (1 - RATE * DECAY) * theta - RATE * unbiased[0] / (unbiased[1].sqrt() + 1e-8)
        torch.testing.assert_close(weights[0].double(), theta, atol=1e-6, rtol=1e-5)
        assert weights[0].grad is None
    assert torch.equal(weights[1], still)


@pytest.mark.slow
def test_a_step_imports_no_compiler():
    code = (
        "import sys, torch; from imleak.estimators.critics.adamw import AdamW; "
        "one = torch.nn.Parameter(torch.ones(2)); one.grad = torch.ones(2); "
        "AdamW([one], 0.1, 0.0).step(); print('torch._dynamo' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "False"
