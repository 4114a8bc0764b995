"""`aiqc show`, `rerun`, `override`, `confirm`, `compare`, `reliability` and `check --repeat`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.sample import Sample, write_sample
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import Up, run_aiqc

pytestmark = LINUX_ONLY
PROFILE = ("--client", "diageo", "--profile", "diageo_key_visual")
ONLY = ("--only", "spelling,file_naming")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("reviews") / "data") as up:
        yield up


@pytest.fixture(scope="module")
def misspelt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("misspelt"), "typo").creative


def checked(up: Up, file: Path) -> dict[str, Any]:
    ended = run_aiqc(up.environ, "check", file, *PROFILE, *ONLY, "--json")
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_reviewer_says_otherwise_and_every_report_shows_both(
    up: Up, misspelt: Path, tmp_path: Path
) -> None:
    one = checked(up, misspelt)["analysis_id"]
    without = run_aiqc(up.environ, "override", one, "spelling", "passed")
    said = run_aiqc(up.environ, "override", one, "spelling", "passed", "--reason", "A name.")
    again = run_aiqc(
        up.environ, "override", one, "spelling", "failed", "--score", "0", "--reason", "No."
    )
    confirmed = run_aiqc(up.environ, "confirm", one)
    files = [tmp_path / f"report.{form}" for form in ("html", "pdf", "json")]
    shown = [run_aiqc(up.environ, "show", one, "--report", file) for file in files]
    wrong = run_aiqc(up.environ, "show", one, "--report", tmp_path / "report.docx")

    assert (without.returncode, said.returncode, again.returncode) == (3, 0, 0)
    assert "Say why: an override needs a reason." in without.stderr
    assert "PASS  score 100" in said.stdout and "Reviewers changed spelling." in said.stdout
    assert "2 of 2 results are reviewed" in confirmed.stdout
    assert all(one.returncode == 1 for one in shown), "it fails now"
    assert "said passed, 100. A name." in " ".join(shown[0].stdout.split())
    document = json.loads(files[2].read_text())
    [spelling] = [c for c in document["analysis"]["checks"] if c["check_id"] == "spelling"]
    assert [word["state"] for word in spelling["overrides"]] == ["passed", "failed"]
    assert document["analysis"]["found"]["verdict"] == "pass"
    assert document["provenance"]["result_sha256"] in files[0].read_text()
    assert files[1].read_bytes().startswith(b"%PDF")
    assert wrong.returncode == 3 and "report.docx" in wrong.stderr


def test_rerun_is_compared_with_what_it_was(up: Up, misspelt: Path, tmp_path: Path) -> None:
    first = checked(up, misspelt)
    ended = run_aiqc(up.environ, "rerun", first["analysis_id"], "--json")
    again = json.loads(ended.stdout)
    pair = (first["analysis_id"], again["analysis_id"])
    page = tmp_path / "both.html"
    same = run_aiqc(up.environ, "compare", *pair, "--report", page)
    run_aiqc(up.environ, "override", pair[1], "file_naming", "failed", "--reason", "Old name.")
    worse = run_aiqc(up.environ, "compare", *pair, "--json")
    unknown = run_aiqc(up.environ, "compare", pair[0], "0" * 32)

    assert ended.returncode == 0 and "Running spelling again." in ended.stderr
    assert again["given"]["rerun_of"] == first["analysis_id"]
    assert same.returncode == 0 and "2 same; score 0" in same.stdout
    assert page.read_text().count("data:image/jpeg;base64,") == 2
    assert worse.returncode == 1
    assert json.loads(worse.stdout)["checks"][0]["change"] == "worse"
    assert unknown.returncode == 3 and "There is no analysis" in unknown.stderr


def test_reliability_counts_what_was_reviewed(up: Up, misspelt: Path) -> None:
    for state in ("failed", "passed"):
        one = checked(up, misspelt)["analysis_id"]
        run_aiqc(up.environ, "override", one, "spelling", state, "--reason", "So it is.")

    told = run_aiqc(up.environ, "reliability", "--check", "spelling", "--json")
    shown = run_aiqc(up.environ, "reliability")
    nothing = run_aiqc(up.environ, "reliability", "--since", "2999-01-01")

    [spelling] = json.loads(told.stdout)["checks"]
    assert spelling["n"] >= 2 and 0 < spelling["precision"]["value"] < 1
    assert spelling["precision"]["low"] < spelling["precision"]["high"]
    assert "precision" in shown.stdout and "spelling" in shown.stdout
    assert "Nobody has confirmed" in nothing.stdout


def test_repeats_measure_afresh_and_tell_how_far_they_agree(
    up: Up, misspelt: Path, sample: Sample
) -> None:
    files = (misspelt, sample.creative)
    ended = run_aiqc(up.environ, "check", *files, *PROFILE, *ONLY, "--repeat", "2", "--json")
    shown = run_aiqc(up.environ, "check", misspelt, *PROFILE, *ONLY, "--repeat", "2")
    refused = run_aiqc(up.environ, "check", misspelt, *PROFILE, "--repeat", "0")

    told = json.loads(ended.stdout)
    assert len({one["analysis_id"] for one in told["analyses"]}) == 4
    assert not any(c["cached"] for one in told["analyses"] for c in one["checks"])
    assert told["agreement"]["exact"] == {"value": 1, "low": 0.5101, "high": 1, "of": 4}
    assert "2 repeats: results the same every time 100%" in " ".join(shown.stdout.split())
    assert refused.returncode == 3
