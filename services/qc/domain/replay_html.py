"""A replay as one HTML page: nothing fetched, no script, readable on paper."""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256

from libs.contracts.replays import Replay
from services.qc.domain.replay_text import (
    findings_in_words,
    short_dollars,
    signed,
    summary_lines,
    title_of,
    why_not,
)
from services.qc.domain.report import moment
from services.qc.domain.report_html import ENVIRONMENT, LAYOUTS, STYLE

PAGE_STYLE = STYLE + (LAYOUTS / "comparison.css").read_text()
HOW = {
    "measured": "measured anew",
    "asked": "asked again",
    "carried": "stored answer",
    "skipped": "nobody asked",
    "none": "not in it",
}
LAYOUT = ENVIRONMENT.overlay()
LAYOUT.filters = ENVIRONMENT.filters | {
    "short": short_dollars,
    "fates": findings_in_words,
    "signed": signed,
    "why_not": why_not,
}


def replay_html(replay: Replay, made_at: datetime) -> str:
    """The page. Whatever a file, a model or a person wrote is text in it, never markup."""
    return LAYOUT.get_template("replay.html.j2").render(
        style=PAGE_STYLE,
        style_sha256=b64encode(sha256(PAGE_STYLE.encode()).digest()).decode(),
        made_at=moment(made_at),
        title=title_of(replay),
        replay=replay,
        sentences=list(summary_lines(replay)),
        how=HOW,
    )
