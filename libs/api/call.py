"""One call from one of our services to another."""

from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from pydantic import BaseModel, ValidationError
from yarl import URL

from libs import telemetry
from libs.contracts.common import ProblemDocument
from libs.problems import BY_STATUS, Problem, UpstreamFailed

log = structlog.get_logger()
Answer = TypeVar("Answer", bound=BaseModel)
Body: TypeAlias = BaseModel | AsyncIterable[bytes]
Params = Mapping[str, str | Sequence[str]]
TIMEOUT = ClientTimeout(total=30, sock_connect=3)
UNHURRIED = ClientTimeout(total=None, sock_connect=3)


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
        body: Body | None = None,
        params: Params | None = None,
        patience: ClientTimeout = TIMEOUT,
        if_match: str | None = None,
    ) -> Answer:
        """Send `body`, or bytes as they come, and return the reply as `answer`.

        A problem document is raised as the exception it was on the other side, so
        `except NotFound` means the same across the wire as within a service.
        Raises UpstreamFailed when there is no reply, or none we understand.
        """
        text = await self.fetch(method, path, body, params, patience, if_match)
        try:
            return answer.model_validate_json(text)
        except ValidationError as error:
            log.error("no usable reply", method=method, path=path, why=str(error))
            raise UpstreamFailed(
                "no_usable_reply", "A service behind this one gave an answer that is not its own."
            ) from error

    async def fetch(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        params: Params | None = None,
        patience: ClientTimeout = TIMEOUT,
        if_match: str | None = None,
    ) -> bytes:
        """The bytes of a successful reply; raises as `call` does."""
        data = body.model_dump_json(by_alias=True).encode() if isinstance(body, BaseModel) else body
        try:
            async with self.session.request(
                method,
                self.url / path.lstrip("/"),
                data=data,
                params=params,
                headers=self._headers(isinstance(body, BaseModel), if_match),
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

    def _headers(self, has_body: bool, if_match: str | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if has_body else {}
        if if_match is not None:
            headers["If-Match"] = if_match
        if request_id := telemetry.request_id():
            headers[telemetry.REQUEST_ID_HEADER] = request_id
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer()}"
        return headers


def as_problem(response: ClientResponse, content: bytes) -> Problem:
    """The exception that a problem document stands for; UpstreamFailed for any other failure."""
    try:
        problem = ProblemDocument.model_validate_json(content)
    except ValidationError:
        return UpstreamFailed("no_usable_reply", f"{response.url.path} answered {response.status}")
    kind = BY_STATUS.get(response.status, UpstreamFailed)
    retry_after = response.headers.get("Retry-After", "")
    wait_s = int(retry_after) if retry_after.isdecimal() else None
    return kind(problem.code, problem.detail, wait_s, problem.model_extra)
