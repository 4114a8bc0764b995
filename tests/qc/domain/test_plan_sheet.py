"""Rows of text become placements, or say which cell is wrong and how to write it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.brand import SafeZone
from services.qc.domain.plan_sheet import BadPlan, ReadPlan, Sheet, read_plan, words_of

HEADER = ["Placement", "Channel", "Market", "Size", "File type", "Max weight", "Max duration"]


def plan(*rows: list[str], header: list[str] | None = None) -> ReadPlan:
    return read_plan([Sheet(None, [header or HEADER, *rows])])


def told(read: ReadPlan) -> list[str]:
    return [words_of(row) for row in read.errors]


def test_row_says_everything_at_once() -> None:
    row = ["Story", "Instagram", "Germany", "1080 x 1920 px", "JPG or MP4", "max. 30 MB", "6-15 s"]

    [story] = plan(row).placements

    assert story.model_dump(exclude_none=True) == {
        "name": "Story",
        "channel": "Instagram",
        "market": "de",
        "width_px": 1080,
        "height_px": 1920,
        "formats": ("JPEG", "MP4"),
        "max_bytes": 30_000_000,
        "min_duration_s": 6,
        "max_duration_s": 15,
    }


def test_every_wrong_cell_of_a_row_is_named_with_row_and_column() -> None:
    read = plan(
        ["Story", "", "Narnia", "1080×", "Word", "heavy", "long"],
        ["Feed", "", "", "1080x1350"],
    )

    assert told(read) == [
        "row 2, column Market: “Narnia” is not a country code like DE, or a country",
        "row 2, column Size: “1080×” is not a size like 1080x1920",
        "row 2, column File type: “Word” is not a file format like JPG or MP4",
        "row 2, column Max weight: “heavy” is not a weight like 150 KB or 2 MB",
        "row 2, column Max duration: “long” is not a length like 15 s",
    ]
    assert [p.name for p in read.placements] == ["Feed"]


def test_size_of_another_ratio_is_an_error_and_a_rounded_ratio_is_none() -> None:
    read = plan(
        ["Feed", "1080x1350", "9:16"],
        ["Story", "1920x1080", "9:16"],
        ["Billboard", "970x250", "4:1"],
        ["Link", "1200x628", "1.91:1"],
        header=["Placement", "Size", "Ratio"],
    )

    assert told(read) == [
        "row 2, column Ratio: “9:16” is not the ratio of 1080 x 1350 px",
        "row 3, column Ratio: “9:16” is not the ratio of 1920 x 1080 px",
    ]
    assert [p.name for p in read.placements] == ["Billboard", "Link"]


def test_column_names_in_german() -> None:
    header = ["Werbemittel", "Kanal", "Land", "Breite", "Höhe", "Dateiformat", "Max. Länge (Sek.)"]

    [banner] = plan(
        ["Banner", "Display", "Österreich", "300", "250", "PNG", "15"], header=header
    ).placements

    assert (banner.market, banner.width_px, banner.height_px) == ("at", 300, 250)
    assert (banner.formats, banner.max_duration_s) == (("PNG",), 15)


def test_column_called_format_is_what_its_cells_are() -> None:
    header = ["Placement", "Channel", "Format"]

    read = plan(
        ["A", "Meta", "1080x1920"],
        ["B", "Meta", "16:9"],
        ["C", "Meta", "JPG, PNG"],
        ["", "Meta", "Skyscraper"],
        header=header,
    )

    a, b, c, d = read.placements
    assert (a.width_px, b.aspect_ratio, c.formats) == (1080, "16:9", ("JPEG", "PNG"))
    assert d.name in ("C", "Meta Skyscraper")


def test_placements_of_one_name_get_what_tells_them_apart() -> None:
    read = plan(
        ["Banner", "Display", "DE", "300x250, 728x90"],
        ["Banner", "Display", "DE", "160x600"],
        ["Banner", "Display", "DE", "160x600"],
        ["Banner", "Display", "AT", "160x600"],
    )

    assert [(p.name, p.market) for p in read.placements] == [
        ("Banner 300x250", "de"),
        ("Banner 728x90", "de"),
        ("Banner 160x600", "de"),
        ("Banner", "at"),
    ]


def test_same_placement_with_other_rules_is_an_error() -> None:
    read = plan(
        ["Banner", "Display", "", "300x250", "", "100 KB"],
        ["Banner", "Display", "", "300x250", "", "200 KB"],
    )

    assert [row.row for row in read.errors] == [3]
    assert "row 2" in read.errors[0].reason


def test_row_for_several_markets_is_one_placement_each() -> None:
    read = plan(["Story", "Meta", "DE, AT / CH", "1080x1920"])

    assert [p.market for p in read.placements] == ["de", "at", "ch"]
    assert {p.name for p in read.placements} == {"Story"}


def test_margins_in_pixels_are_shares_of_the_size() -> None:
    header = ["Placement", "Size", "Ratio", "Safe zone"]

    read = plan(
        ["Story", "1080x1920", "", "top 250 px, bottom 340 px"],
        ["Feed", "", "4:5", "250 px top"],
        header=header,
    )

    assert read.placements[0].safe_zone == SafeZone(top=0.130208, bottom=0.177083)
    assert told(read) == [
        "row 3, column Safe zone: “250 px top” is in pixels, and the row says no size"
    ]


def test_blank_market_is_carried_on_within_a_group_only() -> None:
    read = plan(
        ["Story", "Meta", "DE", "1080x1920"],
        ["", "", "", "1080x1350"],
        ["Feed", "", "", "1080x1080"],
    )

    assert [p.market for p in read.placements] == ["de", "de", None]


def test_totals_headings_and_repeated_names_are_notes_not_errors() -> None:
    read = plan(
        ["Social media"],
        ["Story", "Meta", "", "1080x1920"],
        HEADER,
        ["Zwischensumme", "", "", "3"],
        ["TOTAL", "", "", "12"],
    )

    assert read.errors == []
    assert [note.row for note in read.notes] == [2, 4, 5, 6]
    assert len(read.placements) == 1


def test_names_below_a_merged_cell_end_with_a_new_channel_and_a_blank_row() -> None:
    read = plan(
        ["Story", "Meta", "DE", "1080x1920"],
        ["", "", "", "1080x1350"],
        ["", "TikTok", "", "540x960"],
        [],
        ["", "", "", "300x250"],
    )

    assert [(p.name, p.channel, p.market) for p in read.placements] == [
        ("Story 1080x1920", "Meta", "de"),
        ("Story 1080x1350", "Meta", "de"),
        ("TikTok 540x960", "TikTok", None),
        ("300x250", None, None),
    ]


@pytest.mark.parametrize("fault", ["#REF!", "#N/A", "#BEZUG!"])
def test_fault_of_a_formula_is_an_error(fault: str) -> None:
    assert told(plan(["Story", "", "", fault])) == [
        f"row 2, column Size: the cell holds the error {fault}"
    ]


def test_cells_that_say_nothing_ask_for_nothing() -> None:
    [story] = plan(["Story", "-", "all", "1080x1920", "n/a", "–", "keine"]).placements

    assert (story.channel, story.market, story.formats) == (None, None, ())
    assert (story.max_bytes, story.max_duration_s) == (None, None)


def test_without_column_names_it_is_no_plan() -> None:
    with pytest.raises(BadPlan) as refused:
        read_plan([Sheet(None, [["Story", "1080x1920"], ["Feed", "1080x1350"]])])

    assert refused.value.code == "no_plan_header"


CELLS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[0-9.,:x×/%\-– ]{1,40}", fullmatch=True),
    st.sampled_from(
        [
            "1080x1920",
            "150 KB",
            "15 s",
            "DE",
            "top 14 %",
            "#REF!",
            "9" * 400,
            "9" * 400 + " KB",
            "JPG",
        ]
    ),
)
NAMES = ["Placement", "Market", "Size", "Ratio", "Format", "Max weight", "Duration", "Safe zone"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=len(NAMES)), min_size=1, max_size=5))
def test_whatever_the_cells_hold_it_is_a_placement_an_error_or_a_note(
    rows: list[list[str]],
) -> None:
    cleaned = [[" ".join(cell.split()) for cell in row] for row in rows]
    try:
        read = plan(*cleaned, header=NAMES)
    except BadPlan as refused:
        assert refused.code == "empty_plan"
        return

    assert read == ReadPlan.model_validate_json(read.model_dump_json())
    keys = [(placement.name, placement.market) for placement in read.placements]
    assert len(keys) == len(set(keys))
