"""Surroundings that fail or lie: files that somebody else changes, pipes in the place of files, a /proc that is hidden,
policies that refuse a call. Nothing waits for ever, nothing spins, nothing is overwritten, and no option is lost."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import ledger_bytes
from support.exporter import BINARY, Exporter, StartExporter, clean_environment
from support.powercap_tree import PowercapTree, laptop
from support.preloaded import compile_preloaded
from support.raw_http import Client, has_ipv6
from support.waiting import DEADLINE_SECONDS, wait_until
from support.web_configuration import bcrypt

# epoll_wait and epoll_pwait by their numbers on x86-64 and arm64.
EPOLL_CALLS = ("232", "281", "22")
FAST = ("--sample.interval", "20ms")


@dataclass(frozen=True)
class Faults:
    """The preloaded library through which calls fail that the test chooses, such as `accept4="EPERM"`."""

    library: Path
    control: Path

    def environment(self, open_path: str = "/nowhere") -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "FAULTY_CALLS_CONTROL": str(self.control),
            "FAULTY_OPEN_PATH": open_path,
        }

    def set(self, **faults: str) -> None:
        # In place, since the exporter has the file open.
        self.control.write_text(" ".join(f"{call}={code}" for call, code in faults.items()))


@pytest.fixture(scope="session")
def faulty_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_preloaded("faulty_calls", tmp_path_factory.mktemp("faulty_calls"))


@pytest.fixture
def faults(faulty_calls: Path, tmp_path: Path) -> Faults:
    faults = Faults(faulty_calls, tmp_path / "faults")
    faults.set()
    return faults


def assert_sleeps(exporter: Exporter, ticks: Callable[[], int]) -> None:
    """Over fifty samples the process sleeps most of the time."""
    first, used, begin = ticks(), exporter.cpu_seconds(), os.times().elapsed
    wait_until(lambda: ticks() > first + 50, what="fifty more samples")
    assert exporter.cpu_seconds() - used < 0.5 * (os.times().elapsed - begin)


# The state file


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.mark.parametrize("length", [0, 8, 4096, ledger_bytes.LENGTH // 2, ledger_bytes.LENGTH - 1])
def test_a_state_file_that_is_shortened_while_it_is_used(
    start_exporter: StartExporter, tree: PowercapTree, state_file: Path, length: int
) -> None:
    exporter = start_exporter(tree, *FAST, "--state-file", str(state_file))
    tree.set("0", 2_000_000)
    assert exporter.page_after_ticks().energy("package_0") == 2
    os.truncate(state_file, length)
    tree.set("0", 3_000_000)
    # Each of the two copies is written after that, and shows the second joule.
    assert exporter.page_after_ticks(4).energy("package_0") == 3
    assert exporter.end(signal.SIGKILL)[0] == -signal.SIGKILL
    later = start_exporter(tree, *FAST, "--state-file", str(state_file))
    assert later.page().energy("package_0") == 3
    assert later.records("ledger_refused") == []
    assert state_file.stat().st_size == ledger_bytes.LENGTH


def test_a_state_file_that_cannot_be_written_keeps_what_it_has(
    start_exporter: StartExporter, tree: PowercapTree, state_file: Path, faults: Faults
) -> None:
    exporter = start_exporter(tree, *FAST, "--state-file", str(state_file), environment=faults.environment())
    tree.set("0", 2_000_000)
    assert exporter.page_after_ticks(3).energy("package_0") == 2
    faults.set(pwrite="ENOSPC")
    assert "No space left" in exporter.wait_for_event("ledger_failing")["reason"]
    before = state_file.read_bytes()
    tree.set("0", 3_000_000)
    assert exporter.page_after_ticks(5).energy("package_0") == 3, "what is served does not depend on it"
    assert state_file.read_bytes() == before
    assert len(exporter.records("ledger_failing")) == 1
    faults.set()
    exporter.only_record("ledger_recovered")
    exporter.page_after_ticks(3)
    exporter.end(signal.SIGKILL)
    later = start_exporter(tree, *FAST, "--state-file", str(state_file))
    assert later.page().energy("package_0") == 3


def test_a_deleted_state_file_is_told_of(start_exporter: StartExporter, tree: PowercapTree, state_file: Path) -> None:
    exporter = start_exporter(tree, "--sample.interval", "2ms", "--state-file", str(state_file))
    state_file.unlink()
    assert exporter.wait_for_event("ledger_failing")["reason"] == "deleted"
    exporter.page_after_ticks(200)
    assert len(exporter.records("ledger_failing")) == 1
    assert not state_file.exists()


@pytest.mark.parametrize("content", [b"precious\n", b"\0", b"\0" * 4096, b"\x7fELF" * 5000], ids=len)
def test_nothing_is_written_to_a_file_that_holds_something_else(
    start_exporter: StartExporter, tree: PowercapTree, state_file: Path, content: bytes
) -> None:
    state_file.write_bytes(content)
    exporter = start_exporter(tree, *FAST, "--state-file", str(state_file), wait=False)
    assert exporter.wait() == 1
    message = exporter.records("failed")[0]["msg"]
    assert str(state_file) in message and "--state-file" in message
    assert state_file.read_bytes() == content


def test_without_room_for_the_state_file_nothing_starts(
    start_exporter: StartExporter, tree: PowercapTree, state_file: Path
) -> None:
    """A limit of the size of files stands for a full disk: the kernel ends whoever does not expect it by SIGXFSZ."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
    exporter = start_exporter(tree, *FAST, "--state-file", str(state_file), wait=False, before_exec=limit)
    assert exporter.wait() == 1
    assert str(state_file) in exporter.records("failed")[0]["msg"]


