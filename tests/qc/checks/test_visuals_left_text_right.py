"""Rules of the check of the sides of text and visuals."""

from PIL import Image, ImageDraw, ImageFont, ImageOps

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


def layout(text_x: int, visual_x: int | None) -> Image.Image:
    page = Image.new("RGB", (1000, 500), "#faf6ee")
    draw = ImageDraw.Draw(page)
    for line, words in enumerate(("Elderflower", "and lime")):
        at = (text_x, 120 + 90 * line)
        draw.text(at, words, font=ImageFont.load_default(60), fill="#0e1e3a")
    if visual_x is not None:
        for ring in range(8):
            draw.ellipse(
                (visual_x + 15 * ring, 90, visual_x + 300 - 15 * ring, 400),
                fill=(20, 30 * ring, 90),
            )
    return page


def test_visuals_left_and_text_right_pass(picture: SubjectOf) -> None:
    measured = run_check("visuals_left_text_right", picture(layout(580, 60)), {})

    assert (measured.state, measured.score) == ("passed", 100)
    assert measured.measurements["visual_right_share"] == 0


def test_the_other_way_round_fails_unless_it_is_asked_for(picture: SubjectOf) -> None:
    subject = picture(layout(60, 640))

    assert run_check("visuals_left_text_right", subject, {}).score == 0
    assert len(run_check("visuals_left_text_right", subject, {}).findings) == 2
    turned = run_check("visuals_left_text_right", subject, {"direction": "visuals_right"})
    assert turned.state == "passed"


def test_text_in_the_middle_is_on_neither_side(picture: SubjectOf) -> None:
    measured = run_check("visuals_left_text_right", picture(layout(350, 20)), {})

    assert [f.message for f in measured.findings] == ["Too little of the text is on the right."]


def test_without_text_or_visuals_there_is_nothing_to_judge(picture: SubjectOf) -> None:
    no_text = ImageOps.expand(Image.new("RGB", (300, 300), "red"), 100, "white")

    for page in (no_text, layout(580, None)):
        measured = run_check("visuals_left_text_right", picture(page), {})
        assert (measured.state, measured.score) == ("not_applicable", None)
