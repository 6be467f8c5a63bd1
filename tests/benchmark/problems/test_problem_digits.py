from collections import Counter
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import mutual_info_score

from imleak.benchmark.problems.digits import before, digits, error_of, tiled, written
from imleak.benchmark.problems.discrete import table_bits
from imleak.benchmark.task import Array


@pytest.mark.parametrize("nuisance", [0.0, 0.3, 0.7])
def test_no_zero_looks_like_a_one_above_the_background(nuisance):
    zeros, ones = ({(one > nuisance).tobytes() for one in kind} for kind in written())
    assert len(zeros) > 150
    assert not zeros & ones


@pytest.mark.parametrize("nuisance", [0.0, 0.7])
@pytest.mark.parametrize("error", [0.0, 0.1, 0.5])
def test_every_pair_of_images_counted_has_the_information_of_the_bits(error, nuisance):
    """Two tiles, two zeros and two ones, three backgrounds."""
    rng = np.random.default_rng(0)
    pool = [kind[:2] for kind in written()]
    grounds = rng.random((3, 8, 16)) if nuisance else np.zeros((1, 8, 16))
    shown: dict[tuple[int, ...], Counter[bytes]] = {}
    for bits in product((0, 1), repeat=2):
        shown[bits] = Counter(
            before(tiled(_tiles(pool, bits, which), (1, 2)), ground[None], nuisance).tobytes()
            for which in product((0, 1), repeat=2)
            for ground in grounds
        )
    images = {image: at for at, image in enumerate(sorted(set().union(*shown.values())))}
    law = {
        bits: np.array([counts[one] for one in images]) / counts.total()
        for bits, counts in shown.items()
    }
    table = sum(
        np.prod([error if a != b else 1 - error for a, b in zip(sent, received, strict=True)])
        / 4
        * np.outer(law[sent], law[received])
        for sent, received in product(law, repeat=2)
    )
    shared = 1 - error_entropy(error)
    assert table_bits(table) == pytest.approx(2 * shared, abs=1e-12)
    if error < 0.5:
        assert digits(2, 2 * shared, nuisance).bits == pytest.approx(2 * shared)


@pytest.mark.parametrize(("sources", "side"), [(1, (32, 32)), (4, (32, 32)), (10, (16, 40))])
def test_the_drawn_bits_are_shared_as_said(sources, side):
    problem = digits(sources, 0.5 * sources, 0.7)
    assert problem.dims == (side[0] * side[1],) * 2
    x, y, _ = problem.draw(1500, np.random.default_rng(1))
    scale = {1: 4, 4: 2, 10: 1}[sources]
    corner = 8 * scale
    bits = [
        _read((images.reshape(-1, *side)[:, :corner:scale, :corner:scale]) > 0.7)
        for images in (x, y)
    ]
    assert np.mean(bits[0] != bits[1]) == pytest.approx(error_of(0.5), abs=0.03)
    assert mutual_info_score(*bits) / np.log(2) == pytest.approx(0.5, abs=0.07)


def test_the_error_of_a_channel():
    assert error_of(1.0) == 0
    assert error_of(0.5) == pytest.approx(0.110028, abs=1e-6)  # where h(e) is one half


def error_entropy(error: float) -> float:
    return -sum(p * np.log2(p) for p in (error, 1 - error) if p)


def _tiles(pool: list[Array], bits: tuple[int, ...], which: tuple[int, ...]) -> Array:
    return np.stack([pool[bit][one] for bit, one in zip(bits, which, strict=True)])[None]


def _read(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of masks (n, 8, 8) are of ones."""
    ones = {(one > 0.7).tobytes() for one in written()[1]}
    return np.array([mask.tobytes() in ones for mask in masks])
