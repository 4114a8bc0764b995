"""Reports of analyses: findings numbered and boxed, text as text, one page that fetches nothing."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from itertools import combinations
from uuid import UUID

import pytest

from libs.contracts.qc import (
    Analysis,
    CheckResult,
    Creative,
    CreativePage,
    Finding,
    Given,
    Preview,
    Region,
)
from services.qc.domain.report import (
    Pictures,
    Reported,
    facts_of,
    remarks_of,
    sheets_of,
    shown_large,
)
from services.qc.domain.report_html import report_html

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202e\n'{{ 7 * 7 }}"
CROP = "c" * 64
JPEG = b"\xff\xd8 a picture"


def at(page: int = 1, **facts: object) -> Finding:
    given = {
        "severity": "major",
        "message": "Wrong.",
        "page": page,
        "region": Region(x=0.25, y=0.5, w=0.5, h=0.1),
    }
    return Finding.model_validate(given | facts)


def preview(page: int = 1) -> Preview:
    return Preview(page=page, width_px=1600, height_px=800, sha256="a" * 64)


def analysis(*results: CheckResult, **changes: object) -> Analysis:
    creative = Creative(
        file_name="a.pdf",
        sha256="e" * 64,
        bytes=1_234_567,
        format="PDF",
        width_px=1600,
        height_px=800,
        pages=3,
        strip=[
            CreativePage(number=1, type="cover", why="“Cover”", width_px=1, height_px=1),
            CreativePage(number=2, width_px=1, height_px=1),
            CreativePage(number=3, width_px=1, height_px=1),
        ],
    )
    given = {
        "analysis_id": UUID(int=7),
        "state": "done",
        "client_id": "diageo",
        "verdict": "fail",
        "score": 41.5,
        "coverage": 90.0,
        "profile_id": "key_visual",
        "profile_version": 3,
        "profile_hash": "b" * 64,
        "checks": list(results),
        "cost_usd": Decimal("0.0123"),
        "creative": creative,
        "previews": [preview(1), preview(2)],
        "created_at": NOON,
        "finished_at": NOON,
        "duration_ms": 1500,
    }
    return Analysis.model_validate(given | changes)


def failed(*findings: Finding, check_id: str = "spelling", **facts: object) -> CheckResult:
    return CheckResult.model_validate(
        {"check_id": check_id, "state": "failed", "score": 0, "findings": findings} | facts
    )


def page_of(one: Analysis, name: str = "a.pdf", pictures: Pictures | None = None) -> str:
    shown = pictures or Pictures({1: JPEG, 2: JPEG}, {CROP: JPEG})
    return report_html([Reported(name, one, shown)], NOON)


def test_findings_are_numbered_the_worst_first_and_boxed_where_they_are() -> None:
    one = analysis(
        failed(at(severity="minor"), at(region=None)), failed(at(2, severity="critical"))
    )

    remarks = remarks_of(one)
    sheets = sheets_of(one, remarks)

    assert [(r.number, r.finding.severity) for r in remarks] == [
        (1, "critical"),
        (2, "major"),
        (3, "minor"),
    ]
    assert [[box.number for box in sheet.boxes] for sheet in sheets] == [[3], [1], []]
    [box] = sheets[1].boxes
    assert (box.x, box.y, box.width, box.height) == (400, 400, 800, 80)
    assert [sheet.number for sheet in shown_large(sheets)] == [1, 2]
    assert remarks[0].where == "page 2, 25% from the left, 50% from the top"


@pytest.mark.parametrize(
    "region",
    [
        Region(x=1, y=1, w=1, h=1),
        Region(x=0, y=0, w=1, h=1),
        Region(x=0.9, y=0, w=0.1, h=0.01),
        Region(x=0, y=0, w=0, h=0),
    ],
    ids=str,
)
def test_boxes_and_their_numbers_stay_on_the_page(region: Region) -> None:
    one = analysis(failed(at(region=region)))

    sheet = sheets_of(one, remarks_of(one))[0]
    [box] = sheet.boxes

    assert box.x + box.width <= 1600 and box.y + box.height <= 800
    assert 0 <= box.label_x <= 1600 - box.label_width
    assert 0 <= box.label_y <= 800 - sheet.label_px or box.label_y == box.y


@pytest.mark.parametrize("x", [0.0, 0.2, 0.95])
def test_numbers_of_findings_in_one_place_do_not_cover_each_other(x: float) -> None:
    same = [at(region=Region(x=x, y=0.4, w=0.05, h=0.1)) for _ in range(12)]
    one = analysis(failed(*same))

    sheet = sheets_of(one, remarks_of(one))[0]

    assert len(sheet.boxes) == 12
    for box, other in combinations(sheet.boxes, 2):
        apart = max(
            other.label_x - box.label_x - box.label_width,
            box.label_x - other.label_x - other.label_width,
            abs(box.label_y - other.label_y) - sheet.label_px,
        )
        assert apart > -1, (box.number, other.number)
    assert all(0 <= box.label_x <= 1600 - box.label_width for box in sheet.boxes)


def test_without_findings_the_first_page_is_shown() -> None:
    one = analysis()

    assert [sheet.number for sheet in shown_large(sheets_of(one, []))] == [1]


def test_what_identifies_an_analysis_is_told() -> None:
    given = Given(placement="Story", market="de", plan="Spring, version 2")

    facts = dict(facts_of(analysis(given=given, only=["spelling"])))

    assert facts["File, SHA-256"] == "e" * 64
    assert facts["Profile version, SHA-256"] == "b" * 64
    assert facts["Cost"] == "$0.0123"
    assert facts["File"] == "PDF, 1600 × 800 px, 3 pages, 1.2 MB"
    assert (facts["Placement"], facts["Market"]) == ("Story", "de")
    assert facts["Only these checks"] == "spelling"
    assert "Previous analysis" not in facts


def test_unknown_cost_is_not_nothing() -> None:
    assert dict(facts_of(analysis(cost_usd=None)))["Cost"] == "unknown"
    told = dict(facts_of(analysis(unknown_calls=2)))["Cost"]
    assert told == "$0.0123, and 2 calls of unknown cost"


class Tags(HTMLParser):
    """Every tag with its attributes, and whether all were closed."""

    VOID = {"meta", "img", "br"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_whatever_was_written_is_text() -> None:
    hostile = failed(
        at(message=HOSTILE, measured=HOSTILE, rule=HOSTILE, evidence=HOSTILE, fix=HOSTILE),
        check_id=HOSTILE,
        measurements={HOSTILE: [HOSTILE]},
        reason=HOSTILE,
        model_served=HOSTILE,
    )
    one = analysis(hostile, reason=HOSTILE, only=[HOSTILE], profile_id=HOSTILE, client_id=HOSTILE)
    lost = Reported(HOSTILE, why=HOSTILE)

    text = report_html([Reported(HOSTILE, one, Pictures({1: JPEG})), lost], NOON)

    found = Tags(text)
    assert found.open == []
    assert not {"script", "iframe", "link"} & {tag for tag, _ in found.tags}
    assert not any(name.startswith("on") for _, facts in found.tags for name in facts)
    assert "{{ 7 * 7 }}" in text, "nothing of it is a template"


def test_page_fetches_nothing_and_its_policy_allows_its_own_style_alone() -> None:
    text = page_of(analysis(failed(at(crop=CROP))))

    found = Tags(text)
    links = [v or "" for _, facts in found.tags for k, v in facts.items() if k in ("src", "href")]
    assert links and all(link.startswith(("data:image/jpeg;base64,", "#")) for link in links)
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    [policy] = [facts["content"] for tag, facts in found.tags if "http-equiv" in facts]
    assert policy and f"style-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    assert not any("style" in facts for _, facts in found.tags)


def test_every_reference_within_the_page_leads_somewhere() -> None:
    one = analysis(failed(at(), at(2, crop=CROP), at(3)))

    for text in (page_of(one), page_of(one, pictures=Pictures())):
        found = Tags(text).tags
        ids = [facts["id"] for _, facts in found if "id" in facts]
        wanted = {
            (facts["href"] or "")[1:]
            for _, facts in found
            if (facts.get("href") or "").startswith("#")
        }
        assert len(ids) == len(set(ids))
        assert wanted <= set(ids)


def test_strip_shows_every_page_with_its_type() -> None:
    text = page_of(analysis(failed(at(2))))

    strip = text[text.index('<ol class="strip">') : text.index("</ol>")]
    assert strip.count("<li") == 3
    assert "cover" in strip and "1 finding" in strip


def test_of_many_a_table_leads_to_each() -> None:
    reported = [
        Reported("a.pdf", analysis(failed(at()))),
        Reported("broken.png", why="It is damaged."),
    ]

    text = report_html(reported, NOON)

    assert '<a href="#r1"><bdi>a.pdf</bdi></a>' in text and 'id="r1"' in text
    assert "could not run" in text and "It is damaged." in text


def test_a_part_of_a_profile_says_so() -> None:
    text = page_of(analysis(only=["spelling", "barcode"]))

    assert "score and verdict are those of spelling, barcode" in text


def test_kept_results_and_long_measurements() -> None:
    text = page_of(analysis(failed(cached=True, measurements={"words": "x" * 5_000})))

    assert "<td>kept</td>" in text
    assert "x" * 1_400 in text and "x" * 1_600 not in text
