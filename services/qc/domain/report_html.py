"""Reports of analyses as one HTML page: nothing fetched, no script, readable on paper."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from libs.layouts import layouts_in
from services.qc.domain.report import (
    Reported,
    bytes_in_words,
    cost_of,
    facts_of,
    moment,
    number_in_words,
    remarks_of,
    sheets_of,
    shown_large,
    suspicion_in_words,
    took,
    usd,
    worst_first,
)
from services.qc.domain.report_words import (
    before_reviews,
    found_in_words,
    overruled,
    reviews_of,
    sources_of,
    told_of,
)

LAYOUTS = Path(__file__).parent / "layouts"
STYLE = (LAYOUTS / "analysis.css").read_text()
ENVIRONMENT = layouts_in(LAYOUTS)

ENVIRONMENT.filters |= {
    "bytes": bytes_in_words,
    "cost": cost_of,
    "found": found_in_words,
    "number": number_in_words,
    "suspicion": suspicion_in_words,
    "told": told_of,
    "took": took,
    "usd": usd,
}


def report_html(reported: Sequence[Reported], made_at: datetime) -> str:
    """The page. Whatever a file, a model or a person wrote is text in it, never markup."""
    return ENVIRONMENT.get_template("analysis.html.j2").render(
        style=STYLE,
        style_sha256=b64encode(sha256(STYLE.encode()).digest()).decode(),
        made_at=moment(made_at),
        title=reported[0].name if len(reported) == 1 else f"{len(reported)} creatives",
        reports=[_shown(place, one) for place, one in enumerate(reported, start=1)],
    )


def _shown(place: int, one: Reported) -> dict[str, Any]:
    analysis = one.analysis
    if analysis is None:
        return {"place": place, "name": one.name, "analysis": None, "why": one.why}
    remarks = remarks_of(analysis)
    sheets = sheets_of(analysis, remarks)
    return {
        "place": place,
        "name": one.name,
        "analysis": analysis,
        "verdict": analysis.verdict or analysis.state,
        "failed": [result.check_id for result in analysis.checks if result.state == "failed"],
        "facts": [*facts_of(analysis), *sources_of(analysis)],
        "before_reviews": before_reviews(analysis),
        "reviews": reviews_of(analysis),
        "overruled": overruled(analysis.checks),
        "remarks": remarks,
        "sheets": sheets if len(sheets) > 1 else [],
        "large": shown_large(sheets),
        "pages": {page: _data_url(jpeg) for page, jpeg in one.pictures.pages.items()},
        "crops": {name: _data_url(jpeg) for name, jpeg in one.pictures.crops.items()},
        "checks": worst_first(analysis.checks),
    }


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
