import dataclasses

import numpy as np
import pytest

from imleak.metrics.encryptiontime import EncryptionTime


def test_time_is_of_the_encryption_and_by_a_million_samples(observe_bitplanes, monkeypatch):
    clock = iter([1.0, 1.5])
    monkeypatch.setattr("imleak.metrics.encryptiontime.thread_time", lambda: next(clock))
    given = observe_bitplanes(np.zeros((1, 10, 20), np.uint8), levels=(3,))
    asked = []
    given = dataclasses.replace(given, cipher=lambda level: asked.append(level) or given.plain)
    (reading,) = EncryptionTime().measure(given)
    assert reading.value == pytest.approx(500 * 1e6 / 200)
    assert asked == [3]
