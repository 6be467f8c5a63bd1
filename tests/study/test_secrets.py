"""Keys of a run stand nowhere in what it writes: results, page, images, cache, words."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imleak import audit
from imleak.interfaces import ImleakError
from imleak.keystream import _encode, derived_key, derived_nonce, hkdf_sha256
from imleak.study import Run, StudySpec

LEVELS = range(9)


def secrets(run: Run, seed: int) -> Iterator[bytes]:
    """Master key, every subkey, and the measuring constant's derivatives of every image."""
    key = derived_key(seed)
    yield key
    for image in run.manifest["images"]:
        nonce = derived_nonce(image["digest"])
        for level in LEVELS:
            yield hkdf_sha256(key, _encode("keystream", nonce, "bitplanes", level, 0))


def spellings(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield base64.b64encode(secret).rstrip(b"=")
    yield base64.urlsafe_b64encode(secret).rstrip(b"=")
    yield repr(secret)[2:-1].encode()
    yield repr(list(secret))[1:-1].encode()


def hunted(folders: list[Path]) -> bytes:
    """All bytes of all files, and their names."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(part for path in files for part in (str(path).encode(), path.read_bytes()))


def test_no_key_in_run_page_cache_or_words(
    photographs: Callable[..., Path],
    tmp_path: Path,
    own_cache: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = photographs("a.png", "b.png", size=(40, 40))
    measures = ["histogram", "psnr", "npcr", "likeness", "rows", "breaks"]
    run = audit(
        folder, out=tmp_path / "out", encoders="corners", measures=measures, patches=2, seed=7
    )
    everything = hunted([run.path, own_cache])
    everything += run.frame.to_csv().encode()  # columns of Parquet are compressed
    everything += "".join([caplog.text, *capfd.readouterr()]).encode()
    assert (run.path / "report.html").exists()
    assert any(own_cache.rglob("*.safetensors"))
    digest = run.manifest["images"][0]["digest"].encode()
    assert digest in everything  # what is there is found
    found = [spelled for one in secrets(run, 7) for spelled in spellings(one)]
    assert len(set(found)) > 100
    assert not [spelled for spelled in found if spelled in everything]


@pytest.mark.parametrize(
    "text",
    [
        "sources: !!python/object/apply:pathlib.Path.touch [ran]",
        'sources = !!python/object/apply:os.system ["touch ran"]',
        "__import__('pathlib').Path('ran').touch()",
        "cpathlib\nPath\n(S'ran'\ntR.",
    ],
)
def test_a_config_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("study.toml", "study.yaml", "study.pkl"):
        (tmp_path / name).write_text(text)
        with pytest.raises(ImleakError, match="is not TOML"):
            StudySpec.load(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_a_pickle_in_the_cache_is_data(
    photographs: Callable[..., Path], tmp_path: Path, own_cache: Path
) -> None:
    folder = photographs("a.png", "b.png")
    asked = {"encoders": "corners", "measures": "rows", "patches": 2}
    first = audit(folder, out=tmp_path / "one", **asked)
    ran = tmp_path / "ran"
    pickle = f"cpathlib\nPath\n(S'{ran}'\ntR(cbuiltins\nopen\n(S'{ran}'\nS'w'\ntR.".encode()
    for path in own_cache.rglob("*.safetensors"):
        path.write_bytes(pickle)
    second = audit(folder, out=tmp_path / "two", **asked)
    assert not ran.exists()
    assert first.frame.equals(second.frame)
