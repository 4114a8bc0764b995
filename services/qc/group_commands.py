"""The groups of `aiqc` commands that qc owns; `services/cli.py` composes them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cyclopts import App
from rich.console import Console

from libs.api.person import PersonApi
from services.qc.campaigns.commands import campaign_app
from services.qc.replays.commands import replay_app

Connect = Callable[[str], AbstractAsyncContextManager[PersonApi]]


def checking_apps(connect: Connect, screen: Console, notes: Console) -> list[App]:
    """`connect` reaches the gateway as somebody."""
    return [campaign_app(connect, screen, notes), replay_app(connect, screen, notes)]
