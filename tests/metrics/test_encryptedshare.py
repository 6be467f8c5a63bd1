import pytest

from imleak.interfaces import ImleakError
from imleak.metrics.encryptedshare import EncryptedShare


def test_a_share_is_in_percent_of_the_cipher(observe_bitplanes, textured):
    image = textured(height=16, width=16, bits=8)
    given = observe_bitplanes(image, 8, encrypted_share=lambda level: level / 8)
    found = EncryptedShare().measure(given)
    assert [one.value for one in found] == [12.5 * level for level in range(9)]
    assert {one.part for one in found} == {"cipher"}


def test_what_has_no_bits_to_count_is_refused_with_what_works(observe_bitplanes, textured):
    with pytest.raises(ImleakError, match="psnr or size-change"):
        EncryptedShare().measure(observe_bitplanes(textured(height=16, width=16, bits=8), 8))
