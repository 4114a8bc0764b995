"""Reports of analyses in each of their forms. Drawing one is work for a processor, not the loop."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from libs.contracts.review import AnalysisReport
from libs.printing import print_pdf
from services.qc.domain.provenance import provenance
from services.qc.domain.report import Reported
from services.qc.domain.report_pages import pages, pictures

Form = Literal["html", "pdf", "json"]
LAYOUT = Path(__file__).parents[1] / "domain" / "layouts" / "analysis.typ"
MEDIA_TYPES: dict[Form, str] = {
    "html": "text/html",
    "pdf": "application/pdf",
    "json": "application/json",
}


def drawn(form: Form, reported: Sequence[Reported], made_at: datetime) -> bytes:
    """The report's bytes. Raises Unavailable when a PDF takes too long or too much memory."""
    return _FORMS[form](reported, made_at)


def _html(reported: Sequence[Reported], made_at: datetime) -> bytes:
    from services.qc.domain.report_html import report_html  # commands start without it

    return report_html(reported, made_at).encode("utf-8", "replace")


def _pdf(reported: Sequence[Reported], made_at: datetime) -> bytes:
    instead = "take fewer creatives, or HTML."
    document = pages(reported, made_at)
    return print_pdf(LAYOUT, document, pictures(reported, document), instead=instead)


def _json(reported: Sequence[Reported], made_at: datetime) -> bytes:
    """Of one analysis its report; of several a list, each with its file, or why it has none."""
    told = [_document(one, made_at) for one in reported]
    if len(told) == 1:
        return _text(told[0])
    named = [{"file": one.name, **document} for one, document in zip(reported, told, strict=True)]
    return _text({"reports": named})


def _document(one: Reported, made_at: datetime) -> dict[str, object]:
    if one.analysis is None:
        return {"problem": one.why}
    report = AnalysisReport(
        made_at=made_at, provenance=provenance(one.analysis), analysis=one.analysis
    )
    return report.model_dump(mode="json")


def _text(document: dict[str, object]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return (text + "\n").encode("utf-8", "replace")


_FORMS: dict[Form, Callable[[Sequence[Reported], datetime], bytes]] = {
    "html": _html,
    "pdf": _pdf,
    "json": _json,
}
