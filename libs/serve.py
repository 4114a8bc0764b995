"""Run one service as a process."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiohttp import web

from libs.settings import EXIT_BAD_SETTINGS, BadSettings, ServiceSettings
from libs.telemetry import configure_logs

log = structlog.get_logger()
DRAIN_S = 5.0
"""With the worker's own 3 s this stays below what the supervisor grants before it kills."""

Some = TypeVar("Some", bound=ServiceSettings)


def serve(
    service: str, load: Callable[[], Some], create_app: Callable[[Some], web.Application]
) -> None:
    """Serve until SIGTERM or SIGINT; exit code 3 means that the settings need mending."""
    try:
        settings = load()
        configure_logs(service, settings.log_format)
        asyncio.run(_serve(create_app(settings), settings))
    except BadSettings as error:
        print(f"{service}: these settings need mending:\n{error}", file=sys.stderr)
        sys.exit(EXIT_BAD_SETTINGS)


async def _serve(app: web.Application, settings: ServiceSettings) -> None:
    # aiohttp waits that long for handlers to end, and once more before it cancels them.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_S / 2)
    await runner.setup()
    _keep_what_is_loaded()
    try:
        await _listen(runner, settings)
        log.info(f"listening on http://{settings.host}:{settings.port}")
        await _told_to_stop()
        log.info("stopping")
    finally:
        await runner.cleanup()


def _keep_what_is_loaded() -> None:
    """Modules, routes and pools stay to the end: the collector need not go through them again
    whenever a body of many objects is read, which took a sixth of a busy service's time.
    """
    gc.collect()
    gc.freeze()


async def _listen(runner: web.AppRunner, settings: ServiceSettings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        log.error(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")
        sys.exit(1)


def _told_to_stop() -> Awaitable[object]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop.wait()
