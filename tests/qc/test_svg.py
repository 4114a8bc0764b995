"""An SVG is drawn as it is meant, opens nothing, and what multiplies in it is refused."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.qc.decode import open_creative
from services.qc.domain.creative import Creative, Limits, Unreadable
from services.qc.fonts import families
from services.qc.svg_clean import clean

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
ENTITIES = "<!DOCTYPE svg [{}]>" + HEAD + 'width="9" height="9"><text>{}</text></svg>'


def drawn(tmp_path: Path, inside: str, size: str = 'viewBox="0 0 200 100"') -> Creative:
    path = tmp_path / "a.svg"
    path.write_text(inside if inside.startswith("<!") else f"{HEAD}{size}>{inside}</svg>")
    return open_creative(path, Limits())


def colour(creative: Creative, x: float, y: float) -> list[int]:
    pixels = creative.rgb(creative.pages[0])
    return list(map(int, pixels[int(y * pixels.shape[0]), int(x * pixels.shape[1])]))


def png(colour: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_styles_uses_and_embedded_pictures_are_drawn(tmp_path: Path) -> None:
    creative = drawn(
        tmp_path,
        "<style>.a{fill:#00f}</style><defs><rect id='r' class='a' width='50' height='50'/></defs>"
        f"<use xlink:href='#r'/><image x='150' width='50' height='50' preserveAspectRatio='none' "
        f"href='data:image/png;base64,{png('red')}'/>",
    )

    page = creative.pages[0]
    assert (page.width_px, page.height_px) == (1600, 800)
    assert colour(creative, 0.1, 0.2) == [0, 0, 255]
    assert colour(creative, 0.9, 0.2) == [255, 0, 0]
    assert colour(creative, 0.5, 0.9) == [255, 255, 255]
    assert (creative.facts.mode, creative.facts.alpha, creative.facts.notes) == ("SVG", True, ())


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_no_file_of_the_machine_gets_into_the_drawing(scheme: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (100, 100), "red").save(secret)
    reference = f"{scheme}{secret}"

    creative = drawn(
        tmp_path,
        f"<image href='{reference}' width='200' height='100'/>"
        f"<filter id='f'><feImage href='{reference}'/></filter>"
        "<rect filter='url(#f)' width='200' height='100' fill='none'/>"
        f"<use href='{reference}#x'/><style>@import url('{reference}');</style>",
    )

    assert not (creative.rgb(creative.pages[0]) != 255).any()
    assert creative.facts.notes == ("Left out of the drawing: links, pictures outside the file.",)


def test_scripts_handlers_and_web_content_are_taken_out() -> None:
    cleaned = clean(
        f"{HEAD}onload='x()'><script>steal()</script><foreignObject><b>x</b></foreignObject>"
        "<a href='javascript:x()'><rect onclick='x()' width='1'/></a></svg>".encode()
    )

    assert "steal" not in cleaned.text and "x()" not in cleaned.text and "<b>" not in cleaned.text
    assert '<rect width="1">' in cleaned.text
    assert cleaned.left_out == {"scripts", "web content"}


def test_an_entity_that_names_a_file_stays_empty(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")

    cleaned = clean(ENTITIES.format(f'<!ENTITY a SYSTEM "{secret.as_uri()}">', "&a;").encode())

    assert "canary" not in cleaned.text


def test_illustrators_document_type_and_entities_are_fine(tmp_path: Path) -> None:
    creative = drawn(
        tmp_path,
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/'
        'svg11.dtd" [<!ENTITY ns_svg "http://www.w3.org/2000/svg"><!ENTITY st0 "fill:#0f0;">]>'
        '<svg xmlns="&ns_svg;" width="90" height="90"><rect style="&st0;" width="90" height="90"/>'
        "</svg>",
    )

    assert colour(creative, 0.5, 0.5) == [0, 255, 0]


def uses(target: int) -> str:
    return f'<use href="#u{target}"/>' * 10


MULTIPLYING = {
    "entities of entities": ENTITIES.format(
        '<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10 if n else "&a;" * 10}">' for n in range(9)),
        "&b8;",
    ),
    "one entity often": ENTITIES.format(f'<!ENTITY a "{"a" * 2_000}">', "&a;" * 50_000),
    "a long entity": ENTITIES.format(f'<!ENTITY a "{"a" * 9_000}">', "&a;"),
    "uses of uses": f"{HEAD}width='9' height='9'><g id='u0'><path d='M0 0'/></g>"
    + "".join(f"<g id='u{n}'>{uses(n - 1)}</g>" for n in range(1, 9))
    + "</svg>",
    "deep groups": f"{HEAD}width='9' height='9'>{'<g>' * 5_000}{'</g>' * 5_000}</svg>",
    "many objects": f"{HEAD}width='9' height='9'>{'<g/>' * 200_001}</svg>",
}


@pytest.mark.parametrize("kind", MULTIPLYING)
def test_what_multiplies_is_refused(kind: str) -> None:
    with pytest.raises(Unreadable, match=r"(E|e)xport it again"):
        clean(MULTIPLYING[kind].encode())


def test_a_ring_of_uses_counts_once() -> None:
    ring = f"{HEAD}><g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g></svg>"

    assert clean(ring.encode()).elements == 5


def test_an_embedded_picture_is_counted_by_its_header(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()

    with pytest.raises(Unreadable, match="too many or too large"):
        drawn(tmp_path, f"<image href='data:image/png;base64,{data}' width='9' height='9'/>")


@pytest.mark.skipif(not families(), reason="there are no fonts here")
def test_text_in_a_font_that_is_not_here_is_drawn_and_told(tmp_path: Path) -> None:
    creative = drawn(tmp_path, "<text y='60' font-size='60' font-family='Not Here'>Hello</text>")

    assert (np.asarray(creative.rgb(creative.pages[0])) < 128).any()
    assert "Not Here" in creative.facts.notes[0]
    assert "outlines" in creative.facts.notes[0]


@pytest.mark.parametrize("inside", ["<g>", "<!-- <svg -->", "<rect width='1e9' height='1'/>"])
def test_what_cannot_be_drawn_is_told(inside: str, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(inside if inside.startswith("<!") else f"{HEAD}>{inside}</svg>")

    with pytest.raises(Unreadable) as refused:
        open_creative(path, Limits())
    assert refused.value.code == "damaged"
