from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import skimage.data

from imleak.images import from_samples
from imleak.interfaces import Image, Samples
from imleak.study import StudySpec, reuse, run
from imleak.study.reuse import Traces, trace

NAMES = ("astronaut", "camera", "coffee", "chelsea", "coins")


def photograph(name: str) -> Samples:
    samples = getattr(skimage.data, name)()
    return samples[np.newaxis] if samples.ndim == 2 else samples.transpose(2, 0, 1)


def encrypted(samples: Samples, level: int, keystream: np.random.Generator) -> Samples:
    """As another tool would: leading bits XOR random bytes, channel by channel, row by row."""
    mask = np.uint8(0xFF << (8 - level) & 0xFF)
    return samples ^ (keystream.integers(256, size=samples.shape, dtype=np.uint8) & mask)


def picture(name: str, samples: Samples) -> Image:
    return from_samples(name, samples, 8)


def found(pictures: dict[str, Samples]) -> list[list[str]]:
    traces = Traces()
    for place, (name, samples) in enumerate(pictures.items()):
        leading = trace(picture(name, samples))
        assert leading is not None
        traces.add(place, name, leading)
    return traces.reused(pictures)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
def test_photographs_do_not_look_encrypted_and_ciphers_do(name: str) -> None:
    samples = photograph(name)
    assert trace(picture(name, samples)) is None
    for level in (1, 4, 8):
        assert trace(picture(name, encrypted(samples, level, rng(level)))) is not None


@pytest.mark.parametrize("level", [1, 4, 8])
def test_one_keystream_on_several_images_is_found(level: int) -> None:
    reused = {name: encrypted(photograph(name), level, rng(7)) for name in NAMES[:3]}
    fresh = {name: encrypted(photograph(name), level, rng(at)) for at, name in enumerate(NAMES[3:])}
    assert found(fresh | reused) == [list(NAMES[:3])]


def test_two_keystreams_used_twice_each() -> None:
    made = {
        f"{name} {key}": encrypted(photograph(name), 3, rng(key))
        for key in (1, 2)
        for name in NAMES[:2]
    }
    assert found(made) == [["astronaut 1", "camera 1"], ["astronaut 2", "camera 2"]]


def test_fresh_keystreams_raise_no_alarm() -> None:
    """Of 8 folders of 40 ciphers each: 6,240 pairs."""
    same = np.full((1, 130, 130), 200, np.uint8)  # of one image, the hardest case
    for folder in range(8):
        keystream, traces = rng(folder), Traces()
        for at in range(40):
            leading = trace(picture("", encrypted(same, 2, keystream)))
            if leading is not None:
                traces.add(at, str(at), leading)
        assert traces.count > 35
        assert traces.reused([str(at) for at in range(40)]) == []


def test_the_statistics_are_those_of_their_definition() -> None:
    """Against bits one by one, of images that differ in length."""
    bits = [rng(at).integers(2, size=size, dtype=np.uint8) for at, size in enumerate((9000, 5000))]
    packed = [np.packbits(one).tobytes() for one in bits]
    together = (bits[0][:5000] ^ bits[1]).astype(int)
    limit = np.sqrt(2 * np.log(4 / reuse.FALSE_ALARM) * 5000)
    for flips in range(0, 700, 50):  # from random to far from it
        together[: flips * 2] = 0
        second = (bits[0][:5000] ^ together).astype(np.uint8)
        signs = 1 - 2 * together
        expected = max(abs(signs.sum()), abs((signs[1:] * signs[:-1]).sum())) > limit
        assert reuse._alike([packed[0], np.packbits(second).tobytes()])[0, 1] == expected


def test_no_more_than_so_many_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "MOST_CIPHERS", 3)
    traces = Traces()
    same = np.packbits(rng(0).integers(2, size=4096, dtype=np.uint8)).tobytes()
    for place in (4, 1, 3, 0, 2):
        traces.add(place, f"{place}", same)
    assert traces.reused("01234") == [["0", "1", "2"]]
    assert traces.reused("034") == []
    (_, more) = traces.warnings("01234")
    assert more.startswith("5 images look encrypted; the first 3 were compared")


def test_an_audit_of_ciphers_made_elsewhere_warns(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs("noise.png", size=(60, 70))
    for name in ("astronaut", "coffee"):  # in colour, measured as grey
        cipher = encrypted(photograph(name), 4, rng(5))
        PIL.Image.fromarray(cipher.transpose(1, 2, 0)).save(folder / f"{name}.png")
    PIL.Image.open(folder / "coffee.png").save(folder / "copy.png")
    done = run(StudySpec.of(sources=folder, measures="brightness"), tmp_path / "out")
    (said,) = done.manifest["warnings"]
    assert said.startswith("KEYSTREAM REUSED? The leading bits of astronaut.png and coffee.png")
