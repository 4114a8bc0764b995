"""`aiqc check` on folders and on some checks only, twice, as a person runs it without a key."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deploy.sample import Sample, write_sample
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import Up, run_aiqc

pytestmark = LINUX_ONLY
PROFILE = ("--client", "diageo", "--profile", "diageo_key_visual")
ONLY = ("--only", "image_resolution,file_naming", "--only", "logo_visibility")


@pytest.fixture(scope="module")
def up(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("many") / "data") as up:
        assert run_aiqc(up.environ, "add-logo", sample.logo, "--client", "diageo").returncode == 0
        yield up


@pytest.fixture(scope="module")
def folder(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "small").mkdir()
    shutil.copy(sample.creative, folder / "a good.jpg")
    shutil.copy(sample.creative, folder / "whole.jpg")
    Image.effect_noise((300, 200), 50).convert("RGB").save(folder / "small" / "tiny.png")
    (folder / "small" / "broken.png").write_text("not a picture")
    (folder / "notes.txt").write_text("to be skipped")
    return folder


def lines_of(text: str) -> dict[str, dict[str, Any]]:
    return {Path(told["file"]).name: told for told in map(json.loads, text.splitlines())}


def test_folder_is_one_line_of_json_each_and_the_worst_exit_code(up: Up, folder: Path) -> None:
    ended = run_aiqc(up.environ, "check", folder, *PROFILE, *ONLY, "--json")

    told = lines_of(ended.stdout)
    assert ended.returncode == 3, ended.stderr
    assert list(told) == ["a good.jpg", "whole.jpg", "broken.png", "tiny.png"]
    assert told["whole.jpg"]["verdict"] == "pass"
    assert told["a good.jpg"]["checks"] and told["a good.jpg"]["creative"]["file_name"] == (
        "a good.jpg"
    )
    assert told["tiny.png"]["verdict"] == "fail"
    assert told["broken.png"]["problem"]["code"] == "unknown_type"
    assert all(len(one["only"]) == 3 for name, one in told.items() if name != "broken.png")
    assert "Skipped 1 file that is hidden or no creative: notes.txt." in ended.stderr


def test_files_are_a_table_and_the_second_run_is_kept(up: Up, folder: Path) -> None:
    files = (folder / "whole.jpg", folder / "small" / "tiny.png")
    run_aiqc(up.environ, "check", *files, *PROFILE, *ONLY)

    ended = run_aiqc(up.environ, "check", *files, *PROFILE, *ONLY)

    assert ended.returncode == 1, ended.stderr
    assert "The shorter side has 200 px." in ended.stdout
    assert "2 creatives: 1 pass, 1 fail; cost $0.00; 6 of 6 results kept" in ended.stdout


def test_one_file_says_that_its_results_were_kept(up: Up, folder: Path) -> None:
    file = folder / "whole.jpg"
    first = run_aiqc(up.environ, "check", file, *PROFILE, "--only", "aspect_ratio")
    again = run_aiqc(up.environ, "check", file, *PROFILE, "--only", "aspect_ratio")

    assert (first.returncode, again.returncode) == (0, 0), again.stderr
    assert "kept" not in first.stdout
    assert "1 of 1 results were kept from an earlier check of this file." in again.stdout
    assert "only: aspect_ratio" in again.stdout


def test_one_file_is_one_object_of_json_as_ever(up: Up, folder: Path) -> None:
    ended = run_aiqc(up.environ, "check", folder / "whole.jpg", *PROFILE, *ONLY, "--json")

    analysis = json.loads(ended.stdout)
    assert (ended.returncode, analysis["verdict"]) == (0, "pass")
    assert "file" not in analysis


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("EMPTY", *PROFILE), "no creative"),
        (("FOLDER", "no-such.png", *PROFILE), "no-such.png"),
        (("FOLDER", *PROFILE, "--only", "sharpness"), "has no check 'sharpness'"),
        (("FOLDER", "--client", "nobody", "--profile", "general_key_visual"), "nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_with_the_question_is_said_once(
    up: Up, folder: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    places = {"EMPTY": tmp_path, "FOLDER": folder}

    ended = run_aiqc(up.environ, "check", *(places.get(word, word) for word in arguments))

    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.count(words) == 1, ended.stderr


def test_defects_of_many_are_told_by_file(up: Up, tmp_path: Path) -> None:
    bad = write_sample(tmp_path / "bad", "low_res").creative
    good = write_sample(tmp_path / "good").creative

    ended = run_aiqc(up.environ, "check", tmp_path, *PROFILE, "--only", "image_resolution")

    lines = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert str(bad) in lines and str(good) not in lines


def test_report_is_written_with_every_file_in_it(up: Up, folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    bad = write_sample(tmp_path, "typo").creative

    ended = run_aiqc(
        up.environ, "check", bad, folder, *PROFILE, "--only", "spelling", "--report", report
    )

    text = report.read_text()
    assert f"Wrote {report}." in ended.stderr
    assert ended.returncode == 3, "one file is no picture"
    assert text.count("<article") == 5 and "could not run" in text
    assert "sumemr" in text and "data:image/jpeg" in text
    assert list(tmp_path.glob("tmp*")) == [], "nothing is left beside it"


@pytest.mark.parametrize("place", [".", "no/such/folder/report.html"])
def test_report_that_cannot_be_written_is_told_before_anything_runs(
    up: Up, folder: Path, place: str
) -> None:
    ended = run_aiqc(up.environ, "check", folder, *PROFILE, "--report", place)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert "report" in ended.stderr or "folder" in ended.stderr
