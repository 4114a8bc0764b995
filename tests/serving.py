"""An application behind a real listener, run as libs.serve runs it.

Not aiohttp's TestServer: that cancels a handler whose caller has left, which production does not.
"""

from typing import Self

from aiohttp import web
from yarl import URL


class Serving:
    """`url` ends in a slash. Started again it keeps its port."""

    def __init__(self, app: web.Application, port: int = 0) -> None:
        self._app = app
        self._runner: web.AppRunner | None = None
        self.port = port

    @property
    def url(self) -> URL:
        return URL(f"http://127.0.0.1:{self.port}/")

    async def start(self) -> None:
        self._runner = web.AppRunner(
            self._app, access_log=None, shutdown_timeout=1.0, auto_decompress=False
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
