"""Stacked networks are the plain networks they stand for, also in their gradients."""

import numpy as np
import pytest
import torch

from imleak.estimators.critics.networks import JointCritic, QuadraticCritic, SeparableCritic

MEMBERS = (2, 3, 2)
ROWS, DX, DY = 7, 4, 5
PLACES = [(r, at, p) for r in range(2) for at in range(3) for p in range(2)]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def shared_rows(seed=1):
    """x (R, P, b, dx), shared by levels, and y (R, L, b, dy), shared by pairings."""
    of = generator(seed)
    x = torch.randn(2, 2, ROWS, DX, generator=of)
    return x, torch.randn(2, 3, ROWS, DY, generator=of)


def own_rows(seed=1):
    """The same rows with every member's own copy."""
    x, y = shared_rows(seed)
    return (
        x[:, None].expand(2, 3, 2, ROWS, DX).clone(),
        y[:, :, None].expand(2, 3, 2, ROWS, DY).clone(),
    )


def rows_of(place, seed=1):
    """x (b, dx) and y (b, dy) of one member."""
    r, at, p = place
    x, y = shared_rows(seed)
    return x[r, p], y[r, at]


class PlainJoint(torch.nn.Module):
    """MLP on the concatenated input, as MINE is usually written."""

    def __init__(self, critic, place):
        super().__init__()
        layers, first = [], torch.cat([critic.wx[place], critic.wy[place]])
        weights = [(first, critic.b[place])]
        weights += [(w[place], b[place]) for w, b in zip(critic.deep, critic.bias, strict=True)]
        for weight, bias in weights:
            linear = torch.nn.Linear(*weight.shape)
            linear.weight.data, linear.bias.data = weight.data.T.clone(), bias.data[0].clone()
            layers += [linear, torch.nn.ReLU()]
        self.layers = torch.nn.Sequential(*layers[:-1])

    def forward(self, x, y):
        return self.layers(torch.cat([x, y], -1)).squeeze(-1)


@pytest.fixture(params=[(6,), (6, 8), (6, 8, 3)], ids=["1 layer", "2 layers", "3 layers"])
def joint(request):
    return JointCritic(MEMBERS, DX, DY, request.param, generator())


@pytest.mark.parametrize("rows", [shared_rows, own_rows])
def test_joint_scores_are_those_of_plain_networks(joint, rows):
    scores = joint.score(*joint.halves(*rows()))
    assert scores.shape == (*MEMBERS, ROWS)
    for place in PLACES:
        torch.testing.assert_close(scores[place], PlainJoint(joint, place)(*rows_of(place)))


@pytest.mark.parametrize("rows", [shared_rows, own_rows])
def test_joint_gradients_are_those_of_plain_networks(joint, rows):
    """One step of the loss of all members is a step of each member's own."""
    pull = torch.randn(*MEMBERS, ROWS, generator=generator(2))
    (joint.score(*joint.halves(*rows())) * pull).sum().backward()
    for place in PLACES:
        plain = PlainJoint(joint, place)
        (plain(*rows_of(place)) * pull[place]).sum().backward()
        first, *deep = (layer for layer in plain.layers if hasattr(layer, "weight"))
        stacked = torch.cat([joint.wx.grad[place], joint.wy.grad[place]])
        torch.testing.assert_close(stacked, first.weight.grad.T)
        torch.testing.assert_close(joint.b.grad[place][0], first.bias.grad)
        for layer, weight, bias in zip(deep, joint.deep, joint.bias, strict=True):
            torch.testing.assert_close(weight.grad[place], layer.weight.grad.T)
            torch.testing.assert_close(bias.grad[place][0], layer.bias.grad)


def test_members_start_differently_and_as_wide_as_torch_starts_a_layer():
    critic = JointCritic(MEMBERS, 30, 20, (40, 40), generator())
    assert len(torch.unique(critic.wx)) > 0.99 * critic.wx.numel()
    for parameter, fan_in in [
        (critic.wx, 50),
        (critic.wy, 50),
        (critic.b, 50),
        (critic.deep[0], 40),
    ]:
        weight = parameter.detach()
        assert float(weight.abs().max()) == pytest.approx(fan_in**-0.5, rel=0.05)
        assert float(weight.std()) == pytest.approx((3 * fan_in) ** -0.5, rel=0.1)
    again = JointCritic(MEMBERS, 30, 20, (40, 40), generator())
    assert torch.equal(critic.wy, again.wy)


@pytest.mark.parametrize("rows", [shared_rows, own_rows])
@pytest.mark.parametrize("hidden", [None, 6])
def test_separable_scores_are_cosines_of_all_pairs(rows, hidden):
    critic = SeparableCritic(MEMBERS, DX, DY, 3, hidden, generator(), temperature=0.5)
    with torch.no_grad():
        critic.log_scale += torch.randn(critic.log_scale.shape, generator=generator(3))
    scores = critic.score(*critic.project(*rows()))
    assert scores.shape == (*MEMBERS, ROWS, ROWS)
    for place in PLACES:
        x, y = rows_of(place)
        f, g = x @ critic.fx[place], y @ critic.fy[place]
        if hidden:
            f = torch.relu(f + critic.bx[place]) @ critic.gx[place]
            g = torch.relu(g + critic.by[place]) @ critic.gy[place]
        cosine = torch.nn.functional.cosine_similarity(g[:, None], f[None], dim=-1)
        expected = cosine * critic.log_scale[place].exp()
        torch.testing.assert_close(scores[place], expected, atol=1e-5, rtol=1e-5)


