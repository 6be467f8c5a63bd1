"""Sample values as angles, averaged over areas."""

from functools import cache

import numpy as np

from ..interfaces import Features, ImleakError, Samples
from ._areas import areas
from ._whole import WholeImageEncoder

SIZE = 32


class Phasors(WholeImageEncoder):
    r"""Mean phasor of the samples in each of size x size equal areas of a whole image.

    .. math:: z = \frac{1}{|A|} \sum_{a \in A} e^{2 \pi i c_a / 2^B}

    A clear part is known modulo a power of two, and the angle of a sample goes round with it:
    where values wrap, phasors do not jump. An image and a copy of it, compressed or reduced,
    have nearly the same mean phasors wherever samples differ little within an area: in flat,
    bright, dark and smooth places. The cosine of two vectors is that of the angles between
    them, area by area, weighted by how smooth both are.

    Phasors of colour channels are averaged. A clear part in its scaled form goes round the whole
    circle. In its shifted form it has a part of that alone, angles jump where values wrap, and
    copies are found less often.

    Parameters
    ----------
    size : areas a side.

    Raises
    ------
    ImleakError
        If it is below 1.

    References
    ----------
    Mardia, Jupp, *Directional Statistics*, Wiley, 2000, section 2.2: mean direction and mean
    resultant length.
    """

    references = ("mardia2000",)
    name = "phasors"
    argument = "size"

    def __init__(self, size: int = SIZE) -> None:
        if size < 1:
            raise ImleakError(f"phasors={size}: there is one area a side at least")
        self.size = size
        super().__init__(2 * size * size, str(size))

    @property
    def title(self) -> str:
        return self.name if self.size == SIZE else f"{self.name}={self.size}"

    def vector(self, samples: Samples, bits: int) -> Features:
        """(2 size size,): real parts, row by row, then imaginary parts."""
        rows, columns = (areas(side, self.size) for side in samples.shape[1:])
        parts = [rows @ part.take(samples).mean(0) @ columns.T for part in circle(bits)]
        return np.concatenate(parts, axis=None)


@cache
def circle(bits: int) -> Features:
    r"""(2, 2**bits): :math:`\cos` and :math:`\sin` of :math:`2 \pi c / 2^B`, for every c."""
    angles = np.arange(1 << bits) * (2 * np.pi / (1 << bits))
    return np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
