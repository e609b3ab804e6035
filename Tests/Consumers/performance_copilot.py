"""A Performance Co-Pilot of its own: its collector with the agent `openmetrics` alone, and its tools."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from programs import libraries, running, unpacked
from support.raw_http import free_port
from support.waiting import wait_until

# What pmdaopenmetrics is to the collector, everywhere.
_DOMAIN = 144


class PCP:
    """Everything that it writes is in `directory`; in `sources` the agent looks for files of addresses."""

    def __init__(self, directory: Path) -> None:
        self._root = unpacked("pcp")
        self._directory = directory
        self._port = free_port()
        self.sources = directory / "config.d"
        for path in (self.sources, directory / "pmcd"):
            path.mkdir()
        self._environment = {
            **os.environ,
            "PCP_CONF": str(self._write("pcp.conf", self._places())),
            "LD_LIBRARY_PATH": f"{self._developers_names()}:{libraries(self._root)}",
            "PYTHONPATH": str(self._root / "usr/lib/python3/dist-packages"),
            "PCP_DERIVED_CONFIG": "",
            "PMCD_SOCKET": str(directory / "socket"),
        }

    @contextlib.contextmanager
    def collector(self) -> Iterator[None]:
        """It listens on loopback and has started its agent while the block runs."""
        agent = self._root / "usr/lib/pcp/pmdas/openmetrics/pmdaopenmetrics.python"
        words = f"{sys.executable} {agent} -d {_DOMAIN} -c {self.sources} -l {self._directory}/agent.log"
        agents = self._write("pmcd.conf", f"openmetrics {_DOMAIN} pipe binary notready {words}\n")
        names = self._write("root", f"root {{\n    openmetrics {_DOMAIN}:*:*\n}}\n")
        command: list[str | Path] = [self._root / "usr/lib/pcp/bin/pmcd", "-f", "-A", "-i", "127.0.0.1"]
        command += ["-p", str(self._port), "-s", self._directory / "socket", "-c", agents, "-n", names]
        command += ["-l", self._directory / "pmcd.log", "-x", "/dev/stderr", "-U", getpass.getuser()]
        with running(command, self._directory / "log", self._environment):
            wait_until(lambda: self.tool("pminfo", "openmetrics").returncode == 0, 20, "the agent")
            yield

    def tool(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What one of its programs prints."""
        command = [self._root / "usr/bin" / words[0], *words[1:]]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=25)

    def _places(self) -> str:
        """Debian's own list of directories: what is written lies here, everything else where it was unpacked."""
        text = (self._root / "etc/pcp.conf").read_text()
        text = re.sub(
            r"^(PCP_(?:RUN|LOG|TMP|TMPFILE|ARCHIVE)_DIR)=.*$", rf"\1={self._directory}", text, flags=re.MULTILINE
        )
        return re.sub(r"=(/(?:usr|etc|var)\b)", rf"={self._root}\1", text)

    def _developers_names(self) -> Path:
        """Its libraries without their versions: Python asks the linker where they are."""
        links = self._directory / "lib"
        links.mkdir()
        for library in self._root.glob("usr/lib/**/libpcp*.so.?"):
            (links / library.name.rpartition(".")[0]).symlink_to(library)
        return links

    def _write(self, name: str, text: str) -> Path:
        path = self._directory / name
        path.write_text(text)
        return path