def test_separable_gradients_stay_with_their_member():
    critic = SeparableCritic(MEMBERS, DX, DY, 3, 6, generator())
    critic.score(*critic.project(*shared_rows()))[1, 2, 0].square().sum().backward()
    for parameter in critic.parameters():
        touched = parameter.grad.abs().amax((-1, -2)) > 0
        assert touched[1, 2, 0]
        assert touched.sum() == 1


def test_a_new_critic_has_its_temperature():
    critic = SeparableCritic(MEMBERS, DX, DY, 3, None, generator(), temperature=0.2)
    torch.testing.assert_close(critic.log_scale.exp(), torch.full((*MEMBERS, 1, 1), 5.0))
    x, y = torch.zeros(2, 2, ROWS, DX), torch.zeros(2, 3, ROWS, DY)
    assert torch.all(critic.score(*critic.project(x, y)) == 0), "nothing to see, nothing said"


def quadratic():
    cross = torch.randn(*MEMBERS, 1, DX, generator=generator(4))
    square = torch.randn(*MEMBERS, 1, DX, generator=generator(5))
    return QuadraticCritic(MEMBERS, (6, 6), generator(), cross, square)


def test_a_quadratic_critic_starts_at_its_quadratic_form():
    critic = quadratic()
    x = torch.randn(*MEMBERS, ROWS, DX, generator=generator(6))
    y = torch.randn(*MEMBERS, ROWS, DX, generator=generator(7))
    scores = critic.score(*critic.halves(x, y))
    for place in PLACES:
        a, b = critic.cross[place][0], critic.square_u[place][0]
        form = (x[place] * a * y[place] + b * (x[place] ** 2 + y[place] ** 2)).sum(-1)
        torch.testing.assert_close(scores[place], form)


def test_a_quadratic_critic_learns_form_and_network():
    critic = quadratic()
    x = torch.randn(*MEMBERS, ROWS, DX, generator=generator(6))
    critic.score(*critic.halves(x, x.flip(-2))).square().sum().backward()
    for parameter in (critic.cross, critic.square_u, critic.square_v, critic.deep[-1]):
        assert torch.all(parameter.grad.abs().amax((-1, -2)) > 0)
    torch.testing.assert_close(critic.square_u.grad, critic.square_v.grad)
    with torch.no_grad():
        critic.square_u.add_(1)
    assert not torch.equal(critic.square_u, critic.square_v), "they are not one tensor"


CRITICS = {
    "joint": lambda: JointCritic(MEMBERS, DX, DY, (6, 8), generator()),
    "linear": lambda: SeparableCritic(MEMBERS, DX, DY, 3, None, generator()),
    "hidden": lambda: SeparableCritic(MEMBERS, DX, DY, 3, 6, generator()),
}


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("rows", [shared_rows, own_rows])
@pytest.mark.parametrize("r", [0, 1])
def test_one_split_alone_scores_as_it_does_in_the_stack(name, rows, r):
    critic, (x, y) = CRITICS[name](), rows()

    def scores(stack, x, y):
        halves = stack.halves(x, y) if isinstance(stack, JointCritic) else stack.project(x, y)
        return stack.score(*halves)

    alone = scores(critic.only(r), x[r : r + 1], y[r : r + 1])
    torch.testing.assert_close(alone[0], scores(critic, x, y)[r])


def test_one_split_alone_of_a_quadratic_critic():
    critic = quadratic()
    x = torch.randn(*MEMBERS, ROWS, DX, generator=generator(6))
    whole = critic.score(*critic.halves(x, x))
    alone = critic.only(1)
    torch.testing.assert_close(alone.score(*alone.halves(x[1:], x[1:]))[0], whole[1])


def test_one_split_alone_shares_its_weights():
    critic = JointCritic(MEMBERS, DX, DY, (6,), generator())
    alone = critic.only(1)
    with torch.no_grad():
        critic.wx[1] += 1
        critic.deep[0][1] += 1
    assert torch.equal(alone.wx[0], critic.wx[1])
    assert torch.equal(alone.deep[0][0], critic.deep[0][1])
    assert critic.wx.shape[0] == 2, "and leaves the stack as it was"


@pytest.mark.parametrize("rows", [shared_rows, own_rows])
def test_half_precision_stays_near_the_full_one(rows):
    full, half = (
        JointCritic(MEMBERS, DX, DY, (16, 16), generator(), precision)
        for precision in (torch.float32, torch.bfloat16)
    )
    expected = full.score(*full.halves(*rows()))
    found = half.score(*half.halves(*rows()))
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    np.testing.assert_allclose(found.detach(), expected.detach(), atol=0.02)
