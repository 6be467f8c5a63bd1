"""The page: complete, on its own, and safe whatever files are called."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imleak.report.page import write_page

HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}.png"


class Seen(HTMLParser):
    """Tags, addresses and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


@pytest.fixture
def manifest() -> dict[str, Any]:
    image = {"digest": "ab" * 32, "height": 48, "width": 64, "channels": 1, "bits": 8}
    return {
        "command": ["imleak", "audit", HOSTILE],
        "started": "2026-01-01T10:00:00+00:00",
        "components": [{"name": "pixels", "options": {"x": "</script>"}}],
        "images": [{"name": HOSTILE, "notes": ["alpha dropped"], **image}],
        "left_out": [
            {"name": "undecodable\udcff.jpg", "why": "cut off", "measure": None, "encoder": None},
            {"name": "small.png", "why": "too small", "measure": "mine", "encoder": "resnet"},
        ],
        "keys": "Ciphers were measured under repeatable keys.",
        "warnings": ["A fixed key was used."],
        "versions": {"imleak": "9.8.7"},
    }


@pytest.fixture
def figures(tmp_path: Path) -> list[Path]:
    """A wide and a square picture with their titles, and a PDF."""
    paths = [tmp_path / "strip.png", tmp_path / "m.png"]
    for path, width in zip(paths, (40, 20), strict=True):
        entries = PngInfo()
        entries.add_text("Title", f"{path.stem} <b>")
        Image.new("L", (width, 20)).save(path, pnginfo=entries)
    return [*paths, tmp_path / "m.pdf"]


@pytest.fixture
def page(tmp_path: Path, whole: pd.DataFrame, manifest: dict[str, Any], figures: list[Path]) -> str:
    return write_page(tmp_path, whole, manifest, figures).read_text(encoding="utf-8")


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    elements = Seen(page).elements
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in elements}
    attributes = [pair for _, found in elements for pair in found.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    addresses = [value or "" for name, value in attributes if name in ("src", "href")]
    assert len(addresses) == 3
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in addresses)
    assert any("default-src 'none'" in (value or "") for _, value in attributes)
    assert not re.search(r"https?:|url\(|@import", re.sub(r'base64,[^"]+', "", page))


def test_hostile_names_are_text(page: str) -> None:
    text = Seen(page).text
    assert text.count(HOSTILE) == 2
    assert "undecodable?.jpg" in text


def test_pngs_are_embedded_whole_with_their_title(page: str, figures: list[Path]) -> None:
    images = [found for tag, found in Seen(page).elements if tag == "img"]
    embedded = [b64decode((image["src"] or "").partition(",")[2]) for image in images]
    assert embedded == [path.read_bytes() for path in figures[:2]]
    assert [image["alt"] for image in images] == ["strip <b>", "m <b>"]
    classes = [found.get("class") for tag, found in Seen(page).elements if tag == "figure"]
    assert classes == ["wide", None]


def test_the_page_says_what_was_measured_and_what_was_not(page: str) -> None:
    text = " ".join(Seen(page).text.split())
    for expected in (
        "1 image · 2 left out · 2026-01-01 10:00 UTC · imleak 9.8.7",
        "= 7.40",
        "[7.35, 7.45]",
        "no leak found infonce still rising",
        "a larger adversary would find more",
        "≥ lower bound",
        "small.png mine on resnet too small",
        "everything cut off",
        "Ciphers were measured under repeatable keys.",
        "A fixed key was used.",
        "alpha dropped",
        r'"options": {"x": "\u003c/script\u003e"}',
    ):
        assert expected in text


def test_the_page_is_the_same_every_time(
    page: str, tmp_path: Path, whole: pd.DataFrame, manifest: dict[str, Any], figures: list[Path]
) -> None:
    again = write_page(tmp_path, whole, manifest, figures)
    assert again.read_text(encoding="utf-8") == page


def test_an_empty_manifest_is_enough(tmp_path: Path, whole: pd.DataFrame) -> None:
    text = Seen(write_page(tmp_path, whole[:0], {}, []).read_text(encoding="utf-8")).text
    assert "0 images" in text
