"""GPUs that do not exist, by a library that is compiled in NVIDIA's place: what it can is said in fakenvml.c."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

_MACHINE = ("count", "init_code", "command", "init_calls", "init_delay")
_TEXTS = {"uuid": 96, "name": 96, "bus": 32}
_NUMBERS = (
    *("energy", "rate", "since", "power", "limit", "divided", "persistent", "processes"),
    *("delay", "samples_delay", "hang", "crash"),
    *("handle_code", "energy_code", "power_code", "samples_code"),
    *("energy_calls", "power_calls", "samples_calls", "processes_calls"),
)
COMMAND = 0xC020462A
MOST_GPUS = 16
UPDATE_NANOSECONDS = 100_000_000


def compile_library(directory: Path, *defines: str) -> Path:
    """Compiles the library into a directory, and skips the test where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        # Whoever measures has no pytest, and has a compiler.
        import pytest

        pytest.skip("no C compiler (Debian package gcc) to build a library in NVIDIA's place")
    library = directory / "libnvidia-ml.so.1"
    source = Path(__file__).with_name("fakenvml.c")
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", *defines]
    subprocess.run([compiler, *flags, "-o", library, source], check=True)
    return library


class _File:
    """A file of numbers of 64 bits behind texts, which the library has mapped."""

    def __init__(self, path: Path, numbers: tuple[str, ...], texts: dict[str, int] | None = None) -> None:
        self._offsets: dict[str, int] = {}
        self._texts = texts or {}
        size = 0
        for name, length in self._texts.items():
            self._offsets[name] = size
            size += length
        for name in numbers:
            self._offsets[name] = size
            size += 8
        path.write_bytes(bytes(size))
        self._descriptor = os.open(path, os.O_RDWR)

    def close(self) -> None:
        os.close(self._descriptor)

    def __setitem__(self, name: str, value: int | str) -> None:
        content = struct.pack("<Q", value) if isinstance(value, int) else value.encode().ljust(self._texts[name], b"\0")
        os.pwrite(self._descriptor, content, self._offsets[name])

    def __getitem__(self, name: str) -> int:
        return int(struct.unpack("<Q", os.pread(self._descriptor, 8, self._offsets[name]))[0])


class FakeNVML:
    """The library, its GPUs, and what the driver's module would show of them in /proc and /sys."""

    def __init__(self, library: Path, directory: Path, gpus: int = 1) -> None:
        self.library = library
        self.directory = directory / "nvml"
        self.directory.mkdir()
        self.procfs = directory / "proc"
        self.sysfs = directory / "sys"
        self.machine = _File(self.directory / "machine", _MACHINE)
        self.machine["count"] = gpus
        self.machine["command"] = COMMAND
        self.gpus = [_File(self.directory / f"gpu{number}", _NUMBERS, _TEXTS) for number in range(MOST_GPUS)]
        module = self.procfs / "driver" / "nvidia"
        module.mkdir(parents=True)
        (module / "version").write_text("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.0-fake\n")
        for number in range(gpus):
            self._describe(number)

    def close(self) -> None:
        """Lets go of the files; what has them mapped keeps them."""
        for file in (self.machine, *self.gpus):
            file.close()

    def _describe(self, number: int) -> None:
        gpu = self.gpus[number]
        gpu["uuid"] = self.uuid(number)
        gpu["name"] = "NVIDIA H200"
        gpu["bus"] = self.bus(number)
        gpu["energy"] = 2_265_123
        gpu["limit"] = 700_000
        gpu["persistent"] = 1
        gpu["power"] = 70_000
        self.show(number)

    def uuid(self, number: int) -> str:
        return f"GPU-76faf985-0000-0000-0000-{number:012x}"

    def bus(self, number: int) -> str:
        return f"00000000:{number + 6:02X}:00.0"

    def address(self, number: int) -> str:
        return self.bus(number)[4:].lower()

    def show(self, number: int, sleeping: str = "Disabled by default", status: str = "active") -> None:
        """What the module and the bus show of a GPU; `sleeping` as `Enabled (fine-grained)` where it may sleep."""
        entry = self.procfs / "driver" / "nvidia" / "gpus" / self.address(number)
        entry.mkdir(parents=True, exist_ok=True)
        text = f"Model: \t\t NVIDIA H200\nIRQ:   \t\t 33\nGPU UUID: \t {self.uuid(number)}\n"
        (entry / "information").write_text(text)
        (entry / "power").write_text(f"Runtime D3 status:          {sleeping}\n")
        power = self.sysfs / "bus" / "pci" / "devices" / self.address(number) / "power"
        power.mkdir(parents=True, exist_ok=True)
        (power / "runtime_status").write_text(f"{status}\n")

    def run_at(self, number: int, milliwatts: int) -> None:
        """Lets a GPU use so much, since its counter was brought up to date last."""
        gpu = self.gpus[number]
        gpu["since"] = time.monotonic_ns() // UPDATE_NANOSECONDS * UPDATE_NANOSECONDS
        gpu["rate"] = milliwatts

    @property
    def environment(self) -> dict[str, str]:
        return {"FAKE_NVML": str(self.directory)}

    @property
    def options(self) -> list[str]:
        paths = {"library": self.library, "procfs": self.procfs, "sysfs": self.sysfs}
        return [word for name, path in paths.items() for word in (f"--path.{name}", str(path))]
