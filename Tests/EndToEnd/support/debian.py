"""What a test does in a Debian of its own, in whatever this Debian runs: commands, units, the journal."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping

# Generous: installing a package takes three seconds in a container, and thirty where the processor is emulated.
COMMAND_SECONDS = 120.0


class CommandFailed(AssertionError):
    """A command inside ended with an error that nobody expected."""


class Debian(ABC):
    """A Debian with systemd as its process 1; whoever runs it says how a command is run in it."""

    @abstractmethod
    def run(self, *command: str, check: bool = True, seconds: float = COMMAND_SECONDS) -> str:
        """Runs a command as root inside and gives what it printed."""

    @abstractmethod
    def write(self, path: str, text: str) -> None:
        """A file inside, with its directories."""

    @abstractmethod
    def read(self, path: str) -> str:
        """What is in a file inside."""

    def systemctl(self, *arguments: str) -> str:
        return self.run("systemctl", *arguments)

    def show(self, unit: str, *properties: str) -> Mapping[str, str]:
        """Properties of a unit, by name."""
        lines = self.systemctl("show", unit, f"--property={','.join(properties)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def state(self, unit: str) -> str:
        return self.show(unit, "ActiveState")["ActiveState"]

    def main_pid(self, unit: str) -> int:
        """The number of a service's main process, inside."""
        return int(self.show(unit, "MainPID")["MainPID"])

    def journal(self, *arguments: str) -> list[dict[str, str]]:
        """The records of the journal that match, oldest first, with all their fields."""
        lines = self.run("journalctl", "--sync").splitlines()
        lines += self.run("journalctl", "--output=json", "--no-pager", "--all", *arguments).splitlines()
        return [json.loads(line) for line in lines if line]
