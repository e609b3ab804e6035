"""What the exporter gave up once everything was open. What an attacker would try is in Tests/SandboxTests."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from support.certificates import Certificate
from support.exporter import FORGIVING_BINARY, IS_SANDBOX_FATAL, Exporter, StartExporter
from support.powercap_tree import PowercapTree, Zone
from support.preloaded import compile_preloaded
from support.web_configuration import tls, write

FAST = ("--sample.interval", "20ms")
LAYERS = ("landlock", "seccomp", "capabilities")
NOTHING = "0000000000000000"


def status(exporter: Exporter) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    lines = Path(f"/proc/{exporter.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def sandbox(exporter: Exporter) -> dict[str, int]:
    """What the page says of each layer."""
    samples = exporter.page().find("pyjoules_sandbox")
    assert [sample.labels["layer"] for sample in samples] == list(LAYERS)
    return {sample.labels["layer"]: int(sample.value) for sample in samples}


def test_everything_is_given_up_before_it_serves(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    fields = status(exporter)
    assert [fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [NOTHING] * 4
    if os.geteuid() == 0:
        assert fields["CapBnd"] == NOTHING
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    assert fields["Threads"] == "1"


def test_the_log_and_the_page_say_what_was_given_up(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    record = exporter.only_record("sandboxed")
    layers = sandbox(exporter)
    assert layers["seccomp"] == layers["capabilities"] == 1
    assert {layer: "on" if value else "off" for layer, value in layers.items()} == {
        layer: record[layer] for layer in LAYERS
    }
    assert record["msg"].startswith("sandbox: landlock ")
    assert record["level"] == ("info" if all(layers.values()) else "warning")
    events = [record["event"] for record in exporter.records()]
    assert events.index("sandboxed") < events.index("started")


def test_as_another_user_the_bounding_set_is_left(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    exporter = start_exporter(None, *FAST, **without_rights)
    fields = status(exporter)
    assert fields["CapEff"] == fields["CapPrm"] == NOTHING
    assert sandbox(exporter)["capabilities"] == 1
    is_left = fields["CapBnd"] != NOTHING
    assert ("the bounding set stays" in exporter.only_record("sandboxed")["msg"]) == is_left


def test_without_the_sandbox_nothing_is_given_up(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, "--no-sandbox")
    fields = status(exporter)
    before = status_of_this_process()
    for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp"):
        assert fields[name] == before[name]
    assert set(sandbox(exporter).values()) == {0}
    record = exporter.only_record("sandboxed")
    assert record["level"] == "warning" and "--no-sandbox" in record["msg"]


def status_of_this_process() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("speaks_tls", [True, False])
def test_where_a_key_is_in_memory_others_of_its_user_cannot_look_inside(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object],
    server_certificate: Certificate, speaks_tls: bool
) -> None:
    """The kernel gives what it shows of such a process to root. See proc(5)."""
    settings = {}
    if speaks_tls:
        files = (server_certificate.certificate, server_certificate.key)
        copies = [Path(shutil.copy(file, public_directory)) for file in files]
        for copy in copies:
            copy.chmod(0o644)
        settings = tls(Certificate(*copies))
    web_file = public_directory / "web.yml"
    write(web_file, settings)
    web_file.chmod(0o644)
    exporter = start_exporter(None, *FAST, "--web.config.file", str(web_file), wait=False, **without_rights)
    exporter.wait_for_event("started")
    user = int(status(exporter)["Uid"].split()[0])
    assert user != 0 or os.geteuid() == 0
    assert os.stat(f"/proc/{exporter.pid}/mem").st_uid == (0 if speaks_tls else user)


def test_a_driver_that_is_loaded_again_is_found(
    start_exporter: StartExporter, tree: PowercapTree, faulty_pread: Path
) -> None:
    """The directory that all links of class/powercap lead to goes with the driver, and another one comes with it."""
    exporter = start_exporter(tree, *FAST, environment={"LD_PRELOAD": str(faulty_pread)})
    tree.remove("0")
    tree.remove("1")
    for link in (tree.root / "class" / "powercap").iterdir():
        link.unlink()
    shutil.rmtree(tree.root / "devices" / "virtual" / "powercap")
    exporter.wait_for_page(lambda page: not page.find("pyjoules_simple_energy_watts"), what="the loss of all zones")
    tree.add(Zone("0", "package-0"), 3_000_000)
    exporter.wait_for_page(
        lambda page: bool(page.find("pyjoules_simple_energy_watts", domain="package_0")), what="the package's return"
    )


# A call that is not on the list


@pytest.fixture(scope="session")
def forgotten_call(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an exporter that makes a system call which its sandbox does not know."""
    return {"LD_PRELOAD": str(compile_preloaded("forgotten_call", tmp_path_factory.mktemp("forgotten_call")))}


def test_an_unknown_call_fails_and_nothing_else_happens(
    start_exporter: StartExporter, tree: PowercapTree, forgotten_call: dict[str, str]
) -> None:
    exporter = start_exporter(tree, *FAST, environment=forgotten_call, binary=FORGIVING_BINARY)
    assert exporter.page_after_ticks(20).ticks >= 20


@pytest.mark.skipif(not IS_SANDBOX_FATAL, reason="only `make e2e` runs an exporter that dies of unknown calls")
def test_the_fatal_form_dies_of_an_unknown_call(
    start_exporter: StartExporter, tree: PowercapTree, forgotten_call: dict[str, str]
) -> None:
    """Without this, a whole run of the fatal form that finds nothing would prove nothing."""
    exporter = start_exporter(tree, *FAST, wait=False, environment=forgotten_call)
    assert exporter.wait() == -signal.SIGSYS
