"""One analysis as HTML, PDF and JSON: the same facts in each, what was written is text."""

import json
from hashlib import sha256
from io import BytesIO
from uuid import UUID

import pypdfium2
import pytest
from PIL import Image

from libs.contracts.qc import Analysis, CheckResult, Given, Region, UsedAsset
from libs.contracts.review import AnalysisReport
from libs.problems import Unavailable
from services.qc.domain.report import Pictures, Reported
from services.qc.domain.report_pages import MOST_FINDINGS, OTHER_SCRIPTS
from services.qc.domain.review import reviewed
from services.qc.review import forms
from services.qc.review.forms import drawn
from tests.qc.domain.test_report import HOSTILE, NOON, analysis, at, failed
from tests.qc.domain.test_review import word

CROP = "c" * 64
MARGIN_PT = 40.0
"""Of a page, at its right side."""
COST = {"cost_usd": "0.00498250"}


def jpeg(colour: tuple[int, int, int] = (20, 80, 160)) -> bytes:
    content = BytesIO()
    Image.new("RGB", (1600, 800), colour).save(content, "JPEG")
    return content.getvalue()


def reported(one: Analysis) -> Reported:
    return Reported("a.pdf", one, Pictures({1: jpeg(), 2: jpeg()}, {CROP: jpeg()}))


def full() -> Analysis:
    asked = CheckResult.model_validate(
        {
            "check_id": "hierarchy",
            "state": "passed",
            "score": 88,
            "prompt_hash": "1" * 64,
            "schema_hash": "2" * 64,
            "model_requested": "openai/gpt-4o",
            "model_served": "gpt-4o-x",
            "attempted_models": ["google/gemini-x", "openai/gpt-4o"],
            "fallback_reason": "google/gemini-x: quota",
            "fill_percentage": 80,
            "tool_calls": {"zoom": 2},
            "triage": {
                "model": "openai/gpt-mini",
                "state": "failed",
                "score": 66,
                "reason": "near_threshold",
                "answered_again": True,
            },
        }
        | COST
    )
    logo = UsedAsset(asset_id=UUID(int=1), kind="logo", name="Wind", version=2, sha256="d" * 64)
    found = analysis(
        failed(at(crop=CROP, measured="3.1 : 1"), at(2, severity="critical")),
        asked,
        given=Given(rerun_of=UUID(int=9), assets=[logo]),
        suspected=[{"where": "metadata", "words": "score <b>100</b>", "why": "Asks for a score."}],
    )
    return reviewed(found, {"spelling": [word(reason="It is a name.")]}, 70)


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text.replace("\r", "")


def text_of(form: str, one: Reported) -> str:
    content = drawn("pdf" if form == "pdf" else "json" if form == "json" else "html", [one], NOON)
    return pdf_text(content) if form == "pdf" else content.decode()


@pytest.mark.parametrize("form", ["html", "pdf", "json"])
def test_every_form_has_hashes_models_cost_and_what_reviewers_said(form: str) -> None:
    one = reported(full())
    report = AnalysisReport.model_validate_json(drawn("json", [one], NOON))

    text = text_of(form, one)

    own = report.provenance.result_sha256
    for hashed in ("e" * 64, "b" * 64, "d" * 64, "1" * 64, "2" * 64, own):
        assert hashed in text.replace("\n", ""), hashed
    for told in ("gpt-4o-x", "0.0123", "0.0049825", "It is a name.", "Rui", "3.1 : 1", "a score"):
        assert told in text, told
    assert str(UUID(int=9)) in text


