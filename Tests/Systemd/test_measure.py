"""`measure --attribution` as a user who is not root runs it, in what systemd delegates to them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import PurePath
from random import Random

import pytest

from conftest import BOUND_WATTS
from machine import Machine
from support.hardware_counter import HardwareCounter, RandomLoad
from typing_lines import type_lines

Counters = dict[str, HardwareCounter]

USER = "researcher"
USER_ID = "1000"
RUNTIME = f"/run/user/{USER_ID}"
RUN = ("systemd-run", "--quiet", "--pipe", "--wait")
# README and the refusal both name this.
SCOPE = ("systemd-run", "--quiet", "--user", "--scope", "-p", "Delegate=yes")
SERVICE = ("-p", "Delegate=yes")
MEASURE = ("pyjoules-exporter", "measure", "--attribution", "--format", "json", "--")
# Says in which group it is, and runs for a while; nothing but a shell is sure to be there.
COMMAND = "grep ^0:: /proc/self/cgroup; i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"


@pytest.fixture
def user(machine: Machine) -> str:
    """Somebody who may read the counters, with a manager of their own, as a login has it started."""
    machine.run("useradd", "--create-home", f"--uid={USER_ID}", "--groups=pyjoules", USER)
    # In place of what a login brings: PAM and logind, which this Debian has not.
    machine.write(
        "/etc/systemd/system/user-runtime-dir@.service.d/no-logind.conf",
        "[Service]\nExecStart=\nExecStart=install -d -o %i -m 0700 /run/user/%i\n",
    )
    machine.write(
        "/etc/systemd/system/user@.service.d/no-logind.conf",
        "[Service]\nPAMName=\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n",
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("start", f"user@{USER_ID}.service")
    return USER


@pytest.mark.parametrize(
    ("unit", "within"),
    [((), SCOPE), (SERVICE, ())],
    ids=["a scope of the user's manager", "a service of the system's"],
)
def test_what_a_users_command_used_is_told(
    machine: Machine, counters: Counters, user: str, unit: tuple[str, ...], within: tuple[str, ...]
) -> None:
    as_user = (*RUN, "-p", f"User={user}", f"--setenv=XDG_RUNTIME_DIR={RUNTIME}")
    with RandomLoad(list(counters.values()), BOUND_WATTS, Random(7)):
        said = machine.run(
            "sh", "-c", 'exec "$@" 2>&1', "sh", *as_user, *unit, *within, *MEASURE, "sh", "-c", COMMAND
        )
    group, report = said.split("\n", 1)
    assert PurePath(group).name.startswith("pyjoules-measure-")
    assert ("/user.slice/" in group and group.split("/")[-2].endswith(".scope")) == bool(within), group
    found = json.loads(report, parse_float=Decimal)
    assert found["exit_status"] == 0
    assert found["command_cpu_seconds"] > Decimal("0.01")
    shared = [domain for domain in found["domains"] if "command_joules" in domain]
    assert [domain["domain"] for domain in shared] == ["package_0", "dram_0", "psys_0"]
    for domain in shared:
        assert domain["command_joules"] > 0
        assert domain["command_joules"] + domain["others_joules"] + domain["idle_joules"] == domain["joules"]


def test_without_a_group_of_their_own_it_says_what_gives_one(machine: Machine, user: str) -> None:
    as_user = (*RUN, "-p", f"User={user}")
    said = machine.run("sh", "-c", '"$@" 2>&1; echo "status $?"', "sh", *as_user, *MEASURE, "echo", "was run")
    assert "systemd-run --user --scope -p Delegate=yes" in said
    assert "was run" not in said.replace("echo was run", "")
    assert said.splitlines()[-1] == "status 1", said


def test_the_lines_of_the_documents(machine: Machine, counters: Counters, user: str) -> None:
    as_user = (*RUN, "-p", f"User={user}", f"--setenv=XDG_RUNTIME_DIR={RUNTIME}")
    with RandomLoad(list(counters.values()), BOUND_WATTS, Random(7)):
        type_lines(machine, "administrator", {"$USER": "daemon"}, RUN)
        type_lines(machine, "user", prefix=as_user)
