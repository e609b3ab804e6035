"""Every command line that a document tells people to type: where it is run, and what the document promises of it.

A line is of PLAIN and run by test_typed_lines.py, or of some surroundings of SYSTEMD and run by Tests/Systemd, or it
stands under ELSEWHERE or NOT_RUN with the reason. The tests fail for a line that is nowhere here, and for what is here
and in no document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Typed:
    """Lines of the documents that are run in the same way."""

    #: What each of them is as a whole.
    pattern: str
    #: What is found in all that it prints.
    answer: str
    #: Words that are replaced here, such as a time that nobody needs to wait for, by what stands for them.
    instead: Mapping[str, str] = field(default_factory=dict)
    #: What is run after it, and whose words belong to the answer.
    then: str = ":"
    #: Whether it is run by root in namespaces of its own, since it changes the machine or takes the usual port.
    is_alone: bool = False
    #: Where it is typed, from the root of the repository; None for a desk with a program and something to make.
    directory: str | None = None

    def matches(self, line: str) -> bool:
        return re.fullmatch(self.pattern, line) is not None

    def command(self, line: str, instead: Mapping[str, str] | None = None) -> str:
        """What a shell is given: the line and what follows it."""
        for words, others in {**self.instead, **(instead or {})}.items():
            line = line.replace(words, others)
        return f"{line}\n{self.then}"


PLAIN = (
    # The build behind it is left out, and it has the network to itself.
    Typed(
        "make run",
        r"pyjoules_simple_energy_watts\{domain=\"package_0\"\} \d",
        {"make run": "ip link set lo up; make --assume-old=build run &"},
        "until curl -s http://127.0.0.1:9091/metrics | grep ^pyjoules_simple_energy_watts; do sleep 0.05; done",
        is_alone=True,
        directory=".",
    ),
    Typed(
        "make install",
        r"Now, as root:\n(.*\n)*.*systemctl enable --now pyjoules-exporter\.socket",
        {"make install": "mount -t tmpfs none /usr/local; mount -t tmpfs none /etc/default; make install"},
        "/usr/local/bin/pyjoules-exporter --version",
        is_alone=True,
        directory=".",
    ),
    # What there is to be made; each is run by who works on it, and in CI.
    Typed(r"make (?!run$|install$|test$)\S+( \w+=\w+)*", r"\S", {"make ": "make --dry-run "}, directory="."),
    Typed("pyjoules-exporter measure (-- )?make -j8", r"built\n(.*\n)*.*package_0 +\d+\.\d"),
    Typed(
        r"pyjoules-exporter measure (-r|--repeat) 10 --baseline 5s (-- )?\./program",
        r"mean of 10 runs .*standard deviation(.*\n)*.*net joules(.*\n)*.*package_0 +\d",
        {"5s": "20ms"},
    ),
    Typed(
        r"pyjoules-exporter measure --format json (-o|--output) energy\.json (-- )?\./program",
        r'"joules": ?\d',
        then="cat energy.json",
    ),
    Typed(
        "pyjoules-exporter measure --interval 10s --count 6 --format csv",
        r"record,number,(.*\n)+interval,1,(.*\n)+interval,6,",
        {"10s": "20ms"},
    ),
    # Of more ways to measure at least that they measure.
    Typed(
        "pyjoules-exporter measure (?!.*--attribution).*",
        "joules",
        {"10s": "20ms", "5s": "20ms"},
        "cat *.csv 2>/dev/null || true",
    ),
    Typed(r"promtool test rules attribution\.rules\.test\.yml", "SUCCESS", directory="deploy/prometheus"),
)

_NO_SUDO = {"sudo ": ""}
_IT_MEASURES = "All that is needed works: energy is measured and served"
_UNTIL_WELL = "timeout 60 sh -c 'until pyjoules-exporter doctor; do sleep 0.1; done'"
_LIST = "/etc/apt/sources.list.d/pyjoules-exporter.list"
_PROGRAM = r"(\./program|COMMAND)"

#: By surroundings, in the order in which they are typed there.
SYSTEMD: Mapping[str, tuple[Typed, ...]] = {
    # The package lies where it is built, and was never installed.
    "new": (
        Typed(
            r"sudo apt install \./\.build/deb/pyjoules-exporter_\*\.deb",
            _IT_MEASURES,
            _NO_SUDO,
            _UNTIL_WELL,
        ),
    ),
    # A web server gives out a repository.
    "release": (
        Typed(
            r"curl -fsSo /usr/share/keyrings/\S+\.gpg https://HOST/\S+\.gpg",
            "pyjoules-exporter.gpg",
            then="ls /usr/share/keyrings",
        ),
        Typed(
            r'echo "deb \[signed-by=\S+\] https://HOST stable main" > \S+\.list',
            "stable",
            then="cat /etc/apt/sources.list.d/*",
        ),
        Typed("apt update", "stable"),
        Typed("apt install pyjoules-exporter", _IT_MEASURES, then=_UNTIL_WELL),
        Typed(
            "apt install pyjoules-exporter-dbgsym",
            r"^/usr/lib/debug/\.build-id/\w\w/\w+\.debug$",
            {"apt": f"sed -i 's/ main$/ main debug/' {_LIST}; apt update; apt"},
            "find /usr/lib/debug -name '*.debug'",
        ),
    ),
    # The service runs, and counters move.
    "installed": (
        Typed("pyjoules-exporter doctor", _IT_MEASURES),
        Typed("pyjoules-exporter doctor --format json", r'"ok": ?true(.*\n)*.*"findings": ?\['),
        Typed("pyjoules-exporter healthcheck", "http://127.0.0.1:9091 is healthy"),
        Typed("curl http://host:9091/-/healthy", "OK|healthy", {"host:": "127.0.0.1:"}),
        Typed("journalctl -u pyjoules-exporter", ":9091"),
        Typed("journalctl -x -u pyjoules-exporter", r"░░ Subject: .*\n(.*\n)*░░ Defined-By: pyjoules-exporter"),
        Typed("journalctl -u pyjoules-exporter -o json", '"PYJOULES_EVENT"'),
        Typed("systemctl status systemd-journald", r"Active: active \(running\)"),
        Typed(r"systemctl status pyjoules-exporter\.socket pyjoules-exporter\.service", r"Status: \".*[Mm]easur"),
        Typed(
            "systemctl enable --now pyjoules-exporter-sensors",
            "^active",
            then="systemctl is-active pyjoules-exporter-sensors",
        ),
        Typed(
            "sudo chown root:pyjoules /etc/pyjoules-exporter/web.yml",
            "root:pyjoules",
            {"sudo ": "install -D /dev/null /etc/pyjoules-exporter/web.yml; "},
            "stat --format=%U:%G /etc/pyjoules-exporter/web.yml",
        ),
        Typed(
            "sudo chmod 0640 /etc/pyjoules-exporter/web.yml",
            "^640",
            _NO_SUDO,
            "stat --format=%a /etc/pyjoules-exporter/web.yml",
        ),
        Typed(r"systemctl restart pyjoules-exporter(\.socket)?", _IT_MEASURES, then=_UNTIL_WELL),
        Typed(
            "sudo apt remove pyjoules-exporter",
            "^inactive",
            _NO_SUDO,
            "systemctl is-active pyjoules-exporter; ls /etc/default",
        ),
    ),
    # One zone cannot be read from the start, and the counter of another, dram_0, fails.
    "troubled": (
        Typed(r"journalctl MESSAGE_ID=\w+", "zone intel-rapl:1 may not be read"),
        Typed(r"journalctl PYJOULES_DOMAIN=dram_0", "dram_0"),
    ),
    # A GPU that does not exist, and its driver.
    "gpu": (
        Typed(
            "install -d -m 0755 /run/pyjoules-exporter/feeds",
            "^755",
            then="stat --format=%a /run/pyjoules-exporter/feeds",
        ),
        Typed(
            "pyjoules-exporter reader nvidia",
            "^counter id=GPU-",
            {"reader nvidia": "reader nvidia $NVIDIA_ARGS &"},
            "until cat /run/pyjoules-exporter/feeds/nvidia.feed 2>/dev/null; do sleep 0.05; done; kill $!; wait",
        ),
        # udev would have started it.
        Typed(
            "systemctl status pyjoules-exporter-nvidia",
            r"Active: active(.*\n)*.*the energy of 1 GPUs is published",
            {
                "systemctl": "systemctl start pyjoules-exporter-nvidia; until systemctl status pyjoules-exporter-nvidia"
                " | grep --quiet published; do sleep 0.05; done; systemctl"
            },
        ),
        Typed("journalctl -x -u pyjoules-exporter-nvidia", r"░░ Subject: .*\n(.*\n)*░░ Defined-By: pyjoules-exporter"),
        Typed(
            "systemctl stop pyjoules-exporter-nvidia", "^inactive", then="systemctl is-active pyjoules-exporter-nvidia"
        ),
        Typed(
            "systemctl mask --now pyjoules-exporter-nvidia",
            "^masked",
            then="systemctl is-enabled pyjoules-exporter-nvidia",
        ),
    ),
    # As root, with a program to measure.
    "administrator": (
        Typed(
            r"sudo (adduser \$USER pyjoules|usermod --append --groups pyjoules \$USER)",
            "pyjoules",
            _NO_SUDO,
            "id --name --groups daemon",
        ),
        Typed(
            f"pyjoules-exporter measure (?=.*--attribution).* {_PROGRAM}",
            r"package_0 .*\d",
            {"5s": "100ms", "COMMAND": "./program"},
        ),
    ),
    # As somebody who is in the group and has a manager of their own.
    "user": (
        Typed(
            r"systemd-run --user --scope -p Delegate=yes pyjoules-exporter measure --attribution (-- )?\./program",
            r"package_0 .*\d",
        ),
    ),
}

#: Lines that a test runs which is about them alone, as a whole: the file below Tests, and the test.
ELSEWHERE: Mapping[str, str] = {
    r"systemctl edit pyjoules-exporter\.socket": "Systemd/test_moving.py::test_nothing_is_restarted",
    "journalctl --namespace=NAME": "Systemd/test_journal.py::test_it_logs_into_a_namespace_of_its_own",
    "#!/bin/sh\n(.*\n)*": "EndToEnd/test_feeds.py::test_the_script_of_the_manual_publishes_a_meter",
}

_REGISTRY = "asks a registry for images; `make container` builds and tries the same, and test_compose.py reads the file"
_IN_PART = "names a command, to which whoever types it adds something"

#: Lines that cannot be run here, as a whole, and why not.
NOT_RUN: Mapping[str, str] = {
    "make test": "runs this test",
    "docker build .*": _REGISTRY,
    "docker run .*": _REGISTRY,
    "docker compose .*": _REGISTRY,
    "modprobe intel_rapl_msr": "loads a driver into the kernel of whoever runs the tests",
    "systemctl (reload|status|stop)": _IN_PART,
    "journalctl -x": _IN_PART,
    "apt purge": _IN_PART,
    "systemd-run --user --scope -p Delegate=yes": _IN_PART,
}


def rule(line: str, rules: tuple[Typed, ...]) -> Typed | None:
    """The first that is of this line."""
    return next((one for one in rules if one.matches(line)), None)


def places(line: str) -> list[str]:
    """Where a line is run, by the names of the surroundings, or that it is not."""
    rules = {"plain": PLAIN, **SYSTEMD}
    return [
        *("elsewhere" for pattern in ELSEWHERE if re.fullmatch(pattern, line)),
        *("not run" for pattern in NOT_RUN if re.fullmatch(pattern, line)),
        *(name for name in rules if rule(line, rules[name]) is not None),
    ]