# Pipes in the place of files


def test_a_pipe_in_the_place_of_a_counter(start_exporter: StartExporter, tree: PowercapTree) -> None:
    counter = tree.root / "class/powercap/intel-rapl:0:2/energy_uj"
    counter.unlink()
    os.mkfifo(counter)
    exporter = start_exporter(tree, *FAST)
    assert exporter.page_after_ticks().find("pyjoules_energy_joules_total", domain="dram_0") == []
    assert "not a regular file" in exporter.wait_for_event("zone_unreadable")["msg"]
    assert exporter.end()[0] == 0


def test_a_pipe_in_the_place_of_an_attribute(start_exporter: StartExporter, tree: PowercapTree) -> None:
    for name in ("max_energy_range_uj", "name", "constraint_0_power_limit_uw"):
        attribute = tree.root / "class/powercap/intel-rapl:0:1" / name
        attribute.unlink(missing_ok=True)
        os.mkfifo(attribute)
    exporter = start_exporter(tree, *FAST)
    assert exporter.page_after_ticks().energy("package_0") == 0
    assert exporter.end()[0] == 0


def test_a_pipe_in_the_place_of_the_web_configuration(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path
) -> None:
    path = tmp_path / "web.yml"
    os.mkfifo(path)
    refused = start_exporter(tree, *FAST, "--web.config.file", str(path), wait=False)
    assert refused.wait() == 1
    assert "not a regular file" in refused.records("failed")[0]["msg"]

    path.unlink()
    path.write_text("http_server_config: {}\n")
    exporter = start_exporter(tree, *FAST, "--web.config.file", str(path))
    path.unlink()
    os.mkfifo(path)
    exporter.send_signal(signal.SIGHUP)
    assert "not a regular file" in exporter.wait_for_event("web_configuration_refused")["msg"]
    exporter.page_after_ticks()
    assert exporter.end()[0] == 0


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_pipe_that_nobody_reads_takes_no_report(pipe: Path) -> None:
    command = [BINARY, "measure", "--source", "simulated", "--interval", "10ms", "--output", str(pipe)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, env=clean_environment())
    assert result.returncode == 1
    assert str(pipe) in result.stderr and "nobody reads" in result.stderr


