"""What a model gets to see: no more pixels than it looks at, and small print that it can read."""

from typing import Any

from libs.contracts.qc import Creative, CreativePage, Finding, Region
from services.qc.domain.landmarks import Landmark
from services.qc.domain.views import (
    CLEAR_LINE_PX,
    CROP_LONG_PX,
    CROP_SHORT_PX,
    MOST_PAGES,
    Shown,
    ViewKind,
    needs_crop,
    on_page,
    pages_left_out,
    pages_to_show,
    sides_to_draw,
    small_print,
)


def page(number: int = 1, side: int = 2_000, **facts: Any) -> CreativePage:
    return CreativePage(number=number, width_px=side, height_px=side, **facts)


def creative(*pages: CreativePage) -> Creative:
    return Creative(
        file_name="a.png",
        sha256="0" * 64,
        bytes=1,
        format="PNG",
        width_px=2_000,
        height_px=2_000,
        pages=max(1, len(pages)),
        strip=list(pages),
    )


def line(y: float, letter_px: float, words: str = "Please drink", x: float = 0.1) -> Landmark:
    region = Region(x=x, y=y, w=0.5, h=letter_px / 2_000)
    return Landmark(kind="text", region=region, words=words, letter_px=letter_px)


WHOLE = Region(x=0, y=0, w=1, h=1)


def picture(kind: ViewKind = "page", **facts: Any) -> Shown:
    return Shown(sha256="0" * 64, kind=kind, width_px=10, height_px=10, **facts)


def finding(page: int, region: Region | None = None) -> Finding:
    return Finding(severity="minor", message="Wrong.", page=page, region=region)


def half(width: int, height: int) -> tuple[int, int]:
    return width // 2, height // 2


def whole(width: int, height: int) -> tuple[int, int]:
    return width, height


def test_paperwork_is_not_shown_and_there_is_an_end_to_pages() -> None:
    pages = [page(1, type="cover"), *(page(n) for n in range(2, 20))]

    assert [one.number for one in pages_to_show(creative(*pages))] == [*range(2, 2 + MOST_PAGES)]
    assert [one.number for one in pages_to_show(creative())] == [1]
    assert [one.number for one in pages_to_show(creative(page(1, type="notes")))] == [1]


def test_a_page_is_drawn_as_large_as_a_model_looks_at_it() -> None:
    sides, widths = sides_to_draw(creative(page()), [half])

    assert sides == {1: (1_000,)}
    assert widths == {1: 1_000}


def test_models_that_look_alike_share_a_picture() -> None:
    def nearly(width: int, height: int) -> tuple[int, int]:
        return round(width * 0.48), round(height * 0.48)

    sides, widths = sides_to_draw(creative(page()), [half, nearly, whole])

    assert sides == {1: (2_000, 1_000)}
    assert widths == {1: 960}


def test_nothing_is_drawn_larger_than_the_most() -> None:
    sides, _ = sides_to_draw(creative(page(side=9_000)), [whole])

    assert sides == {1: (2_048,)}
    assert sides_to_draw(creative(page(side=9_000)), [])[0] == {1: (2_048,)}


def test_words_that_the_model_cannot_read_are_cut_out_as_they_are() -> None:
    lines = [line(0.1, 80), line(0.9, 20), line(0.92, 20), line(0.9, 20, "®")]

    (crop,) = small_print(lines, page(), seen_width_px=768)

    assert crop.region.x < 0.1 and crop.region.y < 0.9
    assert crop.region.x + crop.region.w > 0.6 and crop.region.y + crop.region.h > 0.93
    assert crop.width_px == round(crop.region.w * 2_000)


def test_what_is_read_on_the_page_itself_is_not_cut_out() -> None:
    assert list(small_print([line(0.9, 20)], page(), seen_width_px=2_000)) == []
    assert list(small_print([line(0.9, 40)], page(), seen_width_px=768)) == []


def test_a_drawn_page_is_cut_out_larger_than_it_is() -> None:
    (crop,) = small_print([line(0.9, 10)], page(width_mm=210.0, height_mm=210.0), 768)

    zoom = crop.width_px / (crop.region.w * 2_000)
    assert zoom * 10 == CLEAR_LINE_PX or crop.width_px == CROP_LONG_PX


def test_small_print_over_much_of_the_page_is_cut_into_bands() -> None:
    lines = [line(0.1 + n / 100, 14) for n in range(80)]

    crops = list(small_print(lines, page(), seen_width_px=768))

    assert len(crops) > 1
    assert all(crop.height_px <= CROP_SHORT_PX and crop.width_px <= CROP_LONG_PX for crop in crops)
    ends = [crop.region.y + crop.region.h for crop in crops]
    assert all(abs(e - n.region.y) < 1e-4 for e, n in zip(ends, crops[1:], strict=False))


def test_parts_apart_are_cut_out_apart_the_fullest_first() -> None:
    lines = [line(0.1, 14), line(0.8, 14), line(0.81, 14)]

    crops = list(small_print(lines, page(), seen_width_px=768))

    assert [round(crop.region.y, 1) for crop in crops] == [0.8, 0.1]


def test_a_crop_is_worth_it_only_where_it_shows_more() -> None:
    region = Region(x=0, y=0, w=0.5, h=0.1)
    crop = Shown(sha256="0" * 64, kind="crop", width_px=1_000, height_px=100, page=1, region=region)

    assert needs_crop(crop, seen_width_px=768)
    assert not needs_crop(crop, seen_width_px=2_000)
    assert not needs_crop(crop, seen_width_px=None)


def test_a_finding_on_a_crop_is_on_its_page() -> None:
    shown = [picture(page=3), picture("crop", page=3, region=Region(x=0.5, y=0.8, w=0.4, h=0.1))]

    placed = on_page(finding(2, Region(x=0.5, y=0.5, w=0.5, h=0.5)), shown)

    assert placed.page == 3
    assert placed.region == Region(x=0.7, y=0.85, w=0.2, h=0.05)
    assert placed.approximate


def test_a_finding_on_a_later_picture_is_on_its_page() -> None:
    shown = [picture(page=2), picture(page=5)]

    assert on_page(finding(2, WHOLE), shown).page == 5
    assert on_page(finding(1), shown).page == 2
    assert on_page(finding(1), shown).approximate is False


def test_what_a_reference_or_no_picture_shows_has_no_place() -> None:
    shown = [picture(page=2), picture("logo")]

    for number in (2, 9):
        placed = on_page(finding(number, WHOLE), shown)
        assert (placed.page, placed.region, placed.approximate) == (2, None, False)
    assert on_page(finding(1, WHOLE), []) == finding(1, WHOLE)


def test_pages_that_nobody_saw_are_told() -> None:
    of = creative(*(page(n) for n in range(1, 10)))
    shown = [picture(page=n) for n in range(1, 7)]

    assert pages_left_out(of, shown) == "The first 6 of 9 pages were judged."
    assert pages_left_out(creative(page(1)), shown[:1]) is None
    assert pages_left_out(of, []) is None
