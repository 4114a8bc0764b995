"""What a name from an archive or a folder may become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.qc.domain.archive_names import MOST_CHARS, shown_path, why_left_out


@given(st.text(alphabet=st.sampled_from("ab./\\:\0 \u202e\u200b~é\n"), max_size=60))
def test_whatever_is_kept_leads_nowhere_and_is_kept_as_it_is(offered: str) -> None:
    try:
        path = shown_path(offered)
    except ValueError:
        return
    parts = path.split("/")
    assert ".." not in parts and "" not in parts and "." not in parts
    assert path.isprintable() and len(path) <= MOST_CHARS and "\\" not in path
    assert shown_path(path) == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a.png", None),
        ("x/y.JPEG", None),
        ("x/.y.png", "hidden"),
        (".git/y.png", "hidden"),
        ("desktop.ini", "hidden"),
        ("png", "no creative by its name"),
        ("x/.png", "hidden"),
        ("a.png.exe", "no creative by its name"),
    ],
)
def test_what_is_hidden_or_no_creative_is_left_out(path: str, why: str | None) -> None:
    assert why_left_out(path) == why
