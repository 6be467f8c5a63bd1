import dataclasses

import numpy as np
import pytest

from imleak.interfaces import ImleakError
from imleak.metrics.encryptiontime import EncryptionTime


def test_time_is_of_the_encryption_and_by_a_million_samples(observe_bitplanes, monkeypatch):
    clock = iter([1.0, 1.5])
    monkeypatch.setattr("imleak.metrics.encryptiontime.thread_time", lambda: next(clock))
    given = observe_bitplanes(np.zeros((1, 10, 20), np.uint8), levels=(3,))
    asked = []

    def again(level, change):
        asked.append((level, change))
        return given.plain

    given = dataclasses.replace(given, again=again)
    (one,) = EncryptionTime().measure(given)
    assert one.value == pytest.approx(500 * 1e6 / 200)
    assert (one.unit, one.bound, one.part) == ("ms/MP", "none", "cipher")
    assert asked == [(3, "key")], "a fresh cipher, not one that was made before"


def test_what_cannot_be_encrypted_here_is_refused(observe_bitplanes, textured):
    with pytest.raises(ImleakError, match="encryption-time needs the image encrypted twice"):
        EncryptionTime().measure(observe_bitplanes(textured()))
