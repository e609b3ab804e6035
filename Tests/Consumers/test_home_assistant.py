"""Home Assistant's sensor `rest`, and the statistics that its energy dashboard draws."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from powers import HOST_WATTS, assert_is_power
from support.documented import EXPORTER, block
from support.exporter import REPOSITORY, Exporter
from support.raw_http import free_port
from support.scraping_servers import end_process
from support.waiting import wait_until

PYTHON = REPOSITORY / ".build/home-assistant/bin/python"
PROGRAM = Path(__file__).with_name("home_assistant.py")
JOULES_PER_KWH = 3.6e6
# Two readings and more, of which the second exporter's first is far less than the first's last.
STATES = 5
ENOUGH_JOULES = 8 * HOST_WATTS

State = dict[str, Any]


class HomeAssistant:
    """A process of it, and what it prints."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self._process = process
        self._output = output

    def states(self, entity: str) -> list[State]:
        """Those with a number so far."""
        lines = [json.loads(line) for line in self._output.read_text().splitlines(keepends=True) if line.endswith("\n")]
        states = [line for line in lines if line.get("entity") == entity]
        return [{**state, "value": float(state["state"])} for state in states if state["state"][0].isdigit()]

    def statistics(self) -> dict[str, dict[str, Any]]:
        """Of all the time. It ends with this."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        found: dict[str, dict[str, Any]] = json.loads(self._output.read_text().splitlines()[-1])["statistics"]
        return found


@contextlib.contextmanager
def home_assistant(directory: Path, configuration: str) -> Iterator[HomeAssistant]:
    file, output = directory / "configuration.yaml", directory / "output"
    file.write_text(configuration)
    with output.open("w") as stdout, (directory / "log").open("w") as stderr:
        process = subprocess.Popen(
            [PYTHON, PROGRAM, directory, file], stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, text=True
        )
    try:
        yield HomeAssistant(process, output)
    finally:
        end_process(process)


def test_it_has_the_watts_and_the_energy_also_across_a_restart(
    start_exporter: Callable[[str], Exporter], tmp_path: Path
) -> None:
    if not PYTHON.exists():
        pytest.skip("Home Assistant is not there (scripts/consumers.sh long)")
    address = f"127.0.0.1:{free_port()}"
    configuration = block("Home Assistant", "yaml", **{EXPORTER: address, "scan_interval: 15": "scan_interval: 1"})

    def energies() -> list[State]:
        return running.states("sensor.host_energy")

    with home_assistant(tmp_path, configuration) as running:
        with start_exporter(address):
            wait_until(lambda: len(energies()) >= STATES and joules(energies()[-1]) > ENOUGH_JOULES, 25, "states")
        before = energies()
        with start_exporter(address):
            wait_until(lambda: len(energies()) >= len(before) + STATES, 25, "states of the second exporter")
            statistics = running.statistics()
    after = energies()[len(before) :]

    assert_is_power(power(before[0], before[-1]), HOST_WATTS)
    assert joules(after[0]) < joules(before[-1])
    energy = statistics["sensor.host_energy"]
    assert energy["unit_of_measurement"] == "kWh" and energy["has_sum"]
    counted = joules(before[-1]) - joules(before[0]) + joules(after[-1])
    assert energy["sum"] * JOULES_PER_KWH == pytest.approx(counted, abs=1)
    watts = statistics["sensor.host_power"]
    assert watts["unit_of_measurement"] == "W" and 0.5 * HOST_WATTS < watts["mean"] < 1.5 * HOST_WATTS


def joules(state: State) -> float:
    return float(state["value"]) * JOULES_PER_KWH


def power(first: State, last: State) -> float:
    return (joules(last) - joules(first)) / float(last["time"] - first["time"])
