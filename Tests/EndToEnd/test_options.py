"""Options and environment: a wrong value is one line and exit status 64, and a flag beats the environment."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Mapping
from decimal import Decimal

import pytest

from support import log_lines
from support.exporter import StartExporter, run
from support.powercap_tree import PowercapTree
from support.raw_http import Client, free_port
from support.waiting import wait_until

EX_USAGE = 64


def assert_is_usage_error(result: subprocess.CompletedProcess[str], *mentioned: str) -> None:
    assert result.returncode == EX_USAGE, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    for text in mentioned:
        assert text in lines[0]


WRONG_VALUES = {
    "--web.listen-address": [
        "nonsense",
        ":",
        ":http",
        ":65536",
        ":-1",
        "127.0.0.1",
        "127.0.0.1:",
        "256.0.0.1:9091",
        "1.2.3:9091",
        "[::1:9091",
        "[::g]:9091",
        "::1:9091",
        "unix:metrics.sock",
        "unix:/run/",
        "unix:/x?mode=0999",
        "unix:/" + "x" * 107,
        "vsock://9091",
        "vsock://:4294967295",
    ],
    "--web.telemetry-path": ["metrics", "/with space", "/", "/-/ready", "/api/v1/power"],
    "--web.max-connections": ["0", "-1", "many", "1.5", "99999999999999999999"],
    "--sample.interval": [
        "0",
        "-1",
        "0.0001",
        "999us",
        "60.001",
        "61s",
        "100xs",
        "1e9",
        "nan",
        "inf",
        "soon",
        "1 s",
        "99999999999999999999999s",
    ],
    "--web.resolution": ["0", "0.0009", "61s", "never", "-1s"],
    "--attribution": ["on", "pods"],
    "--attribution.max": ["0", "4097", "many"],
    "--attribution.max-new": ["0", "60/h", "-1"],
    "--attribution.interval": ["0", "61s", "automatic"],
    "--attribution.keep": ["0", "86401s", "10m"],
    "--attribution.idle-watts": ["warm", "-1", "1e3", "1000000", "core=1", "2.1234567"],
    "--attribution.kinds": ["core", "package,", "package;dram"],
    "--attribution.descend": [""],
    "--source": ["nuclear", "POWERCAP", "simulated,powercap"],
    "--log.level": ["loud", "INFO "],
    "--log.format": ["xml", "text"],
}

WRONG_VARIABLES = {
    "EXPORTER_PORT": ["http", "65536", "-1", "9091 ", "0x50", "99999999999999999999"],
    "EXPORTER_RESOLUTION_SECONDS": ["0", "-1", "61", "soon"],
    "SCRAPE_INTERVAL_SECONDS": ["0", "-1", "61", "soon", "nan", "1,5"],
}


def _pairs(table: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize("name, value", _pairs(WRONG_VALUES))
def test_a_wrong_value_is_one_line(name: str, value: str) -> None:
    assert_is_usage_error(run(f"{name}={value}"), name, value)


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_wrong_value_as_an_argument_of_its_own(name: str) -> None:
    assert_is_usage_error(run(name, WRONG_VALUES[name][0]), name, WRONG_VALUES[name][0])


@pytest.mark.parametrize("name, value", _pairs(WRONG_VARIABLES))
def test_a_wrong_variable_is_one_line(name: str, value: str) -> None:
    assert_is_usage_error(run(environment={name: value}), name, value)


@pytest.mark.parametrize("name", [*WRONG_VALUES, "--path.sysfs", "--path.procfs", "--path.cgroupfs"])
def test_a_missing_value_is_one_line(name: str) -> None:
    assert_is_usage_error(run(name), name)


@pytest.mark.parametrize("names", [("auto", "hwmon"), ("powercap", "simulated"), ("simulated", "auto", "perf")])
def test_sources_that_stand_alone_have_nothing_beside_them(names: tuple[str, ...]) -> None:
    arguments = [word for name in names for word in ("--source", name)]
    allowed = "powercap, perf, hwmon and feeds"
    assert_is_usage_error(run(*arguments), *(f"--source {name}" for name in names[:2]), allowed)


@pytest.mark.parametrize("argument", ["--nonsense", "--web.listen-adress=:9091", "nonsense"])
def test_what_is_no_option_is_one_line(argument: str) -> None:
    assert_is_usage_error(run(argument), argument.partition("=")[0])


@pytest.mark.parametrize(
    "argument, words",
    [
        ("--web.max-requests=40", "--web.max-connections"),
        ("--web.disable-exporter-metrics", "metric_relabel_configs"),
        ("--no-web.systemd-socket", "--web.listen-address"),
        ("--collector.rapl", "--source"),
        ("--no-collector.hwmon", "--source"),
        ("--collector.textfile.directory=/var/lib", "--source"),
    ],
)
def test_for_an_option_of_node_exporter_the_error_names_what_to_use(argument: str, words: str) -> None:
    assert_is_usage_error(run(argument), argument.partition("=")[0], words)


def test_what_templates_of_other_exporters_pass_is_taken(start_exporter: StartExporter, tree: PowercapTree) -> None:
    port = free_port()
    options = ["--web.listen-address", f"localhost:{port}", "--web.config.file=", "--log.level=warn"]
    exporter = start_exporter(tree, *options, listen=False, wait=False)

    def status() -> int:
        with contextlib.suppress(ConnectionRefusedError), Client(("127.0.0.1", port)) as client:
            return client.get("/-/healthy").status
        return 0

    assert wait_until(status, what="an answer") == 200
    assert exporter.records() == [], "nothing below a warning is logged"


def test_a_port_that_kubernetes_made_of_a_service_is_not_used(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    environment = {"EXPORTER_PORT": "tcp://10.0.0.7:9091"}
    exporter = start_exporter(tree, environment=environment)
    assert exporter.records("setting_ignored") == [], "with an address nobody asks for the variable"
    # Where the default port is taken, the start fails for that and not for the variable.
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            holder.bind(("0.0.0.0", 9091))
            holder.listen()
        result = run("--source", "simulated", environment=environment)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert any("setting_ignored" in line and "EXPORTER_PORT=tcp://10.0.0.7:9091" in line for line in lines), lines
    assert "9091: the address is in use" in lines[-1]


def test_version() -> None:
    result = run("--version")
    assert result.returncode == 0 and result.stderr == ""
    assert len(result.stdout.splitlines()) == 1 and any(character.isdigit() for character in result.stdout)


def test_help_names_every_option() -> None:
    result = run("--help")
    assert result.returncode == 0 and result.stderr == ""
    paths = ["--path.sysfs", "--path.procfs", "--path.cgroupfs"]
    options = [*WRONG_VALUES, "--web.systemd-socket", *paths, "--version", "--help"]
    assert [option for option in options if option not in result.stdout] == []


@pytest.mark.parametrize(
    "text, seconds", [("50ms", "0.05"), ("0.25", "0.25"), ("1s", "1"), ("1ms", "0.001"), ("60", "60")]
)
def test_the_forms_of_an_interval(start_exporter: StartExporter, tree: PowercapTree, text: str, seconds: str) -> None:
    exporter = start_exporter(tree, "--sample.interval", text)
    assert exporter.page().value("pyjoules_sample_interval_seconds") == Decimal(seconds)


def test_the_interval_of_the_environment(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, environment={"SCRAPE_INTERVAL_SECONDS": "0.25"})
    assert exporter.page().value("pyjoules_sample_interval_seconds") == Decimal("0.25")


def test_the_interval_option_beats_the_environment(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, "--sample.interval", "50ms", environment={"SCRAPE_INTERVAL_SECONDS": "0.25"})
    assert exporter.page().value("pyjoules_sample_interval_seconds") == Decimal("0.05")


def test_the_default_interval(start_exporter: StartExporter, tree: PowercapTree) -> None:
    assert start_exporter(tree).page().value("pyjoules_sample_interval_seconds") == Decimal("0.1")


def test_the_port_of_the_environment(start_exporter: StartExporter, tree: PowercapTree) -> None:
    port = free_port()
    exporter = start_exporter(tree, listen=False, environment={"EXPORTER_PORT": str(port)})
    assert exporter.port == port
    assert exporter.get().status == 200


def test_the_address_option_beats_the_environment(start_exporter: StartExporter, tree: PowercapTree) -> None:
    port = free_port()
    exporter = start_exporter(tree, environment={"EXPORTER_PORT": str(port)})
    assert exporter.port != port


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        result = run("--web.listen-address", address)
    assert result.returncode == 1
    lines = [line for line in result.stderr.splitlines() if address in line]
    assert len(lines) == 1, result.stderr
    assert log_lines.parse_logfmt(lines[0]) is not None


def test_a_systemd_socket_that_was_not_passed_is_an_error() -> None:
    result = run("--web.systemd-socket")
    assert result.returncode == 1
    assert "--web.systemd-socket" in result.stderr
    assert "systemctl restart pyjoules-exporter.socket" in result.stderr
