import dataclasses

import numpy as np
import pytest

from imleak.interfaces import ImleakError
from imleak.metrics.npcr import Npcr

EXPECTED = 99.6094
"""Wu, Noonan and Agaian, 2011, table 1, for 8 bits."""


def encrypted_again(observation):
    rng = np.random.default_rng(7)

    def again(level, change):
        assert change == "plain"
        noise = rng.integers(0, 256, observation.plain.shape).astype(np.uint8)
        return observation.plain ^ (noise >> (8 - level) << (8 - level)) if level else noise * 0

    return dataclasses.replace(observation, again=again)


@pytest.mark.parametrize("level", [1, 4, 8])
def test_noise_of_s_bits_differs_by_a_known_share(observe_bitplanes, textured, level):
    image = textured(height=256, width=256)
    given = encrypted_again(observe_bitplanes(image, levels=(level,)))
    (one,) = Npcr().measure(given)
    share = 1 - 2.0**-level
    assert one.value == pytest.approx(
        100 * share, abs=400 * np.sqrt(share * (1 - share) / image.size)
    )
    if level == 8:
        assert one.value == pytest.approx(EXPECTED, abs=0.1)


def test_what_cannot_be_encrypted_again_is_told(observe_bitplanes, textured):
    with pytest.raises(ImleakError, match="encrypted twice"):
        Npcr().measure(observe_bitplanes(textured()))
