import json
import zipfile

import numpy as np
import pytest
import torch

from imleak.encoders.exported import Exported
from imleak.interfaces import ImleakError


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)


def trusted(path, **options):
    return Exported(str(path), trust=True, **options)


def test_features_are_those_of_the_network(exchanged, small_network, images):
    encoder = trusted(exchanged / "model.pt2")
    std = torch.tensor([64, 60, 50])[:, None, None]
    expected = small_network((torch.from_numpy(images).float() - 127) / std)
    assert (encoder.dimension, encoder.input_size) == (8, 32)
    assert encoder.title == "torch=model.pt2"
    np.testing.assert_allclose(encoder.encode(images, 8), expected, atol=1e-5)
    np.testing.assert_allclose(
        trusted(encoder.path, batch_size=2).encode(images, 8), expected, atol=1e-5
    )


class Two(torch.nn.Module):
    """The mean of the channels, and their largest values."""

    def forward(self, x):
        return x.mean((2, 3)), x.amax((2, 3))


def test_one_of_several_outputs_of_a_fixed_number_of_images(tmp_path, images):
    path = tmp_path / "two.pt2"
    torch.export.save(torch.export.export(Two(), (torch.zeros(2, 3, 32, 32),)), path)
    largest = trusted(path, mean=0, std=1, output=1)
    np.testing.assert_allclose(largest.encode(images, 8), images.max((2, 3)))
    assert largest.encode(images[:0], 8).shape == (0, 3)
    with pytest.raises(ImleakError, match="has 2 outputs, and no 2"):
        trusted(path, mean=0, std=1, output=2).digest  # noqa: B018


def test_files_that_are_no_programs(exchanged, tmp_path):
    path = tmp_path / "model.pt2"
    path.write_bytes((exchanged / "model.pt2").read_bytes()[:1000])
    for content in (path.read_bytes(), b"", b"text"):
        path.write_bytes(content)
        with pytest.raises(ImleakError, match=r"not written by torch\.export\.save") as caught:
            trusted(path, mean=0, std=1).digest  # noqa: B018
        assert "\n" not in str(caught.value)
    with pytest.raises(ImleakError, match=r"torch needs a file: torch=/path/model\.pt2"):
        Exported()


def hostile(source, path, ran):
    """A program whose expression for the number of images writes a file."""
    code = f"__import__('pathlib').Path({str(ran)!r}).write_text('ran')"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("models/model.json"):
                model = json.loads(content)
                sizes = model["graph_module"]["graph"]["tensor_values"]["input"]["sizes"]
                assert "Symbol" in sizes[0]["as_expr"]["expr_str"]
                sizes[0]["as_expr"]["expr_str"] = code
                content = json.dumps(model).encode()
            new.writestr(item.filename, content)
    return path


def test_a_program_runs_nothing_unless_it_is_trusted(exchanged, tmp_path):
    ran = tmp_path / "ran"
    path = hostile(exchanged / "model.pt2", tmp_path / "model.pt2", ran)
    for trust in (False, None, "yes", 1):
        with pytest.raises(ImleakError, match=r"write torch=.*/model\.pt2,trust=true") as caught:
            Exported(str(path), mean=0, std=1, trust=trust)
        assert "\n" not in str(caught.value)
    assert not ran.exists()
    with pytest.raises(ImleakError):  # it does what it was made for, and then fails
        trusted(path, mean=0, std=1).digest  # noqa: B018
    assert ran.exists()


def test_a_script_is_refused_in_either_case(tmp_path):
    path = tmp_path / "model.pt"
    with torch.serialization.safe_globals([]):
        torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(ImleakError, match="trust=true"):
        Exported(str(path), mean=0, std=1)
    with pytest.raises(ImleakError, match="not written by"):
        trusted(path, mean=0, std=1).digest  # noqa: B018


class Halves(torch.nn.Module):
    """Works in half precision whatever it is given."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 4).half()

    def forward(self, x):
        return self.layer(x.half().mean((2, 3)))


@pytest.mark.parametrize("given", [torch.float32, torch.float16])
def test_a_program_runs_in_its_own_types(tmp_path, images, given):
    network, path = Halves(), tmp_path / "half.pt2"
    free = ({0: torch.export.Dim("n")},)
    shown = torch.zeros(2, 3, 32, 32, dtype=given)
    torch.export.save(torch.export.export(network, (shown,), dynamic_shapes=free), path)
    encoder = trusted(path, mean=127, std=64)
    expected = network((torch.from_numpy(images).float() - 127) / 64).detach().float()
    found = encoder.encode(images, 8)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_a_program_of_whole_numbers_is_not_shown_cut_ones(tmp_path, images):
    path, shown = tmp_path / "whole.pt2", torch.zeros(5, 3, 32, 32, dtype=torch.int64)
    torch.export.save(torch.export.export(Halves(), (shown,)), path)
    with pytest.raises(RuntimeError, match="dtype mismatch"):
        trusted(path, mean=127, std=64).encode(images, 8)
