"""The journal as an administrator reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from exporter_unit import SERVICE, get
from machine import Machine
from support.waiting import wait_until

# Identifiers of Sources/Log/Event.swift, which are never changed.
STARTED = "9f0d6331a3054090a1efe114610643ff"
LISTENING = "69699bf4057442c09fb4a259cc766893"
RELOADED = "5b0899243817418295ef5c9b5c48ada8"
STOPPING = "bcfb426d809e459db4e05a22a7ef965f"
STOPPED = "9f00043022a54ffabfb8dbc641bff0c2"
INFO = "6"
LIFE = ["listening", "started", "reloaded", "stopping", "stopped"]


def only(records: list[dict[str, str]]) -> Mapping[str, str]:
    assert len(records) == 1, records
    return records[0]


def test_records_carry_fields(machine: Machine) -> None:
    assert get("/-/ready").status == 200
    pid = machine.main_pid(SERVICE)
    for event, identifier in (("started", STARTED), ("listening", LISTENING)):
        record = only(machine.journal("--unit", SERVICE, f"MESSAGE_ID={identifier}"))
        assert record["PYJOULES_EVENT"] == event
        assert record["PRIORITY"] == INFO
        assert record["SYSLOG_IDENTIFIER"] == "pyjoules-exporter"
        assert record["MESSAGE"]
        # journald's own knowledge of who sent it.
        assert record["_PID"] == str(pid)
        assert record["_SYSTEMD_UNIT"] == SERVICE
        assert record["_TRANSPORT"] == "journal"
    assert only(machine.journal(f"MESSAGE_ID={LISTENING}"))["PYJOULES_ADDRESS"].endswith(":9091")


def test_a_life_is_told_from_start_to_end(machine: Machine) -> None:
    machine.systemctl("restart", SERVICE)
    machine.systemctl("reload", SERVICE)
    wait_until(lambda: machine.journal("--unit", SERVICE, f"MESSAGE_ID={RELOADED}"), what="the reload's record")
    machine.systemctl("stop", SERVICE)
    invocation = machine.journal("--unit", SERVICE, f"MESSAGE_ID={STOPPED}")[-1]["_SYSTEMD_INVOCATION_ID"]
    life = machine.journal(f"_SYSTEMD_INVOCATION_ID={invocation}")
    told = [record.get("PYJOULES_EVENT") for record in life]
    assert [event for event in told if event in LIFE] == LIFE, told
    # Nothing of ours comes by another way, such as a trap's last words on stderr.
    assert all(record["_TRANSPORT"] == "journal" for record in life), life


def test_the_catalog_explains_every_record(machine: Machine) -> None:
    machine.systemctl("reload", SERVICE)
    machine.systemctl("restart", SERVICE)
    assert get("/-/ready").status == 200
    records = machine.journal("--unit", SERVICE, "SYSLOG_IDENTIFIER=pyjoules-exporter")
    identifiers = {record["MESSAGE_ID"] for record in records}
    assert {STARTED, LISTENING, STOPPING, STOPPED} <= identifiers
    for identifier in identifiers:
        text = machine.run("journalctl", "--no-pager", "--catalog", "--lines=1", f"MESSAGE_ID={identifier}")
        explanation = [line for line in text.splitlines() if line.startswith("░░")]
        assert any(line.startswith("░░ Subject: ") for line in explanation), text
        assert any(line.startswith("░░ Defined-By: pyjoules-exporter") for line in explanation), text
        assert len(explanation) > 4, f"not a word on what it means: {text}"
        assert re.search(r"@[A-Z_]+@", text) is None, f"a field that the record does not carry: {text}"


def test_it_logs_into_a_namespace_of_its_own(machine: Machine) -> None:
    machine.write(f"/etc/systemd/system/{SERVICE}.d/namespace.conf", "[Service]\nLogNamespace=energy\n")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SERVICE)
    assert get("/-/ready").status == 200
    pid = str(machine.main_pid(SERVICE))
    machine.systemctl("reload", SERVICE)

    def records() -> list[dict[str, str]]:
        return machine.journal("--namespace=energy", "--unit", SERVICE, f"_PID={pid}")

    wait_until(lambda: any(record.get("MESSAGE_ID") == RELOADED for record in records()), what="the record")
    assert {STARTED, LISTENING, RELOADED} <= {record.get("MESSAGE_ID") for record in records()}
    assert machine.journal("--unit", SERVICE, f"_PID={pid}") == []
    assert get().status == 200


def test_it_outlives_a_restart_of_journald(machine: Machine) -> None:
    pid = machine.main_pid(SERVICE)
    machine.systemctl("restart", "systemd-journald.service")
    machine.systemctl("reload", SERVICE)
    wait_until(lambda: machine.journal("--unit", SERVICE, f"MESSAGE_ID={RELOADED}"), what="a record after it")
    assert machine.main_pid(SERVICE) == pid
    assert get().status == 200


def test_an_error_before_the_log_is_set_up_is_in_the_journal_too(machine: Machine) -> None:
    machine.write("/etc/default/pyjoules-exporter", 'ARGS="--sample.interval never"\n')
    machine.run("systemctl", "restart", SERVICE, check=False)
    records = wait_until(lambda: machine.journal("--unit", SERVICE, "--grep", "never"), what="the reason")
    assert "--sample.interval" in records[0]["MESSAGE"]
    assert records[0]["SYSLOG_IDENTIFIER"] == "pyjoules-exporter"
