"""Names of uploads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.qc.files import MAX_NAME_CHARS, safe_name


@pytest.mark.parametrize(
    ("offered", "shown"),
    [
        ("key visual.png", "key visual.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\logo.png", "logo.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
        ("\x1b[31mred.png", "[31mred.png"),
        ("gnp.\u202eexe.png", "gnp.exe.png"),
        (".hidden", "hidden"),
        ("", "unnamed"),
        ("///", "unnamed"),
        ("été_größe_写真.png", "été_größe_写真.png"),
    ],
)
def test_name_is_one_word_of_a_path_and_one_line(offered: str, shown: str) -> None:
    assert safe_name(offered) == shown


def test_long_name_keeps_its_ending() -> None:
    name = safe_name("x" * 5000 + ".png")

    assert len(name) == MAX_NAME_CHARS
    assert name.endswith(".png")


@given(st.text(max_size=600))
def test_any_name_ends_up_safe(offered: str) -> None:
    name = safe_name(offered)

    assert 0 < len(name) <= MAX_NAME_CHARS
    assert name.isprintable() and "/" not in name and "\\" not in name
    assert not name.startswith(".")
