"""The groups of `aiqc` commands that the registry owns; `services/cli.py` composes them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cyclopts import App

from libs.api.person import PersonApi
from services.profiles.brand_commands import brand_app

Connect = Callable[[str], AbstractAsyncContextManager[PersonApi]]


def registry_apps(connect: Connect) -> list[App]:
    """`connect` reaches the gateway as somebody."""
    return [brand_app(connect)]
