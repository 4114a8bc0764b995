"""Orders in 300 pictures, and a model that obeys them, change nothing but its own answer."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
import structlog
from rich.console import Console

from libs import telemetry
from libs.contracts.profiles import Check
from libs.contracts.qc import Analysis, CheckResult, Creative, Region
from services.qc.asking.judge import Judge
from services.qc.asking.telling import Telling, Told
from services.qc.checks import run_check
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.commands import show
from services.qc.decode import open_creative
from services.qc.domain.answer import MAX_FINDINGS, parse_answers
from services.qc.domain.creative import Limits
from services.qc.domain.grouping import Group
from services.qc.domain.outcome import result_of
from services.qc.domain.report import Reported
from services.qc.domain.report_html import report_html
from services.qc.domain.reported import label
from services.qc.domain.routing import ModelRef
from services.qc.domain.views import Showing
from services.qc.gallery import Gallery
from services.qc.models import Registry
from services.qc.repository import AnalysisRow
from services.qc.showing import draw, look
from tests.qc.factories import NOON
from tests.qc.hostile_words import SIZE, Hostile, obedient, pictures, rows

COUNT, SEED, READ_BY_OCR = 300, 20_261_127, 14
EXACT = ("aspect_ratio", "color_format", "colour_profile", "file_weight", "image_resolution")
CHECKS: Mapping[str, Check] = {
    "a": Check(kind="judged", prompt="Is all text legible? Read the small print."),
    "b": Check(kind="judged", prompt="Is the brand recognised?"),
}
MODEL = ModelRef("openai", "gpt-4o")
DANGEROUS = ("\x1b", "\x00", "\r", "\u202e", "\ud800")
FORBIDDEN_TAGS = {"script", "iframe", "object", "form", "link"}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[Hostile]:
    return list(pictures(tmp_path_factory.mktemp("hostile"), COUNT, SEED))


class Seen:
    """One picture through decoding, exact checks, search and question; its words are given."""

    def __init__(self, path: Path, words: str, folder: Path) -> None:
        with open_creative(path, Limits(), name="key_visual.png") as creative:
            subject = Subject(creative)
            subject._lines[1] = [_line(row, at) for at, row in enumerate(rows(words))]
            self.exact = {name: run_check(name, subject, {}) for name in EXACT}
            showing = Showing(folder=folder, sides_px={1: (420,)}, seen_px={1: 420})
            self.message = {
                "drawn": [shown.model_dump(mode="json") for shown in draw(subject, showing)],
                "sight": look(subject, showing).model_dump(mode="json"),
            }
        self.folder = folder

    async def told(self) -> tuple[Gallery, Told]:
        row = cast(AnalysisRow, _Row())
        gallery = Gallery(row.creative)
        await gallery.hear(self.message, self.folder)
        judge = Judge(
            pool=cast(Any, None),
            registry=Registry(cast(Any, None)),
            providers={},
            default_models=(),
            limits=cast(Any, None),
            timeout_s=1.0,
            run_timeout_s=1.0,
            max_output_tokens=1,
        )
        measured = {name: found.measurements for name, found in self.exact.items()}
        telling = Telling(judge, row, list(CHECKS), gallery, measured)
        return gallery, telling.of(Group(dict(CHECKS), (MODEL,)), MODEL)


class _Row:
    client_id = "diageo"
    creative = Creative(
        file_name="key_visual.png",
        sha256="0" * 64,
        bytes=1_000,
        format="PNG",
        width_px=SIZE[0],
        height_px=SIZE[1],
        pages=1,
    )


def _line(words: str, at: int) -> Line:
    top = 10.0 + 25 * at
    quad = ((10.0, top), (400.0, top), (400.0, top + 20), (10.0, top + 20))
    region = Region(x=10 / SIZE[0], y=top / SIZE[1], w=390 / SIZE[0], h=20 / SIZE[1])
    return Line(words, 0.99, quad, region)


def judged(told: Told, answer: str) -> dict[str, CheckResult]:
    """The results of an answer, made as the group that asked makes them."""
    answers = parse_answers(answer, list(CHECKS))
    return {
        check_id: result_of(
            check_id,
            CHECKS[check_id],
            {
                "state": found.state,
                "score": found.score,
                "findings": told.placed(found.findings),
                "measurements": {"evidence": found.evidence},
            },
        )
        for check_id, found in answers.usable.items()
    }


async def test_orders_change_neither_exact_results_nor_the_question_nor_other_checks(
    hostile: list[Hostile], tmp_path: Path
) -> None:
    for one in hostile:
        ordered = Seen(one.path, one.words, tmp_path)
        harmless = Seen(one.twin, "Taste the summer", tmp_path)
        gallery, told = await ordered.told()
        calm, calmly = await harmless.told()

        assert gallery.suspected and not calm.suspected, one.words
        assert all(found.where == "picture" for found in gallery.suspected)
        for name in set(EXACT) - {"file_weight"}:
            assert ordered.exact[name] == harmless.exact[name], (name, one.words)
        assert ordered.exact["file_weight"].state == harmless.exact["file_weight"].state
        assert told.schema == calmly.schema and told.system == calmly.system
        assert rows(one.words)[0] not in told.text, one.words
        assert told.text.count("<check id=") == 2

        results = judged(told, obedient(one))
        assert set(results) == {"a", "b"}
        assert (results["b"].state, results["b"].score) == ("failed", 20)
        assert (results["a"].weight, len(results["a"].findings)) == (1.0, MAX_FINDINGS)
        assert all(found.region is None or found.region.w <= 1 for found in results["a"].findings)


async def test_words_of_a_model_reach_no_page_log_or_terminal_as_anything_but_words(
    hostile: list[Hostile], tmp_path: Path
) -> None:
    gallery, told = await Seen(hostile[0].path, hostile[0].words, tmp_path).told()
    for one in hostile:
        results = list(judged(told, obedient(one)).values())
        analysis = _analysis(results, gallery)
        said = analysis.model_dump_json()
        assert not any(
            bad in said.encode().decode("unicode_escape", "ignore") for bad in "\x1b\x00"
        )

        page = report_html([Reported(one.words, analysis)], NOON)
        assert "Suspected order (picture, page 1)" in page
        tags = _tags(page)
        assert not {tag for tag, _ in tags} & FORBIDDEN_TAGS, one.payload
        assert not [name for _, names in tags for name in names if name.startswith("on")]

        shown = io.StringIO()
        show(analysis, Console(file=shown, width=200))
        assert not any(bad in shown.getvalue() for bad in DANGEROUS), one.payload

        for form in ("json", "text"):
            (line,) = _logged(form, why=one.payload, model=label(one.payload), words=one.words)
            assert not any(bad in line for bad in DANGEROUS), one.payload


def test_orders_are_found_by_reading_the_pictures(hostile: list[Hostile]) -> None:
    """With OCR in the way, as it is in truth; each order in a look of its own."""
    chosen = [one for one in hostile if one.latin][:READ_BY_OCR]
    missed = []
    for one in chosen:
        with open_creative(one.path, Limits()) as creative:
            sight = look(Subject(creative), Showing(folder=one.path.parent))
        if not sight.suspected:
            missed.append(one.words)

    assert len(chosen) == READ_BY_OCR
    assert len(missed) <= 1, missed


def _analysis(results: list[CheckResult], gallery: Gallery) -> Analysis:
    return Analysis(
        analysis_id=UUID(int=1),
        state="done",
        client_id="diageo",
        verdict="fail",
        score=60,
        coverage=100,
        profile_id="some_profile",
        profile_version=1,
        checks=results,
        cost_usd=None,
        creative=_Row.creative,
        suspected=gallery.suspected,
        created_at=NOON,
        finished_at=NOON,
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))


def _tags(page: str) -> list[tuple[str, list[str]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.found


def _logged(form: str, **facts: object) -> Iterator[str]:
    stream = io.StringIO()
    before = structlog.get_config()
    try:
        telemetry.configure_logs("qc", form, stream)
        with redirect_stdout(stream):
            structlog.get_logger().warning("provider call failed", **facts)
    finally:
        structlog.configure(**before)
    lines = stream.getvalue().splitlines()
    assert form == "text" or json.loads(lines[0])
    return iter(lines)
