"""The `aiqc` command: composes the commands that the services own."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from aiohttp import ClientSession, CookieJar
from cyclopts import App, CycloptsError, Parameter
from pydantic import ValidationError
from rich.console import Console
from yarl import URL

from deploy import CannotStart
from deploy.backup_commands import add_backup_commands
from deploy.installation import data_dir
from deploy.ports import ports_of
from deploy.running import Addresses, running_platform
from libs.api.call import Caller
from libs.api.ledger import LedgerApi
from libs.api.models import ModelsApi
from libs.api.person import PersonApi
from libs.api.prices import PricesApi
from libs.api.usage import UsageApi
from libs.contracts.access import Action, Actor
from libs.invalid import invalid
from libs.problems import Problem
from services.profiles.commands import registry_apps
from services.qc import commands as qc
from services.qc.check_commands import AsUser, add_check_commands
from services.qc.group_commands import checking_apps
from services.qc.material_commands import add_material_commands
from services.qc.model_commands import models_app
from services.qc.review_commands import add_review_commands
from services.usage import import_commands as imports
from services.usage import (
    ledger_commands,
    price_commands,
    report_commands,
    validation_command,
)

if TYPE_CHECKING:
    from libs.actor import Service
    from services.usage.mailing import Postbox

COULD_NOT_RUN = 3
STOPPED = 130
NOBODY_READS = 141
TOKEN_LIFE = timedelta(hours=12)
DEMO_CLIENT, DEMO_PROFILE = "diageo", "diageo_key_visual"

Api = TypeVar("Api")

app = App(
    name="aiqc",
    help="AI QC checks brand creative before it goes out, and knows what every answer cost.",
)
screen = Console()
notes = Console(stderr=True)


@app.command
async def up() -> None:
    """Start Postgres and the four services on loopback, until ^C."""
    from deploy.local import platform

    async with platform(os.environ, ports_of(os.environ)) as (addresses, ended):
        print(f"\nAI QC is ready at {addresses.gateway}   (^C stops it)\n", flush=True)
        await ended


@app.command
async def add_logo(file: Path, *, client: str, as_user: AsUser = "admin") -> int:
    """Keep a client's logo, with which creatives are compared."""
    async with _signed_in(as_user) as api:
        asset = await api.add_logo(file, client)
    print(f"kept {asset.name} as the logo of {asset.client_id}")
    return 0


@app.command
async def validate_pricing(
    options: Annotated[validation_command.ValidationOptions, Parameter(name="*")] = (
        validation_command.ValidationOptions()  # noqa: B008
    ),
) -> int:
    """Compare prices with genai-prices and LiteLLM; name stale ones, shutdowns, unpriced models.

    Exit code 1 on an error: a price that a source contradicts and none confirms, a model in
    use without a price, a model called after its shutdown. Warnings end in 0 unless --strict.
    """
    async with _prices() as api:
        return await validation_command.validate_pricing(api, options)


@app.command
async def import_logs(
    paths: list[Path],
    /,
    *,
    options: Annotated[imports.ImportOptions, Parameter(name="*")] = imports.ImportOptions(),  # noqa: B008
) -> int:
    """Import the logs of the old tool: folders of daily logs, single logs, or its usage.json.

    Done twice it changes nothing. Exit code: 0 done, also when corrupt lines were skipped; 1 when
    a file could not be read to its end; 3 could not run.
    """
    async with _usage_api() as api:
        return await imports.import_logs(api, paths, options, screen, notes)


@app.command
def token(*, service: Literal["usage", "qc", "profiles"]) -> int:
    """Print a bearer for calling a service directly: valid for 12 hours, on this machine only."""
    print(_token(service))
    return 0


@app.command
async def prepare(*, output: Path) -> int:
    """Prepare the PostgreSQL of DATABASE_URL for services that run elsewhere, as in containers.

    Writes one file of settings for each service into the folder `output`. May run again.
    """
    from deploy.prepare import prepare_files

    print("\n".join(await prepare_files(os.environ, output)))
    return 0


