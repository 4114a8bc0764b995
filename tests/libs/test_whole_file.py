"""A file that somebody named is written whole, and is the kind of file that it was."""

import os
import stat
import threading
from pathlib import Path

import pytest

from libs.whole_file import write_whole


def test_file_is_written_over_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / ("ü" * 120 + ".json")  # 246 bytes of the 255 that a name may have
    file.write_bytes(b"old" * 1_000)

    write_whole(file, b"new")

    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_link_stays_and_leads_to_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    target, link = tmp_path / "reports" / "november.txt", tmp_path / "latest.txt"
    link.symlink_to(target)

    for content in (b"first", b"second"):
        write_whole(link, content)
        assert (link.is_symlink(), target.read_bytes()) == (True, content)


def test_pipe_stays_a_pipe_and_is_written_to(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()

    write_whole(pipe, b"report")

    reader.join(10)
    assert read == [b"report"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"report")
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "missing" / "file", b"report")
    assert list(tmp_path.iterdir()) == []
