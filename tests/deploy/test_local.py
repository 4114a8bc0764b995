"""Rules of `aiqc up`: it says what is in its way, keeps its services running, and ends clean."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from deploy import CannotStart
from deploy.installation import DataDirInUse, held_data_dir
from deploy.ports import free_ports, ports_of, refuse_taken
from tests.deploy.processes import LINUX_ONLY, is_gone, wait_until
from tests.journeys.processes import SERVICES, Up, descendants, is_listening, run_aiqc

pytestmark = LINUX_ONLY
WITHIN_S = 8.0


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up") / "data") as up:
        yield up


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"QC_PORT": "many"}, "QC_PORT"),
        ({"QC_PORT": "0"}, "QC_PORT"),
        ({"USAGE_PORT": "65536"}, "USAGE_PORT"),
        ({"GATEWAY_PORT": "7184"}, "both 7184"),
    ],
)
def test_port_that_cannot_be_is_refused_by_name(given: dict[str, str], words: str) -> None:
    with pytest.raises(CannotStart, match=words):
        ports_of(given)


async def test_taken_port_is_told_with_the_setting_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(CannotStart, match=r"USAGE_PORT"):
            await refuse_taken({"usage": other.getsockname()[1]})


async def test_port_that_is_given_up_in_a_moment_is_waited_for() -> None:
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    threading.Timer(0.5, other.close).start()

    await refuse_taken({"usage": other.getsockname()[1]})


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(200))) == 200


def test_data_directory_has_one_holder(tmp_path: Path) -> None:
    environ = {"AIQC_DATA_DIR": str(tmp_path)}
    with (
        held_data_dir(environ),
        pytest.raises(DataDirInUse, match=f"process {os.getpid()}"),
        held_data_dir(environ),
    ):
        pass
    with held_data_dir(environ) as folder:
        assert folder == tmp_path


def test_second_start_says_who_holds_the_data(up: Up) -> None:
    ended = run_aiqc(Up(up.data_dir).environ, "up")

    assert ended.returncode == 3
    assert f"process {up.process_id}" in ended.stderr and "AIQC_DATA_DIR" in ended.stderr


def test_start_on_a_taken_port_names_the_setting(up: Up, tmp_path: Path) -> None:
    ended = run_aiqc(Up(tmp_path / "other", ports=up.ports).environ, "up")

    assert ended.returncode == 3
    assert "GATEWAY_PORT" in ended.stderr and str(up.ports["gateway"]) in ended.stderr


def test_misspelt_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    ended = run_aiqc(Up(tmp_path / "data", {"QC_DEFAULT_MODLES": "openai/gpt-4o"}).environ, "up")

    assert ended.returncode == 3
    assert "QC_DEFAULT_MODLES" in ended.stderr.splitlines()[-1]


def test_what_a_killed_platform_left_behind_is_not_believed(tmp_path: Path, up: Up) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "running.json").write_text((up.data_dir / "running.json").read_text())

    ended = run_aiqc(Up(folder).environ, "report")

    assert (ended.returncode, ended.stdout) == (0, "No usage data found\n"), ended.stderr
    assert (folder / "aiqc.log").exists(), "it brought up its own"


@pytest.mark.parametrize("service", SERVICES)
def test_killed_service_comes_back_on_its_port(up: Up, service: str) -> None:
    up.kill_service(service)

    wait_until(lambda: _is_ready(up.ports[service]), 30.0)
    assert f"aiqc     | {service} was killed by signal 9" in up.log


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_ends_soon_and_leaves_nothing(
    tmp_path: Path, signal_number: signal.Signals
) -> None:
    up = Up(tmp_path / "data")
    up.start()
    started = descendants(up.process_id)

    took_s = up.stop(signal_number)

    assert took_s < WITHIN_S
    assert up.process and up.process.returncode == 0, up.log
    assert all(is_gone(process_id) for process_id in started), started
    assert not any(is_listening(port) for port in up.ports.values())
    assert not (up.data_dir / "running.json").exists()


def test_kill_of_it_takes_everything_along_and_the_next_start_goes_on(tmp_path: Path) -> None:
    up = Up(tmp_path / "data")
    up.start()
    started = descendants(up.process_id)
    up.kill()

    with up:
        wait_until(lambda: all(is_gone(process_id) for process_id in started))
        assert _is_ready(up.ports["gateway"])


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
