"""A Debian with Debian's own kernel, emulated by QEMU, for as long as a test needs it.

`scripts/test-kernel.sh` gives the tests a network of their own, so the guest's ports are always the same ones here.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
from pathlib import Path

from agent import Agent, Outcome
from qmp import Monitor
from support.debian import COMMAND_SECONDS, CommandFailed, Debian
from support.waiting import let_time_pass, wait_until

# What scripts/kernel-root.sh made: the kernel, the initial file system and the disk.
MACHINE = Path(os.environ.get("PYJOULES_KERNEL_MACHINE", ""))
WORK = Path(os.environ.get("PYJOULES_KERNEL_WORK", ""))
# Booting takes 20 s where nothing else runs: the processor is emulated, since KVM is seldom to be had where tests run.
BOOT_SECONDS = 300.0
# Five levels of page tables cost a fifth of the time and change nothing here.
CPU = "max,vendor=GenuineIntel,la57=off"
COMMAND_LINE = (
    "console=ttyS0 root=/dev/vda rw quiet panic=-1 mitigations=off nokaslr tsc=reliable 8250.nr_uarts=1 net.ifnames=0"
    " systemd.show_status=no systemd.unified_cgroup_hierarchy=1"
)


def make_disk(name: str) -> Path:
    """A disk that shows what the bootstrapped one holds, and takes what is changed."""
    disk = WORK / f"{name}.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", MACHINE / "disk.img", disk], check=True
    )
    return disk


class Guest(Debian):
    """One emulated machine with two processors, each a package of its own.

    A disk also holds the states of the machine that were saved on it. `state` is the one to go on from; without it the
    machine boots.
    """

    def __init__(self, disk: Path, packages: Path, state: str | None = None) -> None:
        self.disk = disk
        self._console = disk.with_suffix(".console")
        self._control = disk.with_suffix(".qmp")
        self._agent: Agent | None = None
        self._qemu = subprocess.Popen(self._command(packages, state), stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: self._control.exists() or self._qemu.poll() is not None, what="QEMU's monitor")
            self._monitor = Monitor(self._control, BOOT_SECONDS)
            self._wait_until_up()
        except BaseException:
            self.end()
            raise

    def _command(self, packages: Path, state: str | None) -> list[str]:
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", CPU]
        command += ["-M", "q35,smbus=off,sata=off,usb=off", "-smp", "2,sockets=2", "-m", "768", "-nodefaults"]
        command += ["-display", "none", "-kernel", str(MACHINE / "vmlinuz"), "-initrd", str(MACHINE / "initrd")]
        command += ["-append", COMMAND_LINE, "-serial", f"file:{self._console}"]
        command += ["-qmp", f"unix:{self._control},server=on,wait=off"]
        for number, drive in enumerate(
            (f"file={self.disk},format=qcow2,cache=unsafe", f"file={packages},format=raw,readonly=on")
        ):
            command += ["-drive", f"{drive},if=none,id=disk{number}"]
            command += ["-device", f"virtio-blk-pci,drive=disk{number}"]
        forwarded = ",".join(f"hostfwd=tcp:127.0.0.1:{port}-:{port}" for port in (2222, 9091))
        command += ["-netdev", f"user,id=net0,restrict=on,{forwarded}"]
        command += ["-device", "virtio-net-pci,netdev=net0,romfile="]
        return command if state is None else [*command, "-loadvm", state]

    # Its life

    def save(self, state: str) -> None:
        """Keeps the machine as it is now on its disk; it goes on."""
        self._drop_agent()
        # The agent sees the end of its connection, so that it is not in the state.
        let_time_pass(0.5)
        self._monitor.say(f"savevm {state}")

    def reboot(self) -> None:
        """From inside, as an administrator does."""
        self._begin("systemctl reboot")
        self._monitor.wait_for("RESET")
        self._drop_agent()
        self._wait_until_up()

    def sleep(self, seconds: float) -> None:
        """Suspends to memory, and is woken after that time; once in the life of a QEMU."""
        self._begin("echo mem >/sys/power/state")
        self._monitor.wait_for("SUSPEND")
        let_time_pass(seconds)
        self._monitor.execute("system_wakeup")
        self._monitor.wait_for("WAKEUP")
        self._drop_agent()

    def end(self) -> None:
        """Ends it at once: what is on its disk serves nobody any more."""
        self._drop_agent()
        self._qemu.kill()
        self._qemu.wait()
        self._control.unlink(missing_ok=True)

    def _wait_until_up(self) -> None:
        def is_up() -> bool:
            assert self._qemu.poll() is None, f"QEMU ended: {self.console()}"
            try:
                # A connection that was begun before the guest had a network waits ever longer for its next try.
                state = self._outcome("systemctl is-system-running", 4).output.strip()
            except OSError:
                self._drop_agent()
                return False
            return state in ("running", "degraded")

        wait_until(is_up, BOOT_SECONDS, f"{self.disk.stem} up")

    def console(self) -> str:
        """What the kernel said at the end of its console."""
        return self._console.read_text(errors="replace")[-4000:]

    # Commands inside

    def run(self, *command: str, check: bool = True, seconds: float = COMMAND_SECONDS) -> str:
        return self.script(shlex.join(command), check, seconds)

    def script(self, script: str, check: bool = True, seconds: float = COMMAND_SECONDS) -> str:
        """Runs a script of bash as root inside and gives what it printed. One is cheaper than several commands."""
        outcome = self._outcome(script, seconds)
        if check and outcome.status != 0:
            raise CommandFailed(f"{script} ended with {outcome.status}: {outcome.output}{outcome.errors}")
        return outcome.output

    def write(self, path: str, text: str) -> None:
        directory = shlex.quote(str(Path(path).parent))
        self.script(f"mkdir -p {directory} && printf %s {shlex.quote(text)} >{shlex.quote(path)}")

    def read(self, path: str) -> str:
        return self.run("cat", path)

    def _outcome(self, script: str, seconds: float) -> Outcome:
        return self._connected(seconds).run(script, seconds)

    def _begin(self, script: str) -> None:
        """Begins what ends the connection too, which stays open until it has."""
        self._connected(COMMAND_SECONDS).begin(script)

    def _connected(self, seconds: float) -> Agent:
        if self._agent is None:
            self._agent = Agent(seconds)
        return self._agent

    def _drop_agent(self) -> None:
        if self._agent is not None:
            self._agent.close()
        self._agent = None


def copy_disk(disk: Path, name: str) -> Path:
    """The disk with all its states, for one test to change."""
    copied = WORK / f"{name}.qcow2"
    shutil.copyfile(disk, copied)
    return copied


def show_last_words(guest: Guest) -> None:
    """Prints what explains a failed test: the journal, and the kernel's last lines."""
    with contextlib.suppress(Exception):
        print(guest.run("journalctl", "--no-pager", "--lines=60", check=False))
    print(guest.console())
