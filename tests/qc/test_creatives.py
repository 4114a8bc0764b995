"""Which files a command takes: those named, and in folders those that look like creatives."""

from pathlib import Path

import pytest

from libs.problems import Invalid
from services.qc import creatives
from services.qc.creatives import find_creatives, skipped_in_words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "sub/deep/c.pdf", "notes.txt", ".hid.png", ".git/d.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def test_folder_is_searched_in_order_without_hidden_and_unknown_files(folder: Path) -> None:
    found = find_creatives([folder])

    names = [str(file.relative_to(folder)) for file in found.files]
    assert names == ["a.JPG", "b.png", "sub/deep/c.pdf"]
    assert [file.name for file in found.skipped] == [".hid.png", "notes.txt"]


def test_file_that_is_named_is_taken_whatever_it_is_called(folder: Path) -> None:
    named = [folder / "notes.txt", folder / ".hid.png"]

    assert find_creatives(named).files == named


def test_each_file_is_checked_once(folder: Path) -> None:
    (folder / "again.png").symlink_to(folder / "b.png")
    (folder / "loop").symlink_to(folder)

    found = find_creatives([folder / "b.png", folder, folder / "sub"])

    assert [file.name for file in found.files] == ["b.png", "a.JPG", "c.pdf"]


def test_what_is_not_there_and_folders_without_a_creative_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"no file .*missing\.png"):
        find_creatives([tmp_path / "missing.png"])
    with pytest.raises(Invalid, match="There is no creative in"):
        find_creatives([tmp_path])


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_LOOKED_AT"])
def test_a_folder_too_large_is_refused(
    folder: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creatives, limit, 1)

    with pytest.raises(Invalid, match="too much below"):
        find_creatives([folder])


def test_what_was_skipped_is_told_in_one_sentence() -> None:
    paths = [Path(name) for name in ("a.txt", "b.txt", "c.txt", "d.txt")]

    assert skipped_in_words([]) == ""
    assert skipped_in_words(paths[:1]) == "Skipped 1 file that is hidden or no creative: a.txt."
    assert skipped_in_words(paths) == (
        "Skipped 4 files that are hidden or no creative: a.txt, b.txt, c.txt and 1 more."
    )
