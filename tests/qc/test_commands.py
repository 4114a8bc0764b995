"""What a person reads of an analysis on a terminal."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from rich.console import Console

from libs.contracts.qc import Analysis, CheckResult, Creative, Finding, Region
from services.qc.commands import finding_rows, show

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
THIRD = Decimal("0.001830373333333333")
CHECKS = ("visual_hierarchy", "product_visibility", "call_to_action")
CREATIVE = Creative(
    file_name="a.png",
    sha256="e" * 64,
    bytes=1,
    format="PNG",
    width_px=9,
    height_px=9,
    pages=1,
)


def analysis() -> Analysis:
    results = [
        CheckResult(
            check_id=id, state="passed", score=90, model_served="gemini-2.5-pro", cost_usd=THIRD
        )
        for id in CHECKS
    ]
    return Analysis(
        analysis_id=UUID(int=1),
        client_id="diageo",
        state="done",
        verdict="pass",
        score=90,
        coverage=100,
        profile_id="a",
        profile_version=1,
        checks=results,
        cost_usd=3 * THIRD,
        creative=CREATIVE,
        created_at=NOON,
        finished_at=NOON,
        duration_ms=6_110,
    )


def test_a_split_cost_leaves_room_for_the_model_on_eighty_columns() -> None:
    screen = Console(file=io.StringIO(), width=80)

    show(analysis(), screen)

    assert isinstance(screen.file, io.StringIO)
    told = screen.file.getvalue()
    assert told.count("gemini-2.5-pro") == len(CHECKS)
    assert told.count("$0.001830 ") == len(CHECKS) and "$0.005491" in told


def test_a_finding_tells_what_was_measured_beside_its_rule() -> None:
    faint = Finding(
        severity="major", message="The text is faint.", measured="1.53:1", rule="at least 3:1"
    )
    narrow = Finding(
        severity="major", message="It has 348 px.", measured="348 px", rule="at least 720 px"
    )
    result = CheckResult(check_id="a", state="failed", findings=[faint, narrow])

    told = [row.plain.splitlines() for _, row in finding_rows(result, pages=1)]

    assert told == [
        ["a: The text is faint.", "measured: 1.53:1", "rule: at least 3:1"],
        ["a: It has 348 px.", "rule: at least 720 px"],
    ]


def test_a_finding_names_its_page_where_there_are_several() -> None:
    corner = Region(x=0, y=0.5, w=0.25, h=0.1)
    whole = Finding(severity="major", message="It is too wide.", page=3)
    part = Finding(severity="minor", message="It is faint.", page=1, region=corner)
    result = CheckResult(check_id="a", state="failed", findings=[whole, part])

    told = [row.plain.splitlines()[1:] for _, row in finding_rows(result, pages=3)]
    alone = [row.plain.splitlines()[1:] for _, row in finding_rows(result, pages=1)]

    place = "0% from the left, 50% from the top, 25% wide, 10% high"
    assert told == [["where: page 3"], [f"where: page 1, {place}"]]
    assert alone == [[], [f"where: {place}"]]
