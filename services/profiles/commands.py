"""The groups of `aiqc` commands that the registry owns; `services/cli.py` composes them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cyclopts import App

from libs.api.person import PersonApi
from services.profiles.activations.commands import add_activation_commands
from services.profiles.audit.commands import audit_app
from services.profiles.bindings.commands import add_preview_command
from services.profiles.brand_commands import brand_app
from services.profiles.bulk.commands import bulk_app
from services.profiles.clients.commands import clients_app
from services.profiles.diffs.commands import add_diff_commands
from services.profiles.drafts.commands import drafts_app
from services.profiles.finding.commands import add_finding_commands
from services.profiles.saves.commands import add_save_commands
from services.profiles.transfer.commands import add_transfer_commands

Connect = Callable[[str], AbstractAsyncContextManager[PersonApi]]


def registry_apps(connect: Connect) -> list[App]:
    """`connect` reaches the gateway as somebody."""
    return [
        audit_app(connect),
        brand_app(connect),
        clients_app(connect),
        drafts_app(connect),
        profiles_app(connect),
    ]


def profiles_app(connect: Connect) -> App:
    """`aiqc profiles …`: each topic adds its own commands."""
    app = App(name="profiles", help="Profiles and their versions.")
    add_activation_commands(app, connect)
    add_diff_commands(app, connect)
    add_preview_command(app, connect)
    add_save_commands(app, connect)
    add_transfer_commands(app, connect)
    add_finding_commands(app, connect)
    app.command(bulk_app(connect))
    return app
