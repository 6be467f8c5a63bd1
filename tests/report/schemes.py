"""What a manifest says of the levels of four schemes."""

from __future__ import annotations

from typing import Any

from imleak.report.levels import Levels


def scheme(
    name: str, axis: str, clear: str, hidden: str, levels: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """Scheme and levels of a manifest; a phrase is by default "with" and the label."""
    entries = [
        {"rank": rank, "short": one["label"], "phrase": f"with {one['label']}"}
        | {"leaves_nothing": False}
        | one
        for rank, one in enumerate(levels)
    ]
    known = {"name": name, "axis": axis, "clear_part": clear, "hidden_part": hidden}
    return {"scheme": known | {"recorded": False} | more, "levels": entries}


def planes(bits: int = 8) -> dict[str, Any]:
    levels = [
        {
            "label": f"{s} of {bits} planes encrypted",
            "short": f"s = {s}",
            "phrase": f"at s = {s}",
            "leaves_nothing": s == bits,
        }
        for s in range(bits + 1)
    ]
    axis = "planes encrypted, s"
    return scheme("bitplanes", axis, "the other planes", "the encrypted planes", levels)


BITPLANES = planes()

REGION = scheme(
    "region",
    "share of the area encrypted",
    "the samples outside the encrypted region",
    "the encrypted region",
    [
        {
            "label": f"{share} % of the area encrypted",
            "short": f"{share} %",
            "leaves_nothing": share == 100,
        }
        for share in (0, 25, 50, 75, 100)
    ],
)

_BLOCKS = "16x16 blocks permuted"
ETC = scheme(
    "etc",
    "steps taken on blocks",
    "the blocks without their places",
    "the places of blocks",
    [
        {"label": "nothing encrypted", "short": "plain"},
        {"label": _BLOCKS, "short": "permuted"},
        {"label": f"{_BLOCKS} and turned", "short": "+ turned"},
        {"label": f"{_BLOCKS}, turned and negated", "short": "+ negated"},
        {"label": f"{_BLOCKS}, turned and negated, channels permuted", "short": "+ channels"},
    ],
)

P3 = scheme(
    "p3",
    "threshold, T",
    "the public part",
    "the secret part",
    [
        {"label": "nothing encrypted", "short": "plain"},
        *(
            {"label": f"coefficients clipped at {t}", "short": f"T = {t}", "phrase": f"at T = {t}"}
            for t in (20, 5, 1)
        ),
    ],
)

INSPECT = {"kind": "check", "name": "inspect", "version": "4", "options": "{}", "digest": ""}

RECORDED = scheme(
    "recorded",
    "ciphers",
    "the cipher as it is",
    "what cannot be read from the cipher",
    [
        {"label": "nothing encrypted", "short": "plain"},
        {"label": "tile-xor", "phrase": 'in the ciphers "tile-xor"'},
        {"label": "aes-ctr", "phrase": 'in the ciphers "aes-ctr"'},
    ],
    recorded=True,
) | {"components": [INSPECT]}

LEVELS = Levels.of(BITPLANES)
