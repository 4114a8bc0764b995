"""The ports of the platform on this machine: which, and whether they are free."""

import asyncio
import errno
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack

from deploy import CannotStart

PORTS = {"gateway": 7183, "qc": 7184, "profiles": 7185, "usage": 7186}
LOOPBACK = "127.0.0.1"
RELEASE_S = 3.0
POLL_S = 0.1


def ports_of(environ: Mapping[str, str]) -> dict[str, int]:
    """The usual ports, or those that GATEWAY_PORT, QC_PORT … name. Raises CannotStart."""
    ports: dict[str, int] = {}
    for service, usual in PORTS.items():
        name = f"{service.upper()}_PORT"
        given = environ.get(name) or str(usual)
        if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= 65_535):
            raise CannotStart(f"{name} is {given!r}: a port is a number from 1 to 65535")
        for other, port in ports.items():
            if port == int(given):
                raise CannotStart(f"{name} and {other.upper()}_PORT are both {port}: change one")
        ports[service] = int(given)
    return ports


async def refuse_taken(ports: Mapping[str, int]) -> None:
    """Raise CannotStart for a port that is taken, and stays so for a moment.

    The services of an `aiqc up` that was killed need that moment to end.
    """
    deadline = time.monotonic() + RELEASE_S
    for service, port in ports.items():
        while (problem := _problem(port)) and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)
        if problem:
            raise CannotStart(
                f"port {port} of the {service} service {problem}, or set "
                f"{service.upper()}_PORT to another"
            )


def _problem(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                return "is one that only root may use: start as root"
            return "is taken: end the program that has it"
    return None


def free_ports(count: int) -> list[int]:
    """All held at once while they are chosen, so that none comes twice."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
