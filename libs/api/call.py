"""One call from one of our services to another."""

from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from pydantic import BaseModel, ValidationError
from yarl import URL

from libs import telemetry
from libs.contracts.common import ProblemDocument
from libs.problems import BY_STATUS, Problem, UpstreamFailed

log = structlog.get_logger()
Answer = TypeVar("Answer", bound=BaseModel)
TIMEOUT = ClientTimeout(total=30, sock_connect=3)
STREAM_TIMEOUT = ClientTimeout(total=None, sock_connect=3)


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a service is, and who we are to it.

    `bearer` is asked before each call, because a passport lives for a minute only.
    The session belongs to the app that made it.
    """

    session: ClientSession
    url: URL
    bearer: Callable[[], str] | None = None

    async def call(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        body: BaseModel | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send `body` and return the reply as `answer`.

        A problem document is raised as the exception it was on the other side, so
        `except NotFound` means the same across the wire as within a service.
        Raises UpstreamFailed when there is no reply, or none we understand.
        """
        return _understood(answer, await self.fetch(method, path, body, params), path)

    async def stream(
        self,
        path: str,
        content: AsyncIterable[bytes],
        answer: type[Answer],
        params: Mapping[str, str],
    ) -> Answer:
        """POST bytes as they come, however many and for however long; raises as `call` does."""
        headers = self._headers(False) | {"Content-Type": "application/octet-stream"}
        text = await self._send("POST", path, content, params, headers, STREAM_TIMEOUT)
        return _understood(answer, text, path)

    async def fetch(
        self,
        method: str,
        path: str,
        body: BaseModel | None = None,
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        """The bytes of a successful reply; raises as `call` does."""
        data = body.model_dump_json(by_alias=True).encode() if body else None
        return await self._send(
            method, path, data, params, self._headers(body is not None), TIMEOUT
        )

    async def _send(
        self,
        method: str,
        path: str,
        data: bytes | AsyncIterable[bytes] | None,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        patience: ClientTimeout,
    ) -> bytes:
        try:
            async with self.session.request(
                method,
                self.url / path.lstrip("/"),
                data=data,
                params=params,
                headers=headers,
                timeout=patience,
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (ClientError, TimeoutError, OSError) as error:
            log.warning("no reply", method=method, url=str(self.url), why=repr(error))
            raise UpstreamFailed(
                "no_reply", "A service behind this one does not answer; try again in a moment.", 2
            ) from error
        if response.ok:
            return content
        raise as_problem(response, content)

    def _headers(self, has_body: bool) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if has_body else {}
        if request_id := telemetry.request_id():
            headers[telemetry.REQUEST_ID_HEADER] = request_id
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer()}"
        return headers


def _understood(answer: type[Answer], text: bytes, path: str) -> Answer:
    try:
        return answer.model_validate_json(text)
    except ValidationError as error:
        log.error("no usable reply", path=path, why=str(error))
        raise UpstreamFailed(
            "no_usable_reply", "A service behind this one gave an answer that is not its own."
        ) from error


def as_problem(response: ClientResponse, content: bytes) -> Problem:
    """The exception that a problem document stands for; UpstreamFailed for any other failure."""
    try:
        problem = ProblemDocument.model_validate_json(content)
    except ValidationError:
        return UpstreamFailed("no_usable_reply", f"{response.url.path} answered {response.status}")
    kind = BY_STATUS.get(response.status, UpstreamFailed)
    retry_after = response.headers.get("Retry-After", "")
    return kind(problem.code, problem.detail, int(retry_after) if retry_after.isdecimal() else None)