@pytest.mark.parametrize("way", ["output", "standard output"])
def test_a_reader_that_never_reads_keeps_no_measurement_from_ending(pipe: Path, way: str) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    arguments = ["--interval", "1ms", "--count", "100000", "--format", "csv"]
    command = [BINARY, "measure", "--source", "simulated", *arguments]
    if way == "output":
        command += ["--output", str(pipe)]
    process = subprocess.Popen(command, stdout=writer if way != "output" else None, env=clean_environment())
    os.close(writer)
    try:

        def waits_for_reader() -> bool:
            count = bytearray(4)
            fcntl.ioctl(reader, termios.FIONREAD, count)
            call = Path(f"/proc/{process.pid}/syscall").read_text().split()[0]
            return int.from_bytes(count, "little") > 0 and call not in ("running", *EPOLL_CALLS)

        wait_until(waits_for_reader, what="a measurement that waits for its reader")
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) in (-signal.SIGTERM, 128 + signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
        os.close(reader)


# Options


@pytest.fixture
def without_proc() -> Iterator[list[str]]:
    """How to start a program that sees nothing in /proc."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may hide /proc, with unshare (Debian package util-linux)")
    launcher = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if subprocess.run([*launcher, "true"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespaces here")
    yield launcher


def test_without_proc_no_option_is_lost(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path, without_proc: list[str]
) -> None:
    """Swift's own list of arguments comes from /proc: without it the exporter once served all, without a password."""
    path = tmp_path / "web.yml"
    path.write_text(f"basic_auth_users:\n  scraper: {bcrypt('secret')}\n")
    exporter = start_exporter(
        tree,
        *FAST,
        "--web.config.file",
        str(path),
        "--state-file",
        str(tmp_path / "state"),
        wait=False,
        launcher=without_proc,
    )
    exporter.wait_for_event("started")
    assert exporter.get("/metrics").status == 401
    # The totals belong to a start of the machine, which nobody can know here.
    assert "boot_id" in exporter.wait_for_event("ledger_refused")["msg"]
    assert exporter.end()[0] == 0


def test_without_proc_a_measurement_is_one(without_proc: list[str]) -> None:
    def measured(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*without_proc, str(BINARY), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, env=clean_environment()
        )

    assert measured("--version").stdout.startswith("pyjoules-exporter ")
    result = measured("measure", "--source", "simulated", "--format", "csv", "--", "echo", "one two", "three")
    assert result.returncode == 0
    assert result.stdout == "one two three\n"
    assert result.stderr.startswith("record,number,")


# Policies and limits from outside


@pytest.mark.parametrize("code", ["EPERM", "EACCES", "ECONNABORTED", "ENOTSUP", "EMFILE"])
def test_accepting_that_always_fails_neither_spins_nor_ends(
    start_exporter: StartExporter, tree: PowercapTree, faults: Faults, code: str
) -> None:
    exporter = start_exporter(tree, *FAST, environment=faults.environment())
    kept = exporter.connect()
    exporter.page_on(kept)
    faults.set(accept4=code)
    waiting = exporter.connect()
    exporter.wait_for_event("no_descriptors" if code == "EMFILE" else "accept_failed")
    # It looks again when a connection ends, and each second.
    if code != "EMFILE":
        assert_sleeps(exporter, lambda: exporter.page_on(kept).ticks)
        assert len(exporter.records("accept_failed")) == 1
    faults.set()
    assert exporter.page_on(waiting).energy("package_0") == 0
    assert exporter.end()[0] == 0


def test_listeners_that_cannot_be_watched_again_go_on_resting(
    start_exporter: StartExporter, tree: PowercapTree, faults: Faults
) -> None:
    exporter = start_exporter(tree, *FAST, environment=faults.environment())
    kept = exporter.connect()
    exporter.page_on(kept)
    faults.set(accept4="EPERM", epoll_add="ENOSPC")
    waiting = exporter.connect()
    exporter.wait_for_event("accept_failed")
    # Accepting would work, but nobody says when: each second the kernel refuses to watch for it.
    faults.set(epoll_add="ENOSPC")
    before = exporter.page_on(kept).ticks
    wait_until(lambda: exporter.page_on(kept).ticks > before + 75, what="the samples of more than a second")
    assert_sleeps(exporter, lambda: exporter.page_on(kept).ticks)
    assert len(exporter.records("accept_failed")) == 1
    faults.set()
    assert exporter.page_on(waiting).energy("package_0") == 0
    assert exporter.end()[0] == 0


def test_a_limit_that_may_not_be_asked_for_is_not_shown(
    start_exporter: StartExporter, tree: PowercapTree, faults: Faults
) -> None:
    faults.set(getrlimit="EPERM")
    exporter = start_exporter(tree, *FAST, environment=faults.environment())
    page = exporter.page_after_ticks()
    assert page.find("process_max_fds") == []
    assert page.find("process_open_fds") != []
    faults.set()
    assert exporter.page_after_ticks().find("process_max_fds") != []


@pytest.mark.parametrize("code", ["EIO", "EMFILE"])
def test_a_counter_that_fails_at_the_start_is_found_later(
    start_exporter: StartExporter, tree: PowercapTree, faults: Faults, code: str
) -> None:
    faults.set(open=code)
    exporter = start_exporter(tree, *FAST, environment=faults.environment("intel-rapl:0:2/energy_uj"))
    assert exporter.page_after_ticks().find("pyjoules_energy_joules_total", domain="dram_0") == []
    faults.set()
    exporter.wait_for_page(
        lambda page: page.find("pyjoules_energy_joules_total", domain="dram_0") != [], what="the counter of dram"
    )


def test_fewer_descriptors_than_connections_lower_their_limit(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    if not has_ipv6():
        pytest.skip("there is no IPv6 on the loopback device")
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))  # noqa: E731
    exporter = start_exporter(tree, *FAST, "--web.listen-address", ":0", listen=False, before_exec=limit)
    message = exporter.wait_for_event("setting_ignored")["msg"]
    assert "LimitNOFILE" in message and "--web.max-connections" in message
    # Another client than the crowd, of which one connection goes for each that comes.
    kept = Client(("::1", exporter.port))
    exporter.page_on(kept)
    for _ in range(200):
        exporter.connect()
    assert_sleeps(exporter, lambda: exporter.page_on(kept).ticks)
    assert exporter.records("no_descriptors") == []