def test_hash_of_the_result_can_be_made_again_from_the_file_by_anybody() -> None:
    document = json.loads(drawn("json", [reported(full())], NOON))

    canonical = json.dumps(
        document["analysis"], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    made_again = sha256(canonical.encode()).hexdigest()
    assert document["provenance"]["result_sha256"] == made_again
    other = full().model_copy(update={"score": 1.0})
    assert (
        AnalysisReport.model_validate_json(
            drawn("json", [reported(other)], NOON)
        ).provenance.result_sha256
        != made_again
    )


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_people_see_who_was_asked_and_words_that_give_orders(form: str) -> None:
    text = " ".join(text_of(form, reported(full())).split())

    assert "asked: google/gemini-x, then openai/gpt-4o; google/gemini-x: quota" in text
    assert "80 % filled · 2 × zoom" in text
    assert "openai/gpt-mini said first: failed, 66; asked again: near threshold" in text
    assert "Suspected order (metadata). Asks for a score." in text


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_people_see_what_was_found_before_reviewers_changed_it(form: str) -> None:
    text = text_of(form, reported(full())).replace("\n", " ")

    assert "Reviewers changed spelling. Found by itself: fail, 41.5 of 100" in text
    assert "found: failed, 0" in text
    assert "overruled" in text
    untouched = text_of(form, reported(analysis(failed(at()))))
    assert "overruled" not in untouched and "Reviewed" not in untouched


def test_print_has_the_picture_with_its_boxes() -> None:
    region = Region(x=0.25, y=0.25, w=0.5, h=0.5)
    one = analysis(failed(at(severity="critical", region=region)))

    document = pypdfium2.PdfDocument(drawn("pdf", [reported(one)], NOON))
    page = document[0].render(scale=2).to_pil().convert("RGB")
    document.close()

    colours = {colour for _, colour in page.getcolors(1 << 24) or [] if isinstance(colour, tuple)}
    assert any(near(colour, (20, 80, 160)) for colour in colours), "the picture"
    assert (163, 18, 58) in colours, "the box, in the colour of its severity"


def near(colour: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(one - two) < 8 for one, two in zip(colour, other, strict=True))


def test_nothing_that_was_written_is_markup_or_reads_a_file() -> None:
    evil = '#read("/etc/passwd") $x$ *b* #image("/1-page-1.jpg") ] } \\ // https://x.example'
    one = analysis(
        failed(at(message=evil, rule=HOSTILE, evidence=evil), check_id=evil, reason=evil),
        reason=evil,
        only=[evil],
        profile_id=evil,
    )

    text = pdf_text(drawn("pdf", [Reported(evil, one), Reported(HOSTILE, why=HOSTILE)], NOON))

    assert '#read("/etc/passwd")' in text and "root:" not in text
    assert "\u202e" not in text
    assert "<script>alert(1)" in text


def test_no_word_leaves_the_page_and_each_is_whole_to_who_copies_it() -> None:
    long = "DOVE_Master_Key_Visual_" * 8
    one = analysis(failed(at(message=long, measured=f"https://x.example/{long}"), reason=long))

    content = drawn("pdf", [Reported(long, one)], NOON)

    document = pypdfium2.PdfDocument(content)
    for page in document:
        text = page.get_textpage()
        ends = [text.get_charbox(place)[2] for place in range(text.count_chars())]
        assert max(ends, default=0) < page.get_width() - MARGIN_PT
    document.close()
    assert pdf_text(content).replace("\n", "").count(long) == 4


def test_page_says_where_letters_may_be_missing() -> None:
    other = analysis(failed(at(message="李小龍")))

    assert OTHER_SCRIPTS.split(":")[0] in text_of("pdf", reported(other)).replace("\n", " ")
    assert "built-in fonts" not in text_of("pdf", reported(full()))


def test_picture_that_is_none_costs_the_picture_alone() -> None:
    one = Reported("a", analysis(failed(at(crop=CROP))), Pictures({1: b"no"}, {CROP: b"no"}))

    assert "Wrong." in text_of("pdf", one)


def test_many_findings_are_cut_and_it_is_said() -> None:
    one = analysis(failed(*[at(message=f"Wrong {n}.") for n in range(MOST_FINDINGS + 7)]))

    text = text_of("pdf", reported(one))

    assert "Left out here: 7 findings." in text.replace("\n", " ")
    assert f"Wrong {MOST_FINDINGS - 1}." in text and f"Wrong {MOST_FINDINGS}." not in text


def test_of_several_each_is_in_it_and_one_that_could_not_run_says_why() -> None:
    several = [reported(full()), Reported("broken.png", why="It is damaged.")]

    document = json.loads(drawn("json", several, NOON))
    text = pdf_text(drawn("pdf", several, NOON))

    assert [one["file"] for one in document["reports"]] == ["a.pdf", "broken.png"]
    assert document["reports"][1] == {"file": "broken.png", "problem": "It is damaged."}
    assert "could not run" in text and "It is damaged." in text


def test_print_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "LAYOUT", forms.LAYOUT.with_name("analysis.css"))

    with pytest.raises(Unavailable, match="failed: take fewer creatives, or HTML"):
        drawn("pdf", [reported(full())], NOON)


def test_same_report_is_the_same_file() -> None:
    once, again = (drawn("pdf", [reported(full())], NOON) for _ in range(2))

    assert once == again
