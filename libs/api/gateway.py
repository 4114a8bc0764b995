"""Caller of the gateway, as a person: the command line's way in."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from uuid import UUID

from aiohttp import ClientError, ClientSession, ClientTimeout, FormData
from aiohttp.payload import AsyncIterablePayload
from pydantic import ValidationError
from yarl import URL

from libs.api.call import Answer, Caller, as_problem
from libs.contracts.access import DevLogin, SessionView
from libs.contracts.assets import ReferenceAsset
from libs.contracts.catalogue import CheckFault, CheckFaults, ChecksToValidate
from libs.contracts.estimates import Estimate
from libs.contracts.profiles import Checks
from libs.contracts.qc import Accepted, Analysis, ProgressEvent
from libs.contracts.triage import TriageReport
from libs.problems import UpstreamFailed

CHUNK_BYTES = 1 << 18
UPLOAD_TIMEOUT = ClientTimeout(total=600, sock_connect=3)
STREAM_TIMEOUT = ClientTimeout(total=None, sock_connect=3, sock_read=60)


class GatewayApi:
    """`session` keeps the cookie: it needs a cookie jar that takes one from an IP address."""

    def __init__(self, session: ClientSession, url: URL) -> None:
        self._session = session
        self._url = url
        self._caller = Caller(session, url)

    @property
    def caller(self) -> Caller:
        """For callers of routes that have a file of their own, signed in as this one is."""
        return self._caller

    async def sign_in(self, user: str) -> SessionView:
        """Sign in with the dev login, as one of the people it knows."""
        await self._caller.fetch("POST", "/api/session", DevLogin(user=user))
        return await self._caller.call("GET", "/api/session", SessionView)

    async def analyse(
        self, file: Path, client_id: str, profile_id: str, given: Mapping[str, str] | None = None
    ) -> UUID:
        """Upload a creative; return the id of its analysis. `given` is as for `submit`."""
        return (await self.submit(file, client_id, profile_id, given)).analysis_id

    async def submit(
        self, file: Path, client_id: str, profile_id: str, given: Mapping[str, str] | None = None
    ) -> Accepted:
        """Upload a creative to be checked.

        `given` may name a placement, a market, a reference, a previous analysis, with `only`
        some of the profile's checks, with commas between them; with `reuse` an earlier result
        of the same file is enough.
        """
        fields = {"client": client_id, "profile": profile_id}
        fields |= {name: value for name, value in (given or {}).items() if value}
        return await self._upload("/api/analyses", file, fields, Accepted)

    async def estimate(
        self, file: Path, client_id: str, profile_id: str, given: Mapping[str, str] | None = None
    ) -> Estimate:
        """What `submit` would cost. Nothing is run."""
        fields = {"client": client_id, "profile": profile_id}
        fields |= {name: value for name, value in (given or {}).items() if value}
        return await self._upload("/api/analyses/estimate", file, fields, Estimate)

    async def check_faults(self, checks: Checks) -> list[CheckFault]:
        """Which checks of a profile would come to nothing, and why."""
        asked = ChecksToValidate(checks=checks)
        path = "/api/checks/validate"
        return (await self._caller.call("POST", path, CheckFaults, asked)).faults

    async def triage(self, client_id: str) -> TriageReport:
        """How the answers of cheap models fared."""
        params = {"client": client_id}
        return await self._caller.call("GET", "/api/triage", TriageReport, params=params)

    async def add_logo(self, file: Path, client_id: str) -> ReferenceAsset:
        fields = {"client": client_id, "kind": "logo"}
        return await self._upload("/api/reference-assets", file, fields, ReferenceAsset)

    async def analysis(self, analysis_id: UUID) -> Analysis:
        return await self._caller.call("GET", f"/api/analyses/{analysis_id}", Analysis)

    async def cancel(self, analysis_id: UUID) -> Analysis:
        """End an analysis early. Raises Conflict when it has ended already."""
        return await self._caller.call("POST", f"/api/analyses/{analysis_id}/cancel", Analysis)

    async def page(self, analysis_id: UUID, page: int) -> bytes:
        """A JPEG of the page."""
        return await self._caller.fetch("GET", f"/api/analyses/{analysis_id}/pages/{page}")

    async def crop(self, analysis_id: UUID, crop: str) -> bytes:
        """A JPEG of the region of a finding."""
        return await self._caller.fetch("GET", f"/api/analyses/{analysis_id}/crops/{crop}")

    async def analysis_report(self, analysis_id: UUID, form: str = "html") -> bytes:
        """The report of one analysis, for people."""
        path = f"/api/analyses/{analysis_id}/report"
        return await self._caller.fetch("GET", path, params={"format": form})

    async def events(self, analysis_id: UUID, after: int = 0) -> AsyncIterator[ProgressEvent]:
        """Progress from event number `after` on, to the end or to where the stream breaks."""
        async for event in self._stream(f"api/analyses/{analysis_id}/events", after, ProgressEvent):
            yield event

    async def _stream(self, path: str, after: int, event: type[Answer]) -> AsyncIterator[Answer]:
        """Server-sent events from number `after` on. Raises UpstreamFailed where they break off."""
        url = self._url / path
        headers = {"Last-Event-ID": str(after)}
        try:
            async with self._session.get(url, headers=headers, timeout=STREAM_TIMEOUT) as response:
                if not response.ok:
                    raise as_problem(response, await response.read())
                async for line in response.content:
                    if line.startswith(b"data: "):
                        yield event.model_validate_json(line[6:])
        except (ClientError, TimeoutError, OSError) as error:
            raise UpstreamFailed("no_reply", f"The progress stream broke: {error}") from error

    async def report(self, filters: Mapping[str, str]) -> bytes:
        """A usage report, in the form that `filters["format"]` names."""
        return await self._caller.fetch("GET", "/api/reports/usage", params=filters)

    async def _upload(
        self, path: str, file: Path, fields: Mapping[str, str], answer: type[Answer]
    ) -> Answer:
        form = _form(fields)
        with file.open("rb") as content:
            form.add_field("file", content, filename=_printable(file.name))
            return await self._send(path, form, answer)

    async def _upload_all(
        self,
        path: str,
        files: Iterable[tuple[str, Path]],
        fields: Mapping[str, str],
        answer: type[Answer],
    ) -> Answer:
        """Send files by these names; each is open only while it is sent. Raises OSError first."""
        form = _form(fields)
        for name, file in files:
            form.add_field("file", await asyncio.to_thread(_Later, file), filename=_printable(name))
        return await self._send(path, form, answer)

    async def _send(self, path: str, form: FormData, answer: type[Answer]) -> Answer:
        try:
            async with self._session.post(
                self._url / path.lstrip("/"), data=form, timeout=UPLOAD_TIMEOUT
            ) as response:
                body = await response.read()
        except (ClientError, TimeoutError, ConnectionError) as error:
            raise UpstreamFailed("no_reply", f"The upload broke off: {error}") from error
        if not response.ok:
            raise as_problem(response, body)
        try:
            return answer.model_validate_json(body)
        except ValidationError as error:
            raise UpstreamFailed("no_usable_reply", f"{path}: {error}") from error


class _Later(AsyncIterablePayload):
    """A file that is opened when its turn comes; its size is told before."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as content:
            self._bytes = os.fstat(content.fileno()).st_size
        super().__init__(_bytes_of(file), content_type="application/octet-stream")

    @property
    def size(self) -> int:
        return self._bytes


async def _bytes_of(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as content:
        while chunk := await asyncio.to_thread(content.read, CHUNK_BYTES):
            yield chunk


def _form(fields: Mapping[str, str]) -> FormData:
    # Names as they are: quoted, one with a space arrives as `a%20b.png`.
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    return form


def _printable(name: str) -> str:
    """What a header can carry of a file's name: no line breaks, no bytes that are no text."""
    return "".join(letter for letter in name if letter.isprintable()) or "unnamed"
