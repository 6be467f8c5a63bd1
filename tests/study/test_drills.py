"""The drills of benchmarks/drills.py: after every disaster, results are what they were."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from drills import DRILLS, Field

KILLS = 3
MOUNTS = {"full_of_parts", "full_of_vectors", "full_of_results", "read_only"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Field:
    made = Field(tmp_path_factory.mktemp("field"), KILLS)
    made.reference()
    return made


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.__name__)
def test_nothing_is_lost(field: Field, drill: Callable[[Field, Path], None]) -> None:
    if drill.__name__ in MOUNTS and os.geteuid() != 0:
        pytest.skip("mounts a tmpfs, which needs root")
    drill(field, field.root / drill.__name__)
