"""Rules of `aiqc backup` and `aiqc restore`: a platform comes back as it was, to the last digit."""

import asyncio
import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from deploy.sample import CREATIVE_NAME, LOGO_NAME, write_sample
from tests.deploy.backups import (
    OF_THIS_TREE,
    ask,
    environment,
    files_below,
    manifest_of,
    ran,
    refused,
    reports,
    sign_in,
)
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import FakeProcess, Up, fake_providers_process, run_aiqc

pytestmark = LINUX_ONLY
PROFILE = ("--client", "diageo", "--profile", "diageo_key_visual")
STORED = 3
"""Objects of one analysis: the creative, the logo, and the picture of its page."""


@dataclass(frozen=True)
class Kept:
    """A backup that was taken while the platform ran, and what there was at that moment."""

    file: Path
    data_dir: Path
    folder: Path
    reports: dict[str, str]
    entries: int
    analysis_id: str
    analysis: dict[str, Any]
    profile: dict[str, Any]
    cookie: str
    token: str


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProcess]:
    with fake_providers_process() as fake:
        yield fake


@pytest.fixture(scope="module")
def kept(fake: FakeProcess, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    sample = write_sample(folder / "sample")
    with Up(folder / "data", fake.environment | OF_THIS_TREE) as up:
        ran(up.environ, "add-logo", sample.logo, "--client", "diageo")
        checked = run_aiqc(up.environ, "check", sample.creative, *PROFILE, "--json")
        analysis = json.loads(checked.stdout)
        cookie, token = sign_in(up), up.token("qc")
        save_profile(up, cookie)
        said = ran(up.environ, "backup", folder)
        [file] = folder.glob("aiqc-*.tar")
        assert str(file) in said and "whole" in said
        return Kept(
            file,
            up.data_dir,
            folder,
            reports(up.environ),
            len(asyncio.run(up.entries(analysis["analysis_id"], at_least=1))),
            analysis["analysis_id"],
            read(up, f"/api/analyses/{analysis['analysis_id']}", cookie),
            read(up, "/api/profiles/house_style_v2", cookie),
            cookie,
            token,
        )


def save_profile(up: Up, cookie: str) -> None:
    profile = read(up, "/api/profiles/diageo_key_visual", cookie)
    profile = {name: profile[name] for name in ("description", "pass_threshold", "checks")}
    for method, path, threshold in (("POST", "", 70), ("PUT", "/house_style", 71)):
        body = profile | {"name": "House style", "visibility": "all", "visible_to_clients": []}
        body["pass_threshold"] = threshold
        url, headers = f"{up.url}api/profiles{path}", {"Cookie": cookie}
        headers["Content-Type"] = "application/json"
        with urlopen(Request(url, json.dumps(body).encode(), headers, method=method)) as response:
            assert response.status in (200, 201)


def read(up: Up, path: str, cookie: str) -> Any:
    status, found = ask(f"{up.url}{path.removeprefix('/')}", Cookie=cookie)
    assert status == 200
    return found


@pytest.fixture(scope="module")
def restored(kept: Kept, fake: FakeProcess) -> Iterator[Up]:
    up = Up(kept.folder / "restored", fake.environment | OF_THIS_TREE)
    said = ran(up.environ, "restore", kept.file)
    assert "every row and total was compared" in said and str(up.data_dir) in said
    with up:
        yield up


def test_backup_is_private_and_counts_what_there_was(kept: Kept) -> None:
    manifest, report = manifest_of(kept.file), json.loads(kept.reports["json"], parse_float=Decimal)

    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600
    assert manifest.contents.ledger.cost_usd == report["total_cost"] > 0
    assert manifest.contents.ledger.entries == kept.entries > 0
    assert manifest.contents.tables["qc.analysis"].rows == 1
    assert len([name for name in manifest.members if name.startswith("objects/")]) == STORED
    assert list(kept.folder.glob(".aiqc-*")) == []


def test_reports_are_the_same_to_the_byte(kept: Kept, restored: Up) -> None:
    assert "SUMMARY" in kept.reports["text"] and "Metric,Value" in kept.reports["csv"]
    assert reports(restored.environ) == kept.reports


def test_analyses_profiles_and_originals_are_as_they_were(kept: Kept, restored: Up) -> None:
    cookie = sign_in(restored)

    assert read(restored, f"/api/analyses/{kept.analysis_id}", cookie) == kept.analysis
    assert read(restored, "/api/profiles/house_style_v2", cookie) == kept.profile
    originals = files_below(kept.data_dir / "objects")
    assert len(originals) == STORED and files_below(restored.data_dir / "objects") == originals


def test_restored_platform_goes_on_working(kept: Kept, restored: Up) -> None:
    before = len(restored.log)
    ended = run_aiqc(
        restored.environ, "check", kept.folder / "sample" / CREATIVE_NAME, *PROFILE, "--json"
    )

    assert len(json.loads(ended.stdout)["checks"]) == 11, ended.stderr
    assert "Traceback" not in restored.log[before:]


def test_sessions_end_and_bearers_with_the_same_keys_go_on(kept: Kept, restored: Up) -> None:
    url = f"{restored.url}api/analyses/{kept.analysis_id}"
    qc = f"http://127.0.0.1:{restored.ports['qc']}/v1/analyses/{kept.analysis_id}"

    assert ask(url, Cookie=kept.cookie)[0] == 401
    assert ask(qc, Authorization=f"Bearer {kept.token}")[0] == 200


def test_secrets_are_private_again(kept: Kept, restored: Up) -> None:
    for name in ("keys.json", "service.passwords"):
        file = restored.data_dir / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_bytes() == (kept.data_dir / name).read_bytes()
    assert stat.S_IMODE(restored.data_dir.stat().st_mode) == 0o700


def test_backup_of_what_does_not_run_holds_the_same(kept: Kept, tmp_path: Path) -> None:
    ran(environment(kept.data_dir), "backup", tmp_path / "cold.tar")

    cold, hot = manifest_of(tmp_path / "cold.tar"), manifest_of(kept.file)
    assert cold.contents.ledger == hot.contents.ledger
    assert cold.contents.structure == hot.contents.structure
    assert {n: m for n, m in cold.members.items() if n.startswith("objects/")} == {
        n: m for n, m in hot.members.items() if n.startswith("objects/")
    }


def test_without_secrets_new_ones_are_made(kept: Kept, fake: FakeProcess, tmp_path: Path) -> None:
    ran(environment(kept.data_dir), "backup", tmp_path / "b.tar", "--without-secrets")
    content = (tmp_path / "b.tar").read_bytes()
    passwords = json.loads((kept.data_dir / "service.passwords").read_text())
    assert not any(password.encode() in content for password in passwords.values())
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600

    store = {"QC_STORE_URL": f"file://{tmp_path / 'originals'}"}
    up = Up(tmp_path / "data", fake.environment | OF_THIS_TREE | store)
    ran(up.environ, "restore", tmp_path / "b.tar")
    with up:
        ran(up.environ, "add-logo", kept.folder / "sample" / LOGO_NAME, "--client", "loreal")
        qc = f"http://127.0.0.1:{up.ports['qc']}/v1/analyses/{kept.analysis_id}"
        assert ask(qc, Authorization=f"Bearer {kept.token}")[0] == 401
        assert ask(qc, Authorization=f"Bearer {up.token('qc')}")[0] == 200
    assert len(files_below(tmp_path / "originals")) == STORED
    assert not (up.data_dir / "objects").exists()


def test_check_says_what_is_in_a_whole_backup_and_which_part_is_damaged(
    kept: Kept, tmp_path: Path
) -> None:
    assert "whole" in ran(environment(tmp_path / "no"), "backup", "--check", kept.file)

    damaged = damage(kept.file, tmp_path)
    sentence = refused(environment(tmp_path / "no"), "backup", "--check", damaged)
    assert "damaged" in sentence and "database/usage.dump" in sentence
    assert not (tmp_path / "no").exists()


def damage(file: Path, folder: Path) -> Path:
    """A copy with one wrong byte, in the middle of the dump of the ledger."""
    copy = folder / "damaged.tar"
    content = bytearray(file.read_bytes())
    at = content.index(b"database/usage.dump") + 512 + 5000
    content[at] ^= 1
    copy.write_bytes(content)
    return copy


def test_damaged_backup_touches_nothing(kept: Kept, tmp_path: Path) -> None:
    sentence = refused(environment(tmp_path / "new"), "restore", damage(kept.file, tmp_path))

    assert "damaged" in sentence and not (tmp_path / "new").exists()


def test_restore_takes_an_empty_folder_only(kept: Kept, restored: Up, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")

    assert "is not empty" in refused(environment(tmp_path / "full"), "restore", kept.file)
    assert "is not empty" in refused(environment(restored.data_dir), "restore", kept.file)
    assert os.listdir(tmp_path / "full") == ["mine.txt"]


def test_backup_overwrites_nothing_and_says_where_it_cannot_write(
    kept: Kept, tmp_path: Path
) -> None:
    environ = environment(kept.data_dir)
    (tmp_path / "mine").write_text("mine")

    assert "is there already" in refused(environ, "backup", tmp_path / "mine")
    assert "there is no folder" in refused(environ, "backup", tmp_path / "no" / "b.tar")
    among = kept.data_dir / "objects" / "b.tar"
    assert "among the objects" in refused(environ, "backup", among)
    assert "no AI QC in" in refused(environment(tmp_path / "none"), "backup", tmp_path / "b.tar")
    assert os.listdir(tmp_path) == ["mine"]


def test_originals_in_a_bucket_are_named_and_not_kept(kept: Kept, tmp_path: Path) -> None:
    bucket = environment(kept.data_dir, QC_STORE_URL="s3://key:s3cret@creatives/ai?token=s3cret")

    said = ran(bucket, "backup", tmp_path / "b.tar")

    assert "NOT in this backup: they are at s3://creatives/ai" in said and "s3cret" not in said
    assert b"s3cret" not in (tmp_path / "b.tar").read_bytes()
    elsewhere = environment(tmp_path / "new", QC_STORE_URL="s3://creatives")
    assert "cannot go to s3://creatives" in refused(elsewhere, "restore", kept.file)


def test_originals_elsewhere_on_the_disk_are_kept_and_put_elsewhere(
    kept: Kept, tmp_path: Path
) -> None:
    shutil.copytree(kept.data_dir / "objects", tmp_path / "originals")
    away = environment(kept.data_dir, QC_STORE_URL=f"file://{tmp_path / 'originals'}")
    (tmp_path / "originals" / "one_more").write_text("one more")
    (tmp_path / "originals" / "half#1").write_text("not whole yet")
    (kept.data_dir / "archive" / "2026-01").mkdir(parents=True)
    (kept.data_dir / "archive" / "2026-01" / "entries.parquet").write_text("PAR1")
    ran(away, "backup", tmp_path / "b.tar")

    back = tmp_path / "elsewhere"
    ran(environment(tmp_path / "new", QC_STORE_URL=f"file://{back}"), "restore", tmp_path / "b.tar")

    expected = files_below(tmp_path / "originals")
    del expected["half#1"]
    assert files_below(back) == expected and not (tmp_path / "new" / "objects").exists()
    archive = tmp_path / "new" / "archive"
    assert files_below(archive) == {"2026-01/entries.parquet": b"PAR1"}
    shutil.rmtree(kept.data_dir / "archive")
