"""A Debian of its own, booted with systemd as its process 1, for as long as a test needs it.

`scripts/test-systemd.sh` gives the tests namespaces of their own: nothing here is seen by the machine outside, and the
network, which is a loopback device and nothing else, is the tests' as well as the Debian's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.debian import COMMAND_SECONDS, CommandFailed, Debian
from support.waiting import wait_until

ROOT = Path(os.environ.get("PYJOULES_SYSTEMD_ROOT", ""))
WORK = Path(os.environ.get("PYJOULES_SYSTEMD_WORK", ""))
# The cgroups of the whole machine outside, which are seen in WHOLE_CGROUPS inside.
OUTER_CGROUPS = WORK / "cgroups"
WHOLE_CGROUPS = "/bench/cgroups"
CGROUPS = Path("/sys/fs/cgroup")
# Generous: booting takes half a second where nothing else runs.
BOOT_SECONDS = 60.0
# What systemd(1) takes for a clean end, sent to process 1 of a container: SIGRTMIN+4.
POWER_OFF = "RTMIN+4"
# With this nspawn asks whoever keeps its unit to start it again.
REBOOT_STATUS = 133


class Machine(Debian):
    """One Debian: a directory that is shared and never written to, layers over it, and a layer of its own on top."""

    def __init__(self, name: str, sysfs: Path, layers: Sequence[Path] = ()) -> None:
        self.name = name
        # What was changed since the layers below; another machine may build on it once this one is off.
        self.layer = WORK / name / "layer"
        self.root = WORK / name / "root"
        self._console = WORK / name / "console"
        self._sysfs = sysfs
        scratch = WORK / name / "scratch"
        for directory in (self.layer, self.root, scratch):
            directory.mkdir(parents=True)
        below = ":".join(str(layer) for layer in [*reversed(layers), ROOT])
        options = f"lowerdir={below},upperdir={self.layer},workdir={scratch}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root], check=True)
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._init = 0

    # Its life

    def boot(self) -> None:
        """Starts it and waits until systemd says that all is up, or all but some units."""
        command = [
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--settings=no",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            f"--machine={self.name}",
            f"--directory={self.root}",
            f"--bind={self._sysfs}:/bench/sys",
            f"--bind-ro={OUTER_CGROUPS}:{WHOLE_CGROUPS}",
            # The network is ours and not the outer machine's, so it may be given a loopback device.
            "--capability=CAP_NET_ADMIN",
            "--console=read-only",
            "--boot",
        ]
        with self._console.open("ab") as console:
            # With a filter of its own nspawn would refuse bpf(), and with it IPAddressDeny=.
            environment = {**os.environ, "SYSTEMD_SECCOMP": "0"}
            self._nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=environment
            )
        self._wait_until_up()

    def reboot(self) -> None:
        """From inside, as an administrator does."""
        assert self._nspawn is not None
        self.run("systemctl", "reboot", check=False)
        status = self._nspawn.wait(BOOT_SECONDS)
        assert status == REBOOT_STATUS, f"nspawn ended with {status}: {self.console()}"
        self.boot()

    def power_off(self) -> None:
        """Ends it in peace if it goes, and in any case."""
        if self._nspawn is not None and self._nspawn.poll() is None:
            subprocess.run(["kill", "-s", POWER_OFF, str(self._init)], check=False)
            try:
                self._nspawn.wait(BOOT_SECONDS)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        subprocess.run(["umount", self.root], check=True)

    def _wait_until_up(self) -> None:
        def is_up() -> bool:
            assert self._nspawn is not None and self._nspawn.poll() is None, f"nspawn ended: {self.console()}"
            self._init = self._find_init()
            if self._init == 0:
                return False
            return self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded")

        wait_until(is_up, BOOT_SECONDS, f"{self.name} up")

    def _find_init(self) -> int:
        """The number, here, of the process that is 1 inside; 0 if there is none yet."""
        assert self._nspawn is not None
        number = self._nspawn.pid
        for child in Path(f"/proc/{number}/task/{number}/children").read_text().split():
            try:
                status = Path(f"/proc/{child}/status").read_text()
            except FileNotFoundError:
                continue
            numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and numbers[-1] == "1" and _cgroup(child).endswith("/init.scope"):
                return int(child)
        return 0

    def console(self) -> str:
        """What systemd said at the end of its console."""
        return self._console.read_text(errors="replace")[-4000:]

    # Commands inside

    def run(self, *command: str, check: bool = True, seconds: float = COMMAND_SECONDS) -> str:
        """Runs a command as root inside, in the scope of process 1, and gives what it printed."""
        result = subprocess.run(
            [*self._entrance(), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        if check and result.returncode != 0:
            said = result.stdout + result.stderr
            raise CommandFailed(f"{' '.join(command)} ended with {result.returncode}: {said}")
        return result.stdout

    def systemd_version(self) -> int:
        return int(self.systemctl("--version").split()[1])

    def outer_pid(self, inner: int) -> int:
        """The number of a process here, by the one that it has inside."""
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                lines = status.read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue
            numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and int(numbers[-1]) == inner and "/payload/" in _cgroup(status.parent.name):
                return int(status.parent.name)
        raise AssertionError(f"no process {inner} inside")

    def write(self, path: str, text: str) -> None:
        """A file inside, with its directories."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def inside(self, path: str) -> Path:
        """A path inside, also below what is mounted there, as it is reached from here while it is up."""
        return Path(f"/proc/{self._init}/root{path}")

    @property
    def cgroups(self) -> Path:
        """The root of its cgroups, as it is reached from here while it is up."""
        return CGROUPS / _cgroup(self._init).removesuffix("/init.scope").lstrip("/")

    def copy_in(self, source: Path, path: str) -> None:
        shutil.copy(source, self.root / path.lstrip("/"))

    def files(self) -> dict[str, str]:
        """Every file, directory and link of the Debian's own file system, with what it is: a type, a mode, an owner."""
        listing = self.run("find", "/", "-xdev", "-printf", r"%p\t%y %m %u:%g %l\n")
        return dict(line.split("\t", 1) for line in listing.splitlines())

    def _entrance(self) -> Iterator[str]:
        """The beginning of a command line that runs the rest of it inside."""
        assert self._init != 0, "it is not up"
        procs = CGROUPS / _cgroup(self._init).lstrip("/") / "cgroup.procs"
        yield from ("sh", "-c", 'echo $$ >"$0" && exec "$@"', str(procs))
        # After its cgroup, so that systemd finds whoever asks where it expects it.
        yield from ("nsenter", f"--target={self._init}", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--")
        yield from ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb")
        yield from ("LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=cat")


def _cgroup(pid: int | str) -> str:
    """The cgroup v2 of a process; empty if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "")
