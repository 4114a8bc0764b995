"""Messages about the end of campaigns: written with it, sent until a receiver has them.

A receiver may see a message twice and knows it again by its id. Only hosts that the settings
name are called, no redirect is followed, and a name that leads inside is refused when it is
looked up, whatever it led to before.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from libs.contracts.campaigns import CampaignEnded
from libs.ids import uuid7
from libs.postgres import Connection, Pool, Record, transaction
from libs.problems import Unavailable
from services.qc.campaigns import rows
from services.qc.campaigns.rows import CampaignRow
from services.qc.campaigns.told import campaign_of
from services.qc.domain.webhook import PAUSES, AllowedHosts, is_public, pause_after, signed_headers

log = structlog.get_logger()
POLL_S = 1.0
TRY_FOR = timedelta(seconds=60)
"""So long one try may take; then another process takes the message for untried."""

TIMEOUT = ClientTimeout(total=15, sock_connect=5)
COST_WAIT = timedelta(seconds=30)
COST_POLL = timedelta(seconds=2)


async def enqueue(db: Connection, row: CampaignRow, at: datetime) -> None:
    """In the transaction that ends the campaign; nothing without a webhook."""
    if row.webhook_url:
        await db.execute(
            """
            INSERT INTO webhook_delivery (client_id, delivery_id, campaign_id, url, created_at)
            VALUES ($1, $2, $3, $4, $5)
            """,
            row.client_id,
            uuid7(at),
            row.campaign_id,
            row.webhook_url,
            at,
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one try; without `error` it was delivered."""

    error: str | None = None
    status: int | None = None
    retry_after: str | None = None


class _Resolver(AbstractResolver):
    """Looks names up, and refuses one that leads inside unless it may."""

    def __init__(self, private: frozenset[str]) -> None:
        self._inner = ThreadedResolver()
        self._private = {name.rpartition(":")[0] or name for name in private}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if host not in self._private and not all(is_public(one["host"]) for one in found):
            raise OSError("the name leads to an address inside a network")
        return found

    async def close(self) -> None:
        await self._inner.close()


def open_session(hosts: AllowedHosts) -> ClientSession:
    """A session that calls what webhooks may call, keeps nothing and follows nothing."""
    return ClientSession(
        connector=TCPConnector(
            resolver=_Resolver(hosts.private), use_dns_cache=False, force_close=True
        ),
        cookie_jar=DummyCookieJar(),
        timeout=TIMEOUT,
    )


class Webhooks:
    """Sends what is due, the oldest first."""

    def __init__(
        self,
        pool: Pool,
        session: ClientSession,
        hosts: AllowedHosts,
        keys: Sequence[bytes],
        pauses: Sequence[timedelta] = PAUSES,
    ) -> None:
        self._pool = pool
        self._session = session
        self._hosts = hosts
        self._keys = keys
        self._pauses = pauses

    async def run(self) -> None:
        """Send for ever."""
        while True:
            sent = False
            try:
                sent = await self.send_one()
            except Unavailable:
                log.warning("webhooks wait for the database")
            except Exception:
                log.exception("a webhook could not be sent")
            if not sent:
                await asyncio.sleep(POLL_S)

    async def send_one(self) -> bool:
        """Try one message that is due; False when none is."""
        due = await self._claim()
        if due is None:
            return False
        body = await self._body(due)
        if body is None:
            return True
        sent = await self._send(due, body)
        await self._note(due, sent)
        return True

    async def _claim(self) -> Record | None:
        """Take and count; should this process die the message is due again after `TRY_FOR`."""
        async with transaction(self._pool) as db:
            return await db.fetchrow(
                """
                UPDATE webhook_delivery SET tries = tries + 1,
                                            next_at = clock_timestamp() + $1::interval
                 WHERE (client_id, delivery_id) = (
                       SELECT client_id, delivery_id FROM webhook_delivery
                        WHERE delivered_at IS NULL AND given_up_at IS NULL
                          AND next_at <= clock_timestamp()
                        ORDER BY next_at
                        LIMIT 1
                          FOR UPDATE SKIP LOCKED)
                RETURNING client_id, delivery_id, campaign_id, url, body, created_at, tries
                """,
                TRY_FOR,
            )

    async def _body(self, due: Record) -> str | None:
        """The message, the same in every try; None while the ledger does not know all costs."""
        if due["body"] is not None:
            return str(due["body"])
        async with transaction(self._pool, [due["client_id"]]) as db:
            row = await rows.CAMPAIGNS.one(db, due["campaign_id"])
            if row is None:
                raise AssertionError("a message has its campaign")
            campaign = (await campaign_of(db, row)).model_copy(update={"webhook": None})
            waited = datetime.now(UTC) - due["created_at"]
            if campaign.cost_usd is None and waited < COST_WAIT:
                await _look_later(db, due)
                return None
            told = CampaignEnded(timestamp=due["created_at"], data=campaign)
            body = told.model_dump_json()
            await _keep_body(db, due, body)
        return body

    async def _send(self, due: Record, body: str) -> Sent:
        url = URL(due["url"])
        if refusal := self._hosts.refusal(str(url)):
            return Sent(refusal, status=None)
        content = body.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "ai-qc",
            **signed_headers(str(due["delivery_id"]), datetime.now(UTC), content, self._keys),
        }
        try:
            async with self._session.post(
                url, data=content, headers=headers, allow_redirects=False
            ) as response:
                status, after = response.status, response.headers.get("Retry-After")
        except TimeoutError:
            return Sent(f"It did not answer within {TIMEOUT.total:g} s.")
        except (ClientError, OSError, ValueError) as error:
            log.warning("webhook failed", host=url.host, why=repr(error))
            return Sent("It cannot be reached.")
        if 200 <= status < 300:
            return Sent(status=status)
        redirect = "; redirects are not followed" if 300 <= status < 400 else ""
        return Sent(f"It answered {status}{redirect}.", status, after)

    async def _note(self, due: Record, sent: Sent) -> None:
        """Delivered, due again, or given up."""
        pause = pause_after(due["tries"], sent.status, sent.retry_after, self._pauses)
        async with transaction(self._pool, [due["client_id"]]) as db:
            await db.execute(
                """
                UPDATE webhook_delivery
                   SET error = $3::text,
                       next_at = clock_timestamp() + coalesce($4::interval, '0'),
                       delivered_at = CASE WHEN $3::text IS NULL THEN clock_timestamp() END,
                       given_up_at = CASE WHEN $3::text IS NOT NULL AND $4::interval IS NULL
                                          THEN clock_timestamp() END
                 WHERE client_id = $1 AND delivery_id = $2
                   AND delivered_at IS NULL AND given_up_at IS NULL
                """,
                due["client_id"],
                due["delivery_id"],
                sent.error,
                pause,
            )
        log.info(
            "webhook not delivered" if sent.error else "webhook sent",
            host=URL(due["url"]).host,
            tries=due["tries"],
            why=sent.error,
            gives_up=bool(sent.error) and pause is None,
        )


async def _look_later(db: Connection, due: Record) -> None:
    """It was not tried after all."""
    await db.execute(
        """
        UPDATE webhook_delivery
           SET tries = tries - 1, next_at = clock_timestamp() + $3::interval
         WHERE client_id = $1 AND delivery_id = $2
        """,
        due["client_id"],
        due["delivery_id"],
        COST_POLL,
    )


async def _keep_body(db: Connection, due: Record, body: str) -> None:
    await db.execute(
        "UPDATE webhook_delivery SET body = $3 WHERE client_id = $1 AND delivery_id = $2",
        due["client_id"],
        due["delivery_id"],
        body,
    )