@app.command
async def demo() -> int:
    """Run the main job once on a sample creative, and show where time and money went."""
    from deploy.sample import write_sample  # which draws: no other command needs Pillow

    sample = write_sample(data_dir(os.environ) / "demo")
    notes.print("Starting Postgres and the four services …")
    began = time.monotonic()
    async with _signed_in("admin") as api:
        notes.print(f"Ready after {time.monotonic() - began:.1f} s.")
        await api.add_logo(sample.logo, DEMO_CLIENT)
        analysis = await qc.check(
            api, sample.creative, qc.Question(DEMO_CLIENT, DEMO_PROFILE), screen
        )
        qc.show(analysis, screen)
        sys.stdout.write("\n" + (await api.report({"last_days": "1", "format": "text"})).decode())
    if any(result.state == "skipped" for result in analysis.checks):
        screen.print("\nSet OPENAI_API_KEY or GEMINI_API_KEY to have the skipped checks judged.")
    screen.print("`.venv/bin/aiqc up` keeps the platform running.")
    return COULD_NOT_RUN if analysis.verdict is None else 0


def _token(service: "Service") -> str:
    from deploy.keys import load_keys

    actor = Actor(subject="local", kind="service", name="aiqc", scopes=frozenset(Action))
    issuer = load_keys(data_dir(os.environ)).issuer("local")
    return issuer.passport(actor, service, datetime.now(UTC), TOKEN_LIFE)


@asynccontextmanager
async def _direct(api: Callable[[Caller], Api], service: "Service") -> AsyncIterator[Api]:
    """One service of the platform, past the gateway."""
    async with running_platform(os.environ) as addresses, ClientSession() as session:
        yield api(_caller(session, addresses, service))


@asynccontextmanager
async def _models() -> AsyncIterator[tuple[ModelsApi, PricesApi]]:
    async with running_platform(os.environ) as addresses, ClientSession() as session:
        qc, usage = (_caller(session, addresses, to) for to in ("qc", "usage"))
        yield ModelsApi(qc), PricesApi(usage)


def _caller(session: ClientSession, addresses: Addresses, service: "Service") -> Caller:
    return Caller(session, URL(getattr(addresses, service)), lambda: _token(service))


def _postbox() -> "Postbox":
    from services.usage.mailing import read_postbox

    return read_postbox(os.environ, data_dir(os.environ) / "sent-mail")


_usage_api, _prices = partial(_direct, UsageApi, "usage"), partial(_direct, PricesApi, "usage")
app.command(price_commands.prices_app(_prices))
app.command(models_app(_models))
ledger_commands.add_ledger_commands(app, partial(_direct, LedgerApi, "usage"))
report_commands.add_report_commands(app, _usage_api, _postbox)


@asynccontextmanager
async def _signed_in(user: str) -> AsyncIterator[PersonApi]:
    async with (
        running_platform(os.environ) as addresses,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        api = PersonApi(session, URL(addresses.gateway))
        await api.sign_in(user)
        yield api


add_backup_commands(app, notes)
add_check_commands(app, _signed_in, screen, notes)
add_review_commands(app, _signed_in, screen, notes)
add_material_commands(app, _signed_in)
for group in (*registry_apps(_signed_in), *checking_apps(_signed_in, screen, notes)):
    app.command(group)


def generate_usage_report() -> None:
    """`generate-usage-report`, as scripts of the system before this one call it."""
    main(["report", *sys.argv[1:]])


def validate_pricing_alone() -> None:
    """`validate-pricing`, as scripts of the system before this one call it."""
    main(["validate-pricing", *sys.argv[1:]])


def main(arguments: Sequence[str] | None = None) -> None:
    """Every failure that a person can mend is one sentence on stderr and exit code 3."""
    try:
        code = app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except CycloptsError:
        sys.exit(COULD_NOT_RUN)  # it has said why; its own code, 2, would mean `incomplete`
    except CannotStart as error:
        _fail(str(error))
    except Problem as error:
        _fail(error.detail)
    except ValidationError as error:  # what was typed makes no request
        _fail(invalid(error, "bad_flags").detail)
    except ExceptionGroup as group:
        _fail("; ".join(str(error) for error in group.exceptions))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOBODY_READS)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(STOPPED)
    sys.exit(code or 0)


def _fail(sentence: str) -> None:
    notes.print(f"aiqc: {sentence}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(COULD_NOT_RUN)
