"""In which order a JPEG file codes the blocks of a component, and the coefficients of a block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .structure import Scan, Structure

Order = NDArray[np.intp]


def _zigzag() -> Order:
    """Diagonal by diagonal, up and down in turn; the first step is to the right."""
    rows, columns = np.divmod(np.arange(64), 8)
    diagonals = rows + columns
    return np.lexsort((np.where(diagonals % 2, rows, columns), diagonals))


ZIGZAG = _zigzag()
"""(64,) numbers of coefficients in raster order (ITU-T T.81, figure 5)."""


def order_of(structure: Structure, scan: Scan, component: int) -> Order:
    """(n,) numbers of the blocks of a component in the order of a scan, in raster order of all
    that the scan codes."""
    rows, columns = structure.coded(component, scan)
    numbers = np.arange(rows * columns)
    if not scan.interleaved:
        return numbers
    one = structure.components[component]
    units = numbers.reshape(rows // one.down, one.down, columns // one.across, one.across)
    return units.transpose(0, 2, 1, 3).ravel()


def blocks_of_an_mcu(structure: Structure, scan: Scan, component: int) -> int:
    one = structure.components[component]
    return one.down * one.across if scan.interleaved else 1


def places_in(shape: tuple[int, int], structure: Structure, scan: Scan, component: int) -> Order:
    """(n,) numbers of the blocks of a component in the order of a scan, in raster order of an
    array of blocks; -1 of those that are not in it."""
    columns = structure.coded(component, scan)[1]
    row, column = np.divmod(order_of(structure, scan, component), columns)
    inside = (row < shape[0]) & (column < shape[1])
    return np.where(inside, row * shape[1] + column, -1)
