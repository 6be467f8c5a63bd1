"""Levels in words: of bit-planes, of shares, of steps, and of ciphers that others made."""

from __future__ import annotations

from typing import Any

import pytest

from imleak.report.levels import Levels
from schemes import BITPLANES, ETC, P3, RECORDED, REGION, planes


@pytest.mark.parametrize(
    ("manifest", "ranks", "words"),
    [
        (BITPLANES, [3], "at s = 3"),
        (BITPLANES, [1, 2, 3, 5, 7, 8], "at s = 1 to 3, 5, 7 and 8"),
        (REGION, [1, 3], "with 25 and 75 % of the area encrypted"),
        (REGION, [1, 2, 3], "with 25 to 75 % of the area encrypted"),
        (ETC, [1, 2], "with 16x16 blocks permuted and with 16x16 blocks permuted and turned"),
        (
            ETC,
            [1, 2, 3],
            "from the level with 16x16 blocks permuted to that with 16x16 blocks permuted, turned "
            "and negated",
        ),
        (RECORDED, [2, 1], 'in the ciphers "tile-xor" and "aes-ctr"'),
        ({}, [1, 2], "at level 1 and 2"),
    ],
)
def test_several_levels_are_named_together(
    manifest: dict[str, Any], ranks: list[int], words: str
) -> None:
    assert Levels.of(manifest).at(ranks) == words


def test_neighbours_are_those_that_were_measured() -> None:
    levels = Levels.of(BITPLANES)
    assert levels.at([2, 4, 6], among=[0, 2, 4, 6, 8]) == "at s = 2 to 6"
    assert levels.at([2, 4, 6]) == "at s = 2, 4 and 6"


@pytest.mark.parametrize(
    ("manifest", "ranks", "words"),
    [
        (BITPLANES, [1, 2, 3], "at every level below s = 4"),
        (BITPLANES, range(1, 9), "at every level"),
        (BITPLANES, [2], "at s = 2"),
        (BITPLANES, [2, 5], "at s = 2 and 5"),
        (REGION, [1, 2, 3], "at every level below that with 100 % of the area encrypted"),
        (ETC, [1, 2], "at every level below that with 16x16 blocks permuted, turned and negated"),
        (P3, [1, 2], "at every level above T = 1"),
        (RECORDED, [1], 'in the ciphers "tile-xor"'),
        (RECORDED, [1, 2], "in all ciphers"),
    ],
)
def test_levels_that_encrypt_something_are_every_level(
    manifest: dict[str, Any], ranks: list[int], words: str
) -> None:
    measured = [level["rank"] for level in manifest["levels"]]
    assert Levels.of(manifest).every(ranks, measured) == words


@pytest.mark.parametrize(
    ("manifest", "meaning", "ticks"),
    [
        (
            BITPLANES,
            "Level s: s of 8 planes encrypted; left in the clear: the other planes.",
            ["0", "1"],
        ),
        (REGION, "Left in the clear: the samples outside the encrypted region.", ["0 %", "25 %"]),
        (
            ETC,
            "In tables and charts permuted = 16x16 blocks permuted, + turned = 16x16 blocks "
            "permuted and turned, + negated = 16x16 blocks permuted, turned and negated, "
            "+ channels = 16x16 blocks permuted, turned and negated, channels permuted; left in "
            "the clear: the blocks without their places.",
            ["plain", "permuted"],
        ),
        (
            RECORDED,
            "The ciphers were made elsewhere, and are measured as they are.",
            ["plain", "tile-xor"],
        ),
        ({}, "", ["0", "1"]),
    ],
)
def test_levels_are_explained_once(
    manifest: dict[str, Any], meaning: str, ticks: list[str]
) -> None:
    levels = Levels.of(manifest)
    assert levels.meaning == meaning
    assert [levels.tick(rank) for rank in (0, 1)] == ticks


def test_a_sentence_about_ciphers_is_of_the_level_it_begins_with() -> None:
    levels = Levels.of(RECORDED)
    heading = 'In the ciphers "aes-ctr": '
    assert levels.headed(f"{heading}It repeats.") == (2, heading, "It repeats.")
    assert levels.headed(f"{heading.upper()}It repeats.") == (2, heading, "It repeats.")
    assert levels.headed("It repeats: often.") == (None, "", "It repeats: often.")
    one = Levels.of(RECORDED | {"levels": RECORDED["levels"][:2]})
    assert one.headed("It repeats.") == (1, "", "It repeats.")


def test_a_long_name_is_short_on_an_axis() -> None:
    long = {"label": "x" * 60, "short": "x" * 60, "phrase": "with x", "leaves_nothing": False}
    levels = Levels.of(RECORDED | {"levels": [long | {"rank": 1}]})
    assert len(levels.tick(1)) == 24
    assert levels[1].label == "x" * 60


def test_runs_share_what_they_call_alike() -> None:
    eight, twelve, region = (Levels.of(one) for one in (BITPLANES, planes(12), REGION))
    assert Levels.shared([eight, eight]).tick(3) == "3"
    mixed = Levels.shared([eight, region])
    assert (mixed.axis, mixed[1].label, mixed.tick(1)) == ("level", "level 1", "1")
    assert Levels.shared([eight, twelve]).axis == "planes encrypted, s"


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (BITPLANES, "up to s = 2"),
        (P3, "down to T = 5"),
        (ETC, "up to the level with 16x16 blocks permuted and turned"),
        (RECORDED, 'in the ciphers "tile-xor" and "aes-ctr"'),
    ],
)
def test_how_far_something_reaches(manifest: dict[str, Any], words: str) -> None:
    assert Levels.of(manifest).up_to([1, 2]) == words
