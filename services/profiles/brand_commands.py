"""`aiqc brand …`; `services/cli.py` composes it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from pydantic import ValidationError

from libs.api.material import MaterialApi
from libs.contracts.brand import BrandData
from libs.problems import Invalid

Connect = Callable[[str], AbstractAsyncContextManager[MaterialApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]


def brand_app(connect: Connect) -> App:
    """The commands under `aiqc brand`; `connect` reaches the gateway as somebody."""
    app = App(name="brand", help="Show and set what a client says once for all of its checks.")
    commands = BrandCommands(connect)
    app.command(commands.show)
    app.command(commands.set)
    return app


class BrandCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def show(self, client: str, *, as_user: AsUser = "admin") -> int:
        """Print the client's brand data as JSON, in the form that `set` takes."""
        async with self._connect(as_user) as api:
            print((await api.brand(client)).brand.model_dump_json(indent=2))
        return 0

    async def set(self, client: str, file: Path, *, as_user: AsUser = "admin") -> int:
        """Save the JSON of a file as the client's brand data: what it leaves out is empty."""
        brand = _read(file)
        async with self._connect(as_user) as api:
            await _require_logos(api, client, brand)
            saved = await api.set_brand(client, brand)
        told = (
            f"version {saved.version}" if saved.changed else f"no change, version {saved.version}"
        )
        print(f"brand data of {client}: {told}")
        return 0


async def _require_logos(api: MaterialApi, client: str, brand: BrandData) -> None:
    if not brand.logos:
        return
    known = {asset.asset_id for asset in await api.assets(client, kind="logo")}
    if missing := [str(asset_id) for asset_id in brand.logos if asset_id not in known]:
        raise Invalid(
            "unknown_logo",
            f"logos: {', '.join(missing)} is no logo of {client} that is in use: `aiqc assets list "
            f"--client {client} --kind logo --json` names them.",
        )


def _read(file: Path) -> BrandData:
    try:
        return BrandData.model_validate_json(file.read_bytes())
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)[:10]
        ]
        raise Invalid("bad_brand", f"{file}: {'; '.join(wrong)}.") from error
