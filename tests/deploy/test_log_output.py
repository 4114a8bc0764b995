"""The log over real pipes: read at once, late, or by nobody."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

import pytest

from deploy.log_output import Log
from deploy.supervisor import Supervisor
from tests.deploy.processes import wait_until
from tests.deploy.supervised import Start, python

PENDING_BYTES = 300_000


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, TextIO]]:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "w") as writer:
        yield reader, writer


def shout(marker: Path) -> str:
    """A program that says 2,000 long lines, which no pipe holds, and then that it went on."""
    return f"""
import pathlib, time
for number in range(2_000):
    print(number, 'x' * 1_000, flush=True)
pathlib.Path({str(marker)!r}).touch()
time.sleep(60)
"""


def test_a_stalled_reader_learns_where_and_how_many_lines_are_missing(
    pipe: tuple[BinaryIO, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.log_output.PENDING_BYTES", PENDING_BYTES)
    reader, writer = pipe
    log = Log(writer, ["qc"])
    log.start(lambda error: None)
    for number in range(20_000):
        log.line("qc", f"{number} {'x' * (number % 200)}")

    number, gaps = 0, 0
    while number < 20_000:
        line = reader.readline()
        if gap := re.fullmatch(rb"aiqc \| nobody read the log; lines dropped: (\d+)\n", line):
            number, gaps = number + int(gap[1]), gaps + 1
        else:
            assert line == b"qc   | %d %s\n" % (number, b"x" * (number % 200))
            number += 1
    log.line("qc", "after")

    assert (number, gaps > 0) == (20_000, True)
    assert reader.readline() == b"qc   | after\n"
    log.close()


def test_closing_writes_what_is_left(output: TextIO) -> None:
    log = Log(output, ["qc"])
    log.start(lambda error: None)
    for _ in range(300):
        log.line("qc", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 5_000)

    log.close()

    written = Path(output.name).read_text()
    assert written == 300 * f"qc   | {5_000 * chr(0xE9)}\n"


def test_closing_does_not_wait_for_a_stalled_reader(pipe: tuple[BinaryIO, TextIO]) -> None:
    log = Log(pipe[1], ["qc"])
    log.start(lambda error: None)
    log.line("qc", "x" * 200_000)

    started = time.monotonic()
    log.close()

    assert time.monotonic() - started < 5


def test_that_the_reader_has_gone_is_told_once(pipe: tuple[BinaryIO, TextIO]) -> None:
    reader, writer = pipe
    told: list[OSError] = []
    log = Log(writer, ["qc"])
    log.start(told.append)
    reader.close()

    log.line("qc", "one")
    wait_until(lambda: bool(told))
    log.line("qc", "two")
    log.close()

    assert [type(error) for error in told] == [BrokenPipeError]


def test_children_go_on_while_nobody_reads_the_log(supervise: Start, tmp_path: Path) -> None:
    supervise(shout(tmp_path / "went on"))
    wait_until((tmp_path / "went on").exists, timeout_s=20)


def test_it_stops_while_nobody_reads_the_log(supervise: Start, tmp_path: Path) -> None:
    supervised = supervise(shout(tmp_path / "went on"))
    wait_until((tmp_path / "went on").exists, timeout_s=20)

    supervised.process.send_signal(signal.SIGTERM)

    assert supervised.process.wait(timeout=20) == 0


def test_children_drain_when_the_reader_has_gone(
    pipe: tuple[BinaryIO, TextIO], tmp_path: Path
) -> None:
    chatty = f"""
import os, pathlib, signal, time
def drain(*_):
    for number in range(5):
        time.sleep(0.1)
        os.write(1, b'draining\\n')
    pathlib.Path({str(tmp_path / "drained")!r}).touch()
    os._exit(0)
signal.signal(signal.SIGTERM, drain)
while True:
    print('word', flush=True)
    time.sleep(0.01)
"""
    pipe[0].close()
    with pytest.raises(BrokenPipeError):
        asyncio.run(Supervisor([python("qc", chatty)], pipe[1]).run())
    assert (tmp_path / "drained").exists()


def test_only_a_terminal_gets_colours(pipe: tuple[BinaryIO, TextIO]) -> None:
    main, terminal = os.openpty()
    with os.fdopen(terminal, "w") as output:
        log = Log(output, ["qc"])
        log.start(lambda error: None)
        log.line("qc", "one")
        log.close()
        coloured = os.read(main, 1_000)
    os.close(main)
    assert re.fullmatch(rb"\033\[35mqc   \|\033\[0m one\r\n", coloured)