@pytest.mark.parametrize("range_uj", [1, 999, 1000, 2_000_000])
def test_a_range_that_nobody_can_follow_sets_no_pace(
    start_exporter: StartExporter, tmp_path: Path, range_uj: int
) -> None:
    """The time in which such a counter can run through its range once was the pause between two passes: none at all."""
    exporter = start_exporter(laptop(tmp_path / "small", range_uj=range_uj), *FAST)
    kept = exporter.connect()
    assert_sleeps(exporter, lambda: exporter.page_on(kept).ticks)
    measured = subprocess.run(
        [BINARY, "measure", "--source", "powercap", "--path.sysfs", tmp_path / "small", "--interval", "20ms"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        env=clean_environment(),
    )
    assert measured.returncode == 0, measured.stderr


def test_closed_standard_descriptors_are_filled(start_exporter: StartExporter, tree: PowercapTree) -> None:
    def close_them() -> None:
        for descriptor in (0, 1, 2):
            os.close(descriptor)

    exporter = start_exporter(tree, *FAST, wait=False, stderr=subprocess.DEVNULL, before_exec=close_them)
    exporter.page_after_ticks()
    assert [os.readlink(f"/proc/{exporter.pid}/fd/{number}") for number in (0, 1, 2)] == ["/dev/null"] * 3
