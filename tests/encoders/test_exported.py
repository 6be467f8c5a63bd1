import zipfile

import numpy as np
import pytest
import torch

from imleak.encoders.exported import Exported
from imleak.interfaces import ImleakError


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)


def test_features_are_those_of_the_network(exchanged, small_network, pictures):
    encoder = Exported(str(exchanged / "model.pt2"))
    std = torch.tensor([64, 60, 50])[:, None, None]
    expected = small_network((torch.from_numpy(pictures).float() - 127) / std)
    assert (encoder.dimension, encoder.input_size) == (8, 32)
    assert encoder.title == "torch=model.pt2"
    np.testing.assert_allclose(encoder.encode(pictures, 8), expected, atol=1e-5)
    np.testing.assert_allclose(
        Exported(str(encoder.path), batch_size=2).encode(pictures, 8), expected, atol=1e-5
    )


class Two(torch.nn.Module):
    """The mean of the channels, and their largest values."""

    def forward(self, x):
        return x.mean((2, 3)), x.amax((2, 3))


def test_one_of_several_outputs_of_a_fixed_number_of_pictures(tmp_path, pictures):
    path = tmp_path / "two.pt2"
    torch.export.save(torch.export.export(Two(), (torch.zeros(2, 3, 32, 32),)), path)
    largest = Exported(str(path), mean=0, std=1, output=1)
    np.testing.assert_allclose(largest.encode(pictures, 8), pictures.max((2, 3)))
    assert largest.encode(pictures[:0], 8).shape == (0, 3)
    with pytest.raises(ImleakError, match="has 2 outputs, and no 2"):
        Exported(str(path), mean=0, std=1, output=2)


def test_files_that_are_no_programs(exchanged, tmp_path):
    path = tmp_path / "model.pt2"
    path.write_bytes((exchanged / "model.pt2").read_bytes()[:1000])
    for content in (path.read_bytes(), b"", b"text"):
        path.write_bytes(content)
        with pytest.raises(ImleakError, match=r"not written by torch\.export\.save") as caught:
            Exported(str(path), mean=0, std=1)
        assert "\n" not in str(caught.value)
    with pytest.raises(ImleakError, match=r"torch needs a file: torch=/path/model\.pt2"):
        Exported()


@pytest.mark.parametrize("name", ["custom_obj_0", "opaque_obj_0"])
def test_objects_are_refused_unread(exchanged, tmp_path, name):
    path = tmp_path / "model.pt2"
    path.write_bytes((exchanged / "model.pt2").read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"model/data/constants/{name}", b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ImleakError, match=f"it holds {name}, an object and no tensor"):
        Exported(str(path), mean=0, std=1)
