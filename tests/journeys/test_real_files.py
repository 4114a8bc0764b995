"""Real creatives end in a result, hostile files in a clear answer; the service lives on."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import psutil
import pytest

from deploy.database import Dsns
from deploy.sample import Sample
from libs.api.material import MaterialApi
from libs.contracts.qc import Analysis
from libs.problems import BadRequest, Invalid, Problem, TooLarge, Unsupported
from services.qc.checks import CHECKS
from tests.house import House, open_house
from tests.journeys.following import ended
from tests.journeys.material import new_profile
from tests.trust import Trust

CLEAR = (BadRequest, Invalid, TooLarge, Unsupported)
GIBIBYTE = 1 << 30
LOGO = "otelrecipes__recipes-horizontal-blue.png"
OF_OURS = {"internal_error", "no_usable_reply", "service_away", "http_error"}
STATES_WITHOUT_FAULT = {"passed", "failed", "unsure", "not_applicable", "missing_input", "skipped"}


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


@pytest.fixture
async def api(
    dsns: Mapping[str, Dsns], trust: Trust, folder: Path
) -> AsyncIterator[tuple[MaterialApi, House]]:
    async with open_house(dsns, trust, folder) as house, house.signed_in() as api:
        yield api, house


async def check(api: MaterialApi, file: Path, profile: str) -> Analysis:
    analysis_id = await api.analyse(file, "diageo", profile)
    return await ended(api, analysis_id)


def assert_sound(file: Path, analysis: Analysis) -> None:
    assert analysis.state == "done", (file.name, analysis.reason)
    assert analysis.verdict is not None
    for result in analysis.checks:
        assert result.state in STATES_WITHOUT_FAULT, (file.name, result.check_id, result.reason)
        assert (result.score is None) == (result.state not in ("passed", "failed"))
        for finding in result.findings:
            assert finding.message and finding.page <= analysis.creative.pages
            if region := finding.region:
                assert region.x + region.w <= 1.0001 and region.y + region.h <= 1.0001


@pytest.mark.parametrize("folder_name", ["pictures", "pdfs"])
async def test_no_check_breaks_on_a_real_creative(
    api: tuple[MaterialApi, House], shared_data: Path, folder_name: str
) -> None:
    files = sorted((shared_data / "creative" / folder_name).iterdir())
    assert len(files) >= 8
    await api[0].add_logo(shared_data / "creative" / "logos" / LOGO, "diageo")
    every_check = await new_profile(api[0], **{name: {"kind": "exact"} for name in CHECKS})

    analyses = await asyncio.gather(*(check(api[0], file, every_check) for file in files))

    for file, analysis in zip(files, analyses, strict=True):
        assert_sound(file, analysis)
        assert len(analysis.checks) == len(CHECKS)


async def test_hostile_file_ends_in_a_clear_answer_or_a_result(
    api: tuple[MaterialApi, House], shared_data: Path, sample: Sample
) -> None:
    files = sorted((shared_data / "creative" / "hostile").iterdir())
    assert len(files) >= 15
    peak = Peak()
    watching = asyncio.create_task(peak.watch())
    for file in files:
        began = time.monotonic()
        try:
            analysis_id = await api[0].analyse(file, "diageo", "general_key_visual")
        except Problem as problem:
            assert isinstance(problem, CLEAR), (file.name, problem)
            assert problem.code not in OF_OURS, (file.name, problem.code)
            assert len(problem.detail) > 20, (file.name, problem.detail)
        else:
            assert_sound(file, await ended(api[0], analysis_id))
        assert time.monotonic() - began < 10, file.name
    watching.cancel()

    assert peak.decoder_bytes < GIBIBYTE
    assert_sound(sample.creative, await check(api[0], sample.creative, "general_key_visual"))


class Peak:
    """The most memory that a decoder of this process was seen with."""

    decoder_bytes = 0

    async def watch(self) -> None:
        while True:
            for child in psutil.Process().children(recursive=True):
                try:
                    if "services.qc.child" in child.cmdline():
                        self.decoder_bytes = max(self.decoder_bytes, child.memory_info().rss)
                except psutil.Error:
                    continue
            await asyncio.sleep(0.02)
