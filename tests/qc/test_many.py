"""What `aiqc check` tells of several files."""

from pathlib import Path

from services.qc.many import Checked, names_of


def test_a_name_cannot_turn_itself_round() -> None:
    files = [
        Checked(Path(f"/in/{name}"), why="-") for name in ("a\u202egnp.exe.png", "b\x1b[2J.png")
    ]

    assert names_of(files) == ["a gnp.exe.png", "b [2J.png"]


def test_a_file_is_named_from_the_folder_that_holds_all_and_by_its_run() -> None:
    files = [Checked(Path(f"/in/{name}"), why="-") for name in ("de/a.png", "fr/a.png", "fr/a.png")]

    assert names_of(files) == ["de/a.png", "fr/a.png (1 of 2)", "fr/a.png (2 of 2)"]
