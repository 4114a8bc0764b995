"""The report that `aiqc check` writes: what it shows is fetched through the gateway."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis, Preview
from libs.problems import Invalid
from libs.whole_file import write_whole
from services.qc.domain.report import Pictures, Reported
from services.qc.many import Checked, names_of
from services.qc.pictures import pictures_of
from services.qc.review.forms import Form, drawn

FORMS: Mapping[str, Form] = {".html": "html", ".htm": "html", ".pdf": "pdf", ".json": "json"}
"""How the file's name ends says in which form the report is."""

MANY = 20
"""Of more analyses than that a report shows pictures only where there are findings."""


def refuse_report_path(path: Path, endings: Collection[str] = FORMS.keys()) -> None:
    """Before anything is run. Raises Invalid when the report could not be written there."""
    if path.is_dir():
        raise Invalid("bad_report", f"{path} is a folder: name a file for the report.")
    if path.suffix.lower() not in endings:
        raise Invalid("bad_report", f"Let {path.name} end in one of: {', '.join(endings)}.")
    if not path.absolute().parent.is_dir():
        raise Invalid("bad_report", f"There is no folder {path.absolute().parent}.")


async def write_report(api: GatewayApi, checked: Sequence[Checked], path: Path) -> None:
    """Write one report of all of them, in the form that the file's name says."""
    form = FORMS[path.suffix.lower()]
    reported = []
    for name, one in zip(names_of(checked), checked, strict=True):
        pictures = Pictures()
        if one.analysis and (len(checked) <= MANY or _has_findings(one.analysis)):
            pictures = await _pictures(api, one.analysis)
        reported.append(Reported(name, one.analysis, pictures, one.why))
    write_whole(path, drawn(form, reported, datetime.now(UTC)))


def _has_findings(analysis: Analysis) -> bool:
    return any(result.findings for result in analysis.checks)


async def _pictures(api: GatewayApi, analysis: Analysis) -> Pictures:
    async def page(preview: Preview) -> bytes:
        return await api.page(analysis.analysis_id, preview.page)

    async def crop(name: str) -> bytes:
        return await api.crop(analysis.analysis_id, name)

    return await pictures_of(analysis, page, crop)
