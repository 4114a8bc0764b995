"""Errors a caller can act on, raised anywhere below a handler.

    Problem
    ├── BadRequest       400  not understood: broken JSON, broken multipart
    ├── Unauthenticated  401  nobody, or a credential that is not valid
    ├── Forbidden        403  this actor may not do this
    ├── NotFound         404  absent, or hidden from this actor
    ├── Conflict         409  the thing changed, or exists already
    ├── PreconditionFailed 412  saved from a state that is no longer the current one
    ├── TooLarge         413  more bytes, pixels or pages than the limit
    ├── Unsupported      415  a kind of file or body that is not taken
    ├── Invalid          422  well-formed, but breaks a rule
    ├── Unconditional    428  a change that must say which state it starts from
    ├── TooMany          429  try again later
    ├── UpstreamFailed   502  a provider or another service let us down
    └── Unavailable      503  something this service stands on is away

`libs.web` is the only place that turns one into an HTTP response (RFC 9457).
Every other exception is a bug: logged in full, shown as a bare 500.
"""

from collections.abc import Mapping
from http import HTTPStatus


class Problem(Exception):
    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(
        self,
        code: str,
        detail: str,
        retry_after_s: int | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        """`code` is for programs and never changes; `detail` is for people and says what to do.

        `members` are JSON that stands beside these two in the document: what a program needs
        in order to go on (RFC 9457, section 3.2).
        """
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.members = dict(members or {})


class BadRequest(Problem):
    status = HTTPStatus.BAD_REQUEST


class Unauthenticated(Problem):
    status = HTTPStatus.UNAUTHORIZED


class Forbidden(Problem):
    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    status = HTTPStatus.CONFLICT


class PreconditionFailed(Problem):
    status = HTTPStatus.PRECONDITION_FAILED


class TooLarge(Problem):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unsupported(Problem):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Invalid(Problem):
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unconditional(Problem):
    status = HTTPStatus.PRECONDITION_REQUIRED


class TooMany(Problem):
    status = HTTPStatus.TOO_MANY_REQUESTS


class UpstreamFailed(Problem):
    status = HTTPStatus.BAD_GATEWAY


class Unavailable(Problem):
    status = HTTPStatus.SERVICE_UNAVAILABLE


BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        PreconditionFailed,
        TooLarge,
        Unsupported,
        Invalid,
        Unconditional,
        TooMany,
        Unavailable,
    )
}
