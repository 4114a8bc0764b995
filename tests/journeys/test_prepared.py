"""A real server, `aiqc prepare`, four processes started from its files, a person who signs in."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from yarl import URL

from deploy.embedded_postgres import EmbeddedPostgres
from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from libs.problems import Forbidden
from tests.deploy.processes import LINUX_ONLY
from tests.fake_providers import FakeProviders
from tests.gateway.oidc import a_browser
from tests.journeys.following import analyse
from tests.journeys.prepared import Child, Elsewhere
from tests.journeys.processes import bare_environment, run_aiqc
from tests.oidc_issuer import CLIENT_ID, CLIENT_SECRET, Claims, OidcIssuer

pytestmark = LINUX_ONLY
ADA = {"sub": "ada-1", "name": "Ada Adler", "email": "ada@agency.example"}
NEW = {"sub": "nell-1", "name": "Nell New"}


@pytest.fixture
async def issuer() -> AsyncIterator[OidcIssuer]:
    async with OidcIssuer() as issuer:
        yield issuer


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere.at(tmp_path)


@asynccontextmanager
async def started(elsewhere: Elsewhere, **settings: str) -> AsyncIterator[Mapping[str, Child]]:
    """In a thread, so that the provider in this process can answer meanwhile."""
    running = elsewhere.running(**settings)
    processes = await asyncio.to_thread(running.__enter__)
    try:
        yield processes
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def prepare(elsewhere: Elsewhere, postgres: EmbeddedPostgres) -> None:
    """On a database of its own, with roles of its own, on the server of all tests."""
    db = await asyncpg.connect(postgres.admin_dsn)
    await db.execute("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
    await db.execute("CREATE DATABASE elsewhere")
    await db.close()
    environ = bare_environment(
        elsewhere.folder / "data",
        DATABASE_URL=urlsplit(postgres.admin_dsn)._replace(path="/elsewhere").geturl(),
        AIQC_ROLE_PREFIX="elsewhere_",
    )
    ended = await asyncio.to_thread(
        run_aiqc, environ, "prepare", "--output", elsewhere.folder / "env"
    )
    assert ended.returncode == 0, ended.stderr


@asynccontextmanager
async def signed_in(url: str, issuer: OidcIssuer, person: Claims) -> AsyncIterator[GatewayApi]:
    issuer.person = person
    async with a_browser(URL(url)) as browser:
        assert (await browser.sign_in()).status == 302
        yield GatewayApi(browser.session, URL(url))


async def test_from_env_files_and_a_sign_in_to_verdict_and_cost(
    elsewhere: Elsewhere,
    postgres: EmbeddedPostgres,
    issuer: OidcIssuer,
    fake: FakeProviders,
    sample: Sample,
) -> None:
    await prepare(elsewhere, postgres)
    gateway = elsewhere.urls["gateway"]
    issuer.redirect_urls = {f"{gateway}/api/login/callback"}
    async with started(
        elsewhere,
        GATEWAY_OIDC_ISSUER=issuer.address,
        GATEWAY_OIDC_CLIENT_ID=CLIENT_ID,
        GATEWAY_OIDC_CLIENT_SECRET=CLIENT_SECRET,
        GATEWAY_PUBLIC_URL=gateway,
        GATEWAY_ADMINS="ada-1",
        GATEWAY_HOST="0.0.0.0",
        QC_STORE_URL=f"file://{elsewhere.folder}/objects",
        OPENAI_API_KEY="sk-test-openai-0123456789",
        OPENAI_BASE_URL=str(fake.openai_base_url),
    ) as processes:
        async with signed_in(gateway, issuer, ADA) as api:
            await api.add_logo(sample.logo, "diageo")
            analysis, events = await analyse(api, sample.creative)
            report = (await api.report({"last_days": "2", "format": "csv"})).decode()
        async with signed_in(gateway, issuer, NEW) as stranger:
            with pytest.raises(Forbidden):
                await stranger.analysis(analysis.analysis_id)

    assert analysis.verdict in ("pass", "fail") and analysis.coverage == 100
    assert events[-1].kind == "finished"
    assert fake.billed and analysis.cost_usd and analysis.cost_usd > 0
    assert "diageo" in report.lower()
    assert {process.returncode for process in processes.values()} == {0}, elsewhere.log("qc")
    logs = "".join(elsewhere.log(name) for name in processes)
    assert CLIENT_SECRET not in logs and "Traceback" not in logs


async def test_gateway_without_a_provider_refuses_to_be_reached(
    elsewhere: Elsewhere, postgres: EmbeddedPostgres
) -> None:
    """As in a container whose GATEWAY_OIDC_ISSUER somebody forgot: one sentence, exit code 3."""
    await prepare(elsewhere, postgres)

    with pytest.raises(AssertionError, match="GATEWAY_OIDC_ISSUER"):
        async with started(elsewhere, GATEWAY_HOST="0.0.0.0"):
            pass
    assert "Traceback" not in elsewhere.log("gateway")
