"""The supervisor over real processes: they print, die, hang and are killed."""

import asyncio
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from deploy import CannotStart
from deploy.supervisor import Process, Supervisor
from tests.deploy.processes import LINUX_ONLY, is_gone, wait_until
from tests.deploy.supervised import Start, python, run_until, run_until_said, said, text_of

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DRAIN = r"""
import os, signal, time
def drain(*_):
    time.sleep(0.3)
    os.write(1, b'drained\n')
    os._exit(0)
signal.signal(signal.SIGTERM, drain)
print('up', flush=True)
time.sleep(60)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('up', flush=True)
time.sleep(60)
"""


def test_lines_carry_the_name_of_who_said_them(output: TextIO) -> None:
    log = run_until_said(
        output, [python("qc", "print('one\\ntwo')"), python("usage", SLEEP)], "two"
    )
    assert "qc    | one\nqc    | two\n" in log
    assert "\033" not in log


def test_errors_are_logged_and_a_long_line_does_not_stop_the_log(output: TextIO) -> None:
    code = "import sys; print('x' * 300_000); print('after', file=sys.stderr)"
    log = run_until_said(output, [python("qc", code)], "after")
    assert log.count("x") >= 300_000


def test_a_killed_child_is_started_again(supervise: Start) -> None:
    supervised = supervise(SLEEP)
    supervised.read_until(r"child0 \| up")
    first = supervised.children()

    os.kill(first[0], signal.SIGKILL)

    log = supervised.read_until(r"child0 \| up", times=2)
    assert "child0 was killed by signal 9; starts again in 0.2 s" in log
    assert supervised.children() != first


def test_the_wait_before_a_new_start_doubles(supervise: Start) -> None:
    supervised = supervise("raise SystemExit(1)")
    log = supervised.read_until("starts again", times=4)
    assert re.findall(r"starts again in (\S+) s", log) == ["0.2", "0.4", "0.8", "1.6"]


def test_one_wrong_configuration_ends_everything_with_its_reason(supervise: Start) -> None:
    supervised = supervise(DRAIN, "print('QC_PORT: not a number'); raise SystemExit(3)")
    log = supervised.process.communicate(timeout=30)[0]
    assert supervised.process.returncode == 1
    assert log.count("child1 | QC_PORT: not a number") == 5
    assert log.endswith("gave up: child1 refuses to start: QC_PORT: not a number\n")
    assert "child0 | drained" in log


def test_a_program_that_is_not_there_ends_everything(output: TextIO) -> None:
    supervisor = Supervisor([Process("qc", ["/no/such/program"], {})], output)
    with pytest.raises(CannotStart, match="qc cannot be run: No such file or directory"):
        asyncio.run(supervisor.run())


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_every_child_drain(supervise: Start, signal_number: int) -> None:
    supervised = supervise(DRAIN, DRAIN)
    supervised.read_until(r"\| up", times=2)

    log = supervised.end(signal_number)

    assert supervised.process.returncode == 0
    assert log.count("| drained") == 2
    assert "starts again" not in log
    assert log.rindex("stopping child") < log.index("| drained")


def test_interrupt_of_the_terminal_reaches_children_once(supervise: Start) -> None:
    """^C goes to the whole foreground group, of which the children are no part."""
    supervised = supervise(SLEEP)
    supervised.read_until(r"\| up")
    assert all(os.getpgid(child) == child for child in supervised.children())
    assert "KeyboardInterrupt" not in supervised.end(signal.SIGINT)


def test_a_child_that_does_not_drain_is_killed(
    output: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.supervisor.DRAIN_S", 0.3)
    log = run_until_said(output, [python("qc", DEAF)], "up")
    assert "qc did not drain and is killed" in log


def test_a_second_signal_does_not_wait(supervise: Start) -> None:
    supervised = supervise(DEAF)
    supervised.read_until(r"\| up")
    supervised.process.send_signal(signal.SIGINT)
    supervised.read_until("stopping child0")

    started = time.monotonic()
    supervised.end(signal.SIGINT)

    assert time.monotonic() - started < 5


@LINUX_ONLY
def test_a_killed_supervisor_takes_its_children_with_it(supervise: Start) -> None:
    supervised = supervise(SLEEP, DRAIN)
    supervised.read_until(r"\| up", times=2)
    children = supervised.children()
    assert len(children) == 2

    supervised.process.kill()

    wait_until(lambda: all(map(is_gone, children)))


@LINUX_ONLY
def test_grandchildren_end_with_a_killed_child(supervise: Start) -> None:
    code = f"""
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])
print('worker', worker.pid, flush=True)
time.sleep(60)
"""
    supervised = supervise(code)
    worker = int(re.findall(r"worker (\d+)", supervised.read_until(r"worker \d+"))[0])

    os.kill(supervised.children()[0], signal.SIGKILL)

    supervised.read_until(r"worker \d+", times=2)
    wait_until(lambda: is_gone(worker))


def test_no_secret_is_in_the_log_or_the_arguments(supervise: Start) -> None:
    supervised = supervise(SLEEP, "raise SystemExit(1)")
    supervised.read_until("starts again", times=2)
    arguments = [Path(f"/proc/{c}/cmdline").read_bytes() for c in supervised.children()]
    assert "s3cret" not in supervised.end(signal.SIGTERM)
    assert b"s3cret" not in b"".join(arguments)
    assert "s3cret" not in repr(Process("qc", ["qc"], {"KEY": "s3cret"}))


def test_a_log_that_nobody_reads_ends_everything(supervise: Start) -> None:
    supervised = supervise("while True: print('word', flush=True)")
    supervised.read_until("word")
    assert supervised.process.stdout is not None
    supervised.process.stdout.close()
    supervised.process.wait(timeout=15)


def test_ready_means_that_every_url_answers_200(output: TextIO) -> None:
    async def wait() -> None:
        argv = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
        server = Supervisor([Process("server", argv, dict(os.environ))], output)
        running = asyncio.create_task(server.run())
        await said(output, "http://")
        address = re.findall(r"http://[\d.:]+", text_of(output))[0]
        ready = Supervisor([python("qc", SLEEP, f"{address}/")], output)
        await run_until(ready, lambda: ready.wait_ready(5))
        unready = Supervisor(
            [
                python("qc", SLEEP, f"{address}/"),
                python("usage", SLEEP, f"{address}/nothing-here"),
                python("profiles", SLEEP, "http://127.0.0.1:1/readyz"),
            ],
            output,
        )
        reason = r"not ready after 1 s: usage \(404\), profiles \(does not answer\)"
        with pytest.raises(CannotStart, match=reason):
            await run_until(unready, lambda: unready.wait_ready(1))
        server.stop()
        await running

    asyncio.run(wait())


def test_waiting_ends_when_a_process_gives_up(output: TextIO) -> None:
    refusing = Process("qc", ["/no/such/program"], {}, "http://127.0.0.1:1/readyz")
    supervisor = Supervisor([refusing], output)

    async def wait() -> None:
        running = asyncio.create_task(supervisor.run())
        with pytest.raises(CannotStart, match="qc cannot be run"):
            await supervisor.wait_ready(30)
        with suppress(CannotStart):
            await running

    asyncio.run(wait())
