"""`aiqc models …`; `services/cli.py` composes it."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from typing import Annotated, TypeVar

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError
from rich.console import Console, RenderableType

from libs.api.models import ModelsApi
from libs.api.prices import PricesApi
from libs.contracts.models import ModelChange, ModelName, ModelRow, Probed, ProbeRequest
from libs.contracts.prices import PriceRow, RetirementRow
from libs.problems import Invalid, Problem
from services.qc.model_tables import model_table, probe_table, standard_prices, state_of

Connect = Callable[[], AbstractAsyncContextManager[tuple[ModelsApi, PricesApi]]]
PIPED_WIDTH = 160
NOT_WORKING = 1
NEVER, NONE = "never", "none"
Body = TypeVar("Body", bound=BaseModel)
Switch = Annotated[bool, Parameter(negative=())]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions:
    """Flags of `aiqc models set`; what is not given stays as it is.

    Parameters
    ----------
    like
        Take all facts of this model first, as in `--like openai/gpt-4o`.
    api
        What serves it: chat, responses (OpenAI and compatible servers) or generate (Gemini).
    context_tokens
        The most tokens of a question and its answer.
    most_output_tokens
        The most tokens of an answer, reasoning included.
    tiers
        Service tiers that can be asked for, with commas between them.
    shutdown_on
        The day from which its successor is asked, YYYY-MM-DD, or `never`.
    successor
        The model that is asked then, of the same provider.
    cheaper
        The model that triage asks first, of the same provider, or `none`.
    vision
        Whether it sees pictures.
    structured
        Whether it holds to a JSON schema.
    reasoning
        Whether it thinks before it answers.
    note
        Why.
    """

    like: str | None = None
    api: str | None = None
    context_tokens: int | None = None
    most_output_tokens: int | None = None
    tiers: str | None = None
    shutdown_on: str | None = None
    successor: str | None = None
    cheaper: str | None = None
    vision: bool | None = None
    structured: bool | None = None
    reasoning: bool | None = None
    note: str = ""


def models_app(connect: Connect) -> App:
    """`aiqc models` and the commands under it; `connect` reaches qc and the price book."""
    app = App(name="models", help="Show the models that can be asked, and whether they work.")
    models = ModelCommands(connect)
    app.default(models.show)
    app.command(models.set)
    app.command(models.reset)
    return app


class ModelCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def show(
        self,
        *models: str,
        update_non_working: Switch = False,
        all: Switch = False,
        provider: str | None = None,
        as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    ) -> int:
        """Show the models: state, prices, shutdown and successor.

        Exit code 1 after --update-non-working when a model that was asked does not work.

        Parameters
        ----------
        models
            Only these, as `openai/gpt-4o`.
        update_non_working
            Ask each a tiny question first, and mark those that do not work. Each is a paid call.
        all
            Also models that were never asked here.
        provider
            Only models of this provider.
        as_json
            As JSON, with the answers of the probes.
        """
        named = _valid(ProbeRequest, models=models).models
        async with self._connect() as (api, book):
            probed = None
            if update_non_working:
                probed = await _probe(api, named, provider)
                if not as_json:
                    _print(probe_table(probed))
            filters = {"provider": provider} if provider else {}
            found = await api.models(all=str(all or bool(models)).lower(), **filters)
            known = await _price_book(book)
        rows = [r for r in found.models if not models or f"{r.provider}/{r.model}" in models]
        _write(rows, known, probed, as_json)
        return NOT_WORKING if probed and not all_work(probed) else 0

    async def set(
        self,
        model: str,
        options: Annotated[ChangeOptions, Parameter(name="*")] = ChangeOptions(),
    ) -> int:
        """Add a model, or say otherwise of one. It counts at once, without a restart."""
        change = _change(model, options)
        async with self._connect() as (api, _):
            row = await api.change(change)
        sys.stdout.write(f"Noted: {row.provider}/{row.model}{_facts(row)}.\n")
        return 0

    async def reset(self, model: str) -> int:
        """Let what was shipped of a model count again."""
        name = _valid(ModelName, model=model)
        async with self._connect() as (api, _):
            row = await api.reset(name.model)
        known = "as it was shipped" if row.known else "not written down any more"
        sys.stdout.write(f"{row.provider}/{row.model} is {known}.\n")
        return 0


def all_work(probed: Iterable[Probed]) -> bool:
    return all(one.works for one in probed)


def _write(
    rows: Sequence[ModelRow],
    known: tuple[list[PriceRow], list[RetirementRow]],
    probed: Sequence[Probed] | None,
    as_json: bool,
) -> None:
    if as_json:
        sys.stdout.write(_as_json(rows, known[0], probed))
    elif rows:
        _print(model_table(rows, *known))
    else:
        sys.stdout.write("There is no such model. `aiqc models --all` lists them.\n")


async def _probe(api: ModelsApi, models: Sequence[str], provider: str | None) -> list[Probed]:
    """Raises Invalid when there is none to ask."""
    if provider and not models:
        rows = (await api.models(provider=provider)).models
        models = [f"{row.provider}/{row.model}" for row in rows if row.configured]
        if not models:
            raise Invalid("no_key", f"{provider} has no key here, or no model that is asked.")
    probes = await api.probe(models)
    if not probes.probed:
        raise Invalid("no_key", "No provider has a key: set OPENAI_API_KEY or GEMINI_API_KEY.")
    return probes.probed


async def _price_book(book: PricesApi) -> tuple[list[PriceRow], list[RetirementRow]]:
    """Prices and ends; while the ledger does not answer models are shown without them."""
    try:
        return (await book.prices()).prices, (await book.retirements()).retirements
    except Problem as error:
        sys.stderr.write(f"Prices are not shown: {error.detail}\n")
        return [], []


def _change(model: str, options: ChangeOptions) -> ModelChange:
    given = {name: value for name, value in asdict(options).items() if value is not None}
    if not given.keys() - {"note"}:
        raise Invalid("nothing_given", "Say what is to count: `aiqc models set --help` lists it.")
    without = []
    if given.get("shutdown_on") == NEVER:
        without += ["shutdown_on", "successor"]
        del given["shutdown_on"]
    if given.get("cheaper") == NONE:
        without.append("cheaper")
        del given["cheaper"]
    if "tiers" in given:
        given["tiers"] = [tier.strip() for tier in str(given["tiers"]).split(",")]
    return _valid(ModelChange, model=model, without=tuple(without), **given)


def _valid(kind: type[Body], **fields: object) -> Body:
    """Raises Invalid, which says in words which flag is wrong."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = [
            f"{_flag(str(one['loc'][0]))}: {_words(one['type'], one['msg'])}"
            for one in error.errors(include_url=False, include_context=False)
        ]
        raise Invalid("bad_flags", f"{'; '.join(dict.fromkeys(wrong))}.") from error


