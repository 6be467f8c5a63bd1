"""The written gradient of stacked networks, against autograd and against PyTorch's layers."""

import pytest
import torch

from imleak.estimators.critics.perceptron import Perceptron


def made(members, rows, widths, dtype):
    generator = torch.Generator().manual_seed(3)

    def draw(*shape):
        return torch.randn(shape, dtype=dtype, generator=generator).requires_grad_()

    hx, hy = draw(*members, rows, widths[0]), draw(*members, rows, widths[0])
    layers = []
    for inner, outer in zip(widths, (*widths[1:], 1), strict=True):
        layers += [draw(*members, inner, outer), draw(*members, 1, outer)]
    return hx, hy, layers


def plain(hx, hy, layers):
    hidden = torch.relu(hx + hy)
    for at in range(0, len(layers), 2):
        hidden = hidden @ layers[at] + layers[at + 1]
        hidden = hidden if at == len(layers) - 2 else torch.relu(hidden)
    return hidden.squeeze(-1)


@pytest.mark.parametrize("members", [(1,), (2, 3, 2)])
@pytest.mark.parametrize("widths", [(4,), (4, 3), (5, 4, 3)])
def test_scores_and_gradients_are_those_of_plain_layers(members, widths):
    hx, hy, layers = made(members, 7, widths, torch.float32)
    found = Perceptron.apply(hx, hy, *layers)
    expected = plain(hx, hy, layers)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    weight = torch.linspace(-1, 1, found.numel()).view_as(found)
    inputs = (hx, hy, *layers)
    ours = torch.autograd.grad((found * weight).sum(), inputs)
    theirs = torch.autograd.grad((expected * weight).sum(), inputs)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_bf16_changes_scores_and_gradients_by_its_rounding():
    hx, hy, layers = made((2, 2, 1), 200, (32, 32), torch.float32)
    exact = Perceptron.apply(hx, hy, *layers)
    rough = Perceptron.apply(hx.bfloat16(), hy.bfloat16(), *layers)
    assert rough.dtype is torch.float32
    assert (rough - exact).detach().norm() < 0.01 * exact.detach().norm()
    one, other = (torch.autograd.grad(said.sum(), layers[0])[0] for said in (rough, exact))
    assert one.dtype is torch.float32
    assert (one - other).norm() < 0.02 * other.norm()


def test_a_network_without_hidden_rows_to_share_is_refused():
    hx, hy, layers = made((2,), 5, (4,), torch.float32)
    with pytest.raises(RuntimeError):
        Perceptron.apply(hx, hy[..., :3], *layers)
