"""What the shells complete, typed into each of them on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.exporter import BINARY, REPOSITORY

NAME = "pyjoules-exporter"
PATIENCE_SECONDS = 20.0
# A line, and what has to be offered, or what it becomes. Without a command the options are those of serve.
CASES = {
    "mea": ["measure"],
    "--w": ["--web.config.file", "--web.listen-address", "--web.telemetry-path"],
    "serve --web.tele": ["--web.telemetry-path"],
    "--source ": ["auto", "hwmon", "perf", "powercap", "simulated"],
    "--source=pow": ["powercap"],
    "--log.level ": ["critical", "debug", "notice", "warning"],
    "serve --sample.interval 1s --log.f": ["--log.format"],
    "measure --base": ["--baseline"],
    "measure --source powercap --out": ["--output"],
    "measure --tr": ["--trace"],
    "measure --trace {directory}/rep": ["report-a", "report-b"],
    "measure -o {directory}/rep": ["report-a", "report-b"],
    "measure --format ": ["csv", "json", "table"],
    "measure --output {directory}/rep": ["report-a", "report-b"],
    "--path.sysfs {directory}/dir": ["directory/"],
    "--state-file {directory}/rep": ["report-a", "report-b"],
    "doctor --format ": ["json", "text"],
    "help ": ["doctor", "healthcheck", "measure", "serve"],
    "measure -- only-for-this-te": ["only-for-this-test"],
    "measure --repeat 3 -- cat {directory}/rep": ["report-a", "report-b"],
    "measure only-for-this-te": ["only-for-this-test"],
    "measure --format json --attribution --source=auto only-for-this-te": ["only-for-this-test"],
    "measure --repeat 3 cat {directory}/rep": ["report-a", "report-b"],
    "measure --repeat 3 --form": ["--format"],
}


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is missing (Debian package {name})")
    return name


@pytest.fixture(scope="module")
def script(shell: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script as it is installed."""
    command = [str(REPOSITORY / "scripts" / "completions.py"), str(BINARY), shell]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    path = tmp_path_factory.mktemp(shell) / f"_{NAME}"
    path.write_text(text)
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """What is completed as files, directories and commands."""
    for name in ("report-a", "report-b"):
        (tmp_path / name).touch()
    (tmp_path / "directory").mkdir()
    program = tmp_path / "bin" / "only-for-this-test"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.execvpe(command[0], command, {**os.environ, **environment})
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 200, 0, 0))
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def wait_for(self, *words: str) -> None:
        """Until all of the words are shown."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not all(word in self.shown for word in words):
            assert time.monotonic() < end, f"not shown are all of {words}: {self.shown}"
            if select.select([self._descriptor], [], [], 0.1)[0]:
                self.shown += os.read(self._descriptor, 65_536).decode(errors="replace")

    def end(self) -> None:
        os.close(self._descriptor)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)


@contextlib.contextmanager
def interactive(shell: str, script: Path, directory: Path) -> Iterator[Terminal]:
    """A shell without anybody's settings, in which the script is at work."""
    environment = {"TERM": "dumb", "HOME": str(directory), "PATH": f"{directory}/bin:{os.environ['PATH']}"}
    if shell == "bash":
        command = ["bash", "--norc", "--noprofile", "-i"]
        settings = [f"source {script}"]
        settings += [f"bind 'set {each}'" for each in ("show-all-if-ambiguous on", "completion-query-items 0")]
    else:
        command = ["zsh", "-f", "-i"]
        settings = [f"fpath=({script.parent} $fpath)", "autoload -Uz compinit", "compinit -D -u", "LISTMAX=1000"]
    terminal = Terminal(command, environment)
    try:
        terminal.type("\n".join([*settings, "echo RE''ADY", ""]))
        terminal.wait_for("READY\r\n")
        terminal.shown = ""
        yield terminal
    finally:
        terminal.end()


@pytest.mark.parametrize("line", CASES)
def test_what_is_typed_is_completed(shell: str, script: Path, directory: Path, line: str) -> None:
    typed = f"{NAME} {line}".format(directory=directory)
    if shell == "fish":
        command = ["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"]
        environment = {**os.environ, "PATH": f"{directory}/bin:{os.environ['PATH']}"}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        offered = [text.split("\t")[0] for text in result.stdout.splitlines()]
        for word in CASES[line]:
            assert any(text == word or text.endswith(("/" + word, "=" + word)) for text in offered), offered
        return
    with interactive(shell, script, directory) as terminal:
        # The first completes what all have in common, the second lists them.
        terminal.type(typed + "\t\t")
        terminal.wait_for(*CASES[line])


@pytest.mark.parametrize("line", ["measure -- cat --no-s", "measure cat --no-s"])
def test_the_commands_of_others_have_no_options_of_ours(shell: str, script: Path, directory: Path, line: str) -> None:
    typed = f"{NAME} {line}"
    if shell == "fish":
        command = ["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"]
        assert "sandbox" not in subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return
    with interactive(shell, script, directory) as terminal:
        terminal.type(typed + "\t\t\x15echo RE''ADY\n")
        terminal.wait_for("READY\r\n")
        assert "sandbox" not in terminal.shown


def test_a_shell_can_read_its_completions(shell: str, script: Path) -> None:
    subprocess.run([shell, "-n", str(script)], check=True)


def test_every_option_is_offered(shell: str, script: Path) -> None:
    text = script.read_text()
    for command in ("serve", "measure", "doctor", "healthcheck"):
        listed = subprocess.run([str(BINARY), command, "--help"], capture_output=True, text=True, check=True).stdout
        for name in re.findall(r"^  (?:-\w, )?--([\w.-]+)", listed, re.MULTILINE):
            assert f"--{name}" in text or f"-l {name} " in text, (command, name)
