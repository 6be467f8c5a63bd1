"""Works that parts of imleak are of."""

from __future__ import annotations

import inspect
import re

import pytest

from imleak import plugins
from imleak.references import UnknownWorkError, Work, works, works_of

PARTS = [(kind, name) for kind, names in plugins.BUILT_IN.items() for name in names]


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_names_the_works_of_its_docstring(kind: plugins.Kind, name: str) -> None:
    part = plugins.load(kind, name)
    section = (inspect.getdoc(part) or "").partition("References\n----------\n")[2]
    said = " ".join(section.partition("\n\n")[0].split())
    also = {"messadi2025": "the paper", "deutsch1996": "RFC 1951", "tiff1992": "TIFF 6.0"}
    for work in works_of(part):
        family = work.author[0].partition(",")[0]
        assert family in said or also.get(work.key, family) in said


@pytest.mark.parametrize("work", works().values(), ids=list(works()))
def test_an_entry_is_one_of_bibtex(work: Work) -> None:
    assert re.fullmatch(r"[a-z]+\d{4}", work.key)
    assert work.key.endswith(str(work.year))
    entry = work.bibtex()
    assert entry.startswith(f"@{work.type}{{{work.key},\n")
    assert entry.count("{") == entry.count("}")
    for line in entry.splitlines()[1:-1]:
        assert re.fullmatch(r"  [a-z]+ = \{.+\},", line)
    assert all("," in name or name in ("others",) or name[0] == "{" for name in work.author)
    if "doi" in work.fields:
        assert re.fullmatch(r"10\.\d{4,5}/\S+", work.fields["doi"])


def test_every_work_is_named_by_a_part_or_is_of_an_interval() -> None:
    named = {work.key for part in PARTS for work in works_of(plugins.load(*part))}
    assert works().keys() - named == {"efron1993"}


def test_text_has_what_finds_it_again() -> None:
    assert works()["wang2004"].text() == (
        'Z. Wang, A. C. Bovik, H. R. Sheikh et al., "Image quality assessment: from error '
        'visibility to structural similarity", IEEE Transactions on Image Processing, '
        "vol. 13(4), pp. 600-612, 2004, doi:10.1109/TIP.2003.819861."
    )
    assert works()["deutsch1996"].text().endswith("IETF, RFC 1951, 1996, doi:10.17487/RFC1951.")
    assert works()["tan2019"].short == "Tan and Le 2019"
    assert works()["wang2004"].short == "Wang et al. 2004"


def test_bibtex_escapes_what_latex_reads() -> None:
    assert "Chaos, Solitons \\& Fractals" in works()["chen2004"].bibtex()
    assert "  pages = {600--612},\n" in works()["wang2004"].bibtex()


def test_another_package_brings_its_own_works() -> None:
    own = Work("me2030", "misc", ("Doe, Jane",), "A measure", 2030)

    class Mine:
        name = "mine"
        references = (own, "wang2004")

    assert works_of(Mine) == (own, works()["wang2004"])

    class Wrong:
        name = "wrong"
        references = ("nobody1900",)

    with pytest.raises(UnknownWorkError, match="wrong: no work has the key 'nobody1900'"):
        works_of(Wrong)
