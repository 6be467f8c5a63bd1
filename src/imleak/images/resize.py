"""Whole images at the size an encoder wants."""

import numpy as np
import PIL.Image

from ..interfaces import Samples


def resize(samples: Samples, bits: int, size: int) -> Samples:
    """Bicubic and antialiased, to a square, whatever the aspect ratio.

    8-bit channels go through Pillow's integer arithmetic, as the preprocessing of
    published encoders does; deeper ones through 32-bit floats, which hold 16 bits
    exactly, and are rounded at the end. Overshoot is clipped to 0..2**bits - 1.

    Parameters
    ----------
    samples : (..., H, W), uint8 or uint16.
    bits : B.
    size : side of the result.

    Returns
    -------
    (..., size, size), same type.
    """
    channels = samples.reshape(-1, *samples.shape[-2:])
    resized = np.stack([_channel(channel, size) for channel in channels])
    limited = np.clip(np.rint(resized), 0, (1 << bits) - 1)
    return limited.astype(samples.dtype).reshape(*samples.shape[:-2], size, size)


def _channel(channel: Samples, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    pixels = channel if channel.dtype == np.uint8 else channel.astype(np.float32)
    image = PIL.Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((size, size), PIL.Image.Resampling.BICUBIC))
