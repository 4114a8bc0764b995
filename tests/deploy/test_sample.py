"""Rules of the sample creative."""

from pathlib import Path

import pytest
from PIL import Image

from deploy.sample import DEFECTS, write_sample


def test_it_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = write_sample(tmp_path / "one"), write_sample(tmp_path / "two")

    assert first.creative.read_bytes() == second.creative.read_bytes()
    assert first.logo.read_bytes() == second.logo.read_bytes()


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_changes_the_creative_and_nothing_else(defect: str, tmp_path: Path) -> None:
    clean, spoilt = write_sample(tmp_path / "clean"), write_sample(tmp_path / "spoilt", defect)

    assert spoilt.creative.read_bytes() != clean.creative.read_bytes()
    assert spoilt.logo.read_bytes() == clean.logo.read_bytes()
    assert spoilt.creative.name == clean.creative.name


def test_an_unknown_defect_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_sample(tmp_path, "ugly")


def test_the_creative_is_a_square_rgb_key_visual(tmp_path: Path) -> None:
    with Image.open(write_sample(tmp_path).creative) as creative:
        assert (creative.size, creative.mode, creative.format) == ((2048, 2048), "RGB", "JPEG")
