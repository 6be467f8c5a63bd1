"""A study.toml or a manifest of anybody's: how large and deep it may be, what it may not decide."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import open_regular
from ..interfaces import ImleakError
from .recorded import MANIFEST

LONGEST = 1 << 20
"""Bytes of a study.toml; a study has some hundred."""
LONGEST_MANIFEST = 1 << 30
"""Bytes of a manifest, which names every image."""
DEEPEST = 32
"""Tables and arrays within each other, and parts of a dotted key; a study has four. The reader
of TOML takes a time that grows with the square of these."""

CHOICES = ("scheme", "encoders", "target", "views", "measures")
"""Fields that name components and their options."""

# Each ends where the file does if it is not closed, so that no byte is looked at twice.
_TEXTS = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!""))*+(?:"{3,5}+|\\?\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5}+|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}")


class ConfigError(ImleakError):
    """A study.toml that cannot be read, or that decides what its reader must."""


def read_study(path: str | Path) -> dict[str, Any]:
    """The fields of a study in a TOML file, or of a run in its manifest or its folder. Raises
    ConfigError if it cannot be read, is longer or deeper than any study, or is neither."""
    path = Path(path) / MANIFEST if Path(path).is_dir() else Path(path)
    try:
        with open_regular(path) as file:
            content = file.read(LONGEST + 1)
            if content.lstrip().startswith(b"{"):  # no line of TOML does
                return _of_manifest(content + file.read(LONGEST_MANIFEST))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}") from error
    if len(content) > LONGEST:
        raise ConfigError(f"is longer than {LONGEST >> 20} MiB, and no study")
    try:
        text = content.decode("utf-8-sig")
        if _is_deep(text):
            raise ConfigError(f"is nested more than {DEEPEST} deep, and no study")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not TOML: {error}") from error


def _of_manifest(content: bytes) -> dict[str, Any]:
    """What was asked of a run; fields that were left out are left out again."""
    try:
        spec = json.loads(content)["spec"]
        return {str(name): value for name, value in spec.items() if value is not None}
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError("is neither TOML nor the manifest of a run") from error


def refuse_trust(fields: Mapping[str, Any]) -> None:
    """Refuse a study that says for its reader that a program is trusted. Raises ConfigError if any
    of its components is given ``trust``."""
    for field in CHOICES:
        if _says_trust(fields.get(field)):
            raise ConfigError(
                f"{field}: says trust of a file that runs code as it is opened; if you trust who "
                "made that file, add --trust (in Python trust=True)"
            )


def _is_deep(text: str) -> bool:
    bare = _TEXTS.sub("a", text)  # of a quoted key, a part
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", bare):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            return True
    return _DOTTED.search(bare) is not None


def _says_trust(value: object) -> bool:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str) and "trust=" in one:
            return True
        if isinstance(one, Mapping):
            if "trust" in one:
                return True
            left.extend(one.values())
        elif isinstance(one, list | tuple):
            left.extend(one)
    return False
