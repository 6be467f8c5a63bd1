"""The import rules of the house: data flows one way, and nothing heavy is loaded early."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import imleak
from imleak import plugins

SOURCE = Path(imleak.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

ALLOWED: dict[str, set[str]] = {
    "interfaces": set(),
    "files": set(),
    "number_words": set(),
    "spelling": set(),
    "atomic": {"interfaces"},
    "images": {"interfaces"},
    "in_memory": {"atomic", "interfaces", "sealed"},
    "keystream": {"atomic", "interfaces"},
    "cache": {"atomic", "interfaces"},
    "machine": {"interfaces"},
    "conformance": {"images", "interfaces", "keystream", "plugins"},
    "encoder_check": {"interfaces", "images"},
    "schemes": {"interfaces", "keystream"},
    "encoders": {"interfaces", "machine"},
    "networks": {"interfaces", "images"},
    "rebuilders": {"interfaces", "machine", "networks"},
    "metrics": {"interfaces", "images", "networks"},
    "attacks": {"interfaces", "estimators"},
    "estimators": {"interfaces", "machine"},
    "benchmark": {"interfaces", "machine", "report", "study"},
    "plugins": {"interfaces"},
    "sealed": {"atomic", "interfaces", "images", "keystream", "plugins"},
    "references": {"interfaces"},
    "report": {"interfaces", "plugins", "references", "study"},
    "paper": {"previews", "images", "interfaces", "report", "study"},
    "previews": {"encoders", "images", "interfaces", "report", "study"},
    "results": {"report", "study"},
    "progress_bar": set(),
    "torchmetrics": {"attacks", "interfaces"},
    "adversary": {"atomic", "cache", "estimators", "interfaces"},
    "study": {
        "adversary",
        "atomic",
        "cache",
        "interfaces",
        "images",
        "keystream",
        "machine",
        "plugins",
        "sealed",
    },
}
"""What each part may import of the others; those of TOP stand above all."""

TOP = {"__init__", "__main__", "api", "cli", "encryption", "estimation", "training"}

FOR_ALL = {"files", "number_words", "spelling"}
"""What every part may import; imports nothing of ours."""

HEAVY = {"torch", "transformers", "skimage", "sklearn", "pandas", "matplotlib", "scipy", "pydantic"}


def dotted(path: Path) -> tuple[str, ...]:
    """imleak/study/plan.py -> ("imleak", "study", "plan"); packages without __init__."""
    parts = ("imleak", *path.relative_to(SOURCE).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts


def ours(path: Path) -> set[tuple[str, ...]]:
    """Everything of ours that a file imports, inside functions too, without "imleak"."""
    package = path.parent.relative_to(SOURCE.parent).parts
    names = imported(path.read_text(encoding="utf-8"), package)
    return {name[1:] for name in names if name[0] == "imleak" and len(name) > 1}


def imported(code: str, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (tuple(name.name.split(".")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            yield from ((*module, name.name) for name in node.names)


def part_of(path: Path) -> str:
    return dotted(path)[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(dotted(path)))
def test_a_part_imports_only_what_stands_below_it(path: Path) -> None:
    part = part_of(path)
    if part in TOP:
        return
    assert part in ALLOWED, f"{part} has no place in the house: add it to ALLOWED"
    parts = {name[0] for name in ours(path)} - {part}
    existing = {part_of(module) for module in MODULES}
    assert parts & existing <= ALLOWED[part] | FOR_ALL


def test_the_report_sees_of_a_study_what_it_stored() -> None:
    of_study = {
        name
        for path in MODULES
        if part_of(path) == "report"
        for name in ours(path)
        if name[0] == "study"
    }
    assert all(name[1:2] in ((), ("store",), ("frame",)) for name in of_study)


def plugin_modules() -> list[str]:
    places = [place for names in plugins.BUILT_IN.values() for place in names.values()]
    return sorted({place.partition(":")[0].removeprefix("imleak.") for place in places})


@pytest.mark.parametrize("module", plugin_modules())
def test_no_plugin_imports_a_sibling(module: str) -> None:
    path = SOURCE.joinpath(*module.split(".")).with_suffix(".py")
    others = {tuple(other.split(".")) for other in plugin_modules()} - {tuple(module.split("."))}
    assert not {name[:2] for name in ours(path)} & others


def test_no_import_escapes_the_rules() -> None:
    code = """
from ..schemes.bitplanes import BitPlanes
from .. import plugins
from ._entropy import entropy
import imleak.api
import numpy as np
def later():
    from imleak.study import plan
"""
    assert set(imported(code, ("imleak", "metrics"))) == {
        ("imleak", "schemes", "bitplanes", "BitPlanes"),
        ("imleak", "plugins"),
        ("imleak", "metrics", "_entropy", "entropy"),
        ("imleak", "api"),
        ("numpy",),
        ("imleak", "study", "plan"),
    }


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_us_imports_nothing_heavy() -> None:
    loaded = run_python("import sys, imleak; print(*{m.partition('.')[0] for m in sys.modules})")
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize(
    "module", ["images", "keystream", "sealed", "schemes.bitplanes", "plugins", "conformance"]
)
def test_light_parts_stay_light(module: str) -> None:
    code = f"import sys, imleak.{module}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    assert not HEAVY & set(run_python(code).split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--measure", "histogrm"], "did you mean 'histogram'"),
        (["--measure", "vif:scale=3"], "vif has no option 'scale'"),
        (["--measure", "best:seed=3"], "best has no option 'seed'"),
        (["--encoder", "efficientnet"], "did you mean 'efficientnet-lite0'?"),
        (["--scheme", "bitplane"], "did you mean 'bitplanes'?"),
    ],
)
def test_a_misspelt_name_is_refused_before_anything_heavy_is_loaded(
    words: list[str], message: str
) -> None:
    code = f"""
import sys
from imleak.cli import main
sys.argv = ["imleak", "audit", "dead-leaves:2x32x32", "-o", "never", *{words}]
try:
    main()
finally:
    print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not HEAVY - {"pydantic"} & set(done.stdout.split())


def test_every_public_name_is_there() -> None:
    for name in imleak.__all__:
        assert getattr(imleak, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        imleak.nothing  # noqa: B018
