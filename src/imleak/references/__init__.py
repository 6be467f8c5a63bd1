"""The works that parts of imleak are of: each once, as BibTeX and as text.

A scheme, an encoder or a measure names its works beside its docstring, by their keys in
``works.toml``; one of another package gives a :class:`Work` of its own in place of a key:

>>> class Mine:
...     references = ("belghazi2018",)
>>> print(*map(Work.text, works_of(Mine)))
M. I. Belghazi, A. Baratin, S. Rajeshwar et al., "Mutual information neural estimation", \
Proceedings of the 35th International Conference on Machine Learning (ICML), PMLR 80, pp. 531-540, \
2018, arXiv:1801.04062.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ..interfaces import ImleakError

Entry = Literal[
    "article", "book", "incollection", "inproceedings", "misc", "software", "techreport"
]
_PLACES = ("journal", "booktitle", "publisher", "institution", "howpublished")
_NAMED = 3
"""Most authors that a line of text names."""


@dataclass(frozen=True)
class Work:
    """A work to cite.

    Parameters
    ----------
    key : by which it is cited.
    type : of the entry in BibTeX.
    author : "Family, Given" each; in braces what is no person, and "others" as the last for
        those that are not named.
    title, year : of it.
    fields : further ones of BibTeX, by name: journal, volume, doi; "eprint" is one of arXiv.
    """

    key: str
    type: Entry
    author: tuple[str, ...]
    title: str
    year: int
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)

    def bibtex(self) -> str:
        """The entry, for a .bib file in UTF-8; the title keeps its capitals."""
        lines = {"author": " and ".join(self.author), "title": f"{{{self.title}}}"}
        lines |= {"year": str(self.year), **self.fields}
        if "pages" in lines:
            lines["pages"] = lines["pages"].replace("-", "--")
        if "eprint" in lines:
            lines["archiveprefix"] = "arXiv"
        body = "".join(f"  {name} = {{{_escaped(text)}}},\n" for name, text in lines.items())
        return f"@{self.type}{{{self.key},\n{body}}}\n"

    def text(self) -> str:
        """One line, as a list of references has it."""
        parts = (
            self._authors(),
            f'"{self.title}"',
            self._field("edition", "{} ed."),
            *map(self._field, _PLACES),
            self._volume(),
            self._field("version", "version {}"),
            self._field("pages", "pp. {}"),
            str(self.year),
            self._field("doi", "doi:{}"),
            self._field("eprint", "arXiv:{}"),
        )
        return ", ".join(filter(None, parts)) + "."

    @property
    def short(self) -> str:
        """``Belghazi et al. 2018``, as it stands in a sentence."""
        names = [_family(name) for name in self.author]
        joined = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        return f"{joined} {self.year}"

    def _field(self, name: str, words: str = "{}") -> str:
        return words.format(self.fields[name]) if name in self.fields else ""

    def _volume(self) -> str:
        """``vol. 13(4)``, ``PMLR 80``, ``RFC 1951``"""
        volume = self._field("volume", f"{self.fields.get('series', 'vol.')} {{}}")
        return volume + self._field("number", "({})" if volume else "{}")

    def _authors(self) -> str:
        named = self.author if len(self.author) <= _NAMED else self.author[:_NAMED]
        names = ", ".join(map(_with_initials, named))
        return names if named == self.author else f"{names} et al."


class UnknownWorkError(ImleakError):
    """A key that no work has."""


@cache
def works() -> dict[str, Work]:
    """Every work by its key."""
    text = files(__package__).joinpath("works.toml").read_text(encoding="utf-8")
    return {key: _work(key, entry) for key, entry in tomllib.loads(text).items()}


def works_of(part: object) -> tuple[Work, ...]:
    """The works that a scheme, an encoder or a measure names; empty where it names none. Raises
    UnknownWorkError if a key is that of none."""
    found = []
    for one in getattr(part, "references", ()):
        if not isinstance(one, Work) and one not in works():
            raise UnknownWorkError(
                f"references of {getattr(part, 'name', part)}: no work has the key {one!r}; give "
                "an imleak.references.Work in its place"
            )
        found.append(one if isinstance(one, Work) else works()[one])
    return tuple(found)


def _work(key: str, entry: Mapping[str, Any]) -> Work:
    given = dict(entry)
    own = [given.pop(name) for name in ("type", "author", "title", "year")]
    return Work(key, own[0], tuple(own[1]), own[2], own[3], given)


def _family(author: str) -> str:
    return author.partition(",")[0].strip("{}")


def _with_initials(author: str) -> str:
    """``M. I. Belghazi``"""
    family, _, given = author.partition(", ")
    initials = " ".join(
        "-".join(f"{part[0]}." for part in name.split("-")) for name in given.split()
    )
    return f"{initials} {_family(family)}".strip()


def _escaped(text: str) -> str:
    return re.sub(r"(?<!\\)([&%#_])", r"\\\1", text)