def _flag(field: str) -> str:
    return "MODEL" if field in ("model", "models") else f"--{field.replace('_', '-')}"


def _words(kind: str, message: str) -> str:
    if kind.startswith("date"):
        return "write a day as YYYY-MM-DD"
    if kind == "string_pattern_mismatch":
        return "write provider/model, as in openai/gpt-4o"
    return message.lower()


def _facts(row: ModelRow) -> str:
    end = f" is shut down on {row.shutdown_on}" if row.shutdown_on else " is not to be shut down"
    heir = f", then {row.successor} is asked" if row.successor else ""
    return f"{end}{heir}; {row.context_tokens:,} tokens of context"


def _as_json(
    rows: Iterable[ModelRow], prices: Iterable[PriceRow], probed: Sequence[Probed] | None
) -> str:
    of_model = standard_prices(prices)
    models = [
        {
            **row.model_dump(mode="json"),
            "state": state_of(row),
            "input_usd": f"{price.input_usd:f}" if price else None,
            "output_usd": f"{price.output_usd:f}" if price else None,
        }
        for row in rows
        for price in [of_model.get((row.provider, row.model))]
    ]
    asked = {} if probed is None else {"probed": [one.model_dump(mode="json") for one in probed]}
    return json.dumps({"models": models, **asked}, indent=2) + "\n"


def _print(what: RenderableType) -> None:
    """As wide as it needs to be where nobody looks."""
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(what)
