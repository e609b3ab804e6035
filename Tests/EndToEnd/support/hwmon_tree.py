"""A fake sysfs with sensor chips, laid out as the kernel's hwmon class lays out the real one."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

from .powercap_tree import replace_content


class HwmonTree:
    """Builds the tree under `root` (what `--path.sysfs` takes) and sets its sensors."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "class" / "hwmon").mkdir(parents=True, exist_ok=True)

    def add(self, number: int, name: str, attributes: Mapping[str, str | int], device: str | None = None) -> None:
        """Registers a chip with attributes such as `energy1_input` (microjoules) or `power1_label`.

        Its directory lies in its device's, and a link leads back: `pci0000:00/0000:03:00.0`.
        """
        owner = self.root / "devices" / (device or f"platform/{name}.{number}")
        directory = owner / "hwmon" / f"hwmon{number}"
        directory.mkdir(parents=True)
        (directory / "device").symlink_to(f"../../../{owner.name}")
        for attribute, value in {"name": name, **attributes}.items():
            (directory / attribute).write_text(f"{value}\n")
        (self.root / "class" / "hwmon" / directory.name).symlink_to(directory)

    def add_card(
        self, number: int, driver: str, address: str, attributes: Mapping[str, str | int], **device: str | int
    ) -> Path:
        """Registers a graphics card on PCI with its chip, and gives its directory, in which `device` are attributes."""
        self.add(number, driver, attributes, f"pci0000:00/{address}")
        directory = self.root / "devices" / "pci0000:00" / address
        vendor = "0x1002" if driver == "amdgpu" else "0x8086"
        usual = {"vendor": vendor, "device": "0x744c", "class": "0x030000"}
        for attribute, value in {**usual, **device}.items():
            (directory / attribute).write_text(f"{value}\n")
        (directory / "power").mkdir(exist_ok=True)
        self.set_status(number, "active")
        bus = self.root / "bus" / "pci" / "devices"
        bus.mkdir(parents=True, exist_ok=True)
        (bus / address).symlink_to(directory)
        (directory / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")
        return directory

    def set_status(self, number: int, status: str) -> None:
        """Lets a card fall asleep (`suspended`), or wakes it (`active`)."""
        self._set_device(number, "power/runtime_status", f"{status}\n".encode())

    def set_metrics(self, number: int, energy: int, content: int = 4, form: int = 1) -> None:
        """Sets AMD's table of measurements, in which everything but energy (in 2^-16 J) is missing."""
        size = 288
        table = struct.pack("<HBB", size, form, content).ljust(24, b"\xff") + struct.pack("<Q", energy)
        self._set_device(number, "gpu_metrics", table.ljust(size, b"\xff"))

    def _set_device(self, number: int, attribute: str, content: bytes) -> None:
        file = self.root / "class" / "hwmon" / f"hwmon{number}" / "device" / attribute
        file.touch()
        replace_content(file, content)

    def set(self, number: int, attribute: str, value: str | int) -> None:
        """Sets an attribute in place: an open descriptor reads the new value, never half of one."""
        text = f"{value:019d}" if isinstance(value, int) else value
        replace_content(self.root / "class" / "hwmon" / f"hwmon{number}" / attribute, f"{text}\n".encode())

    def remove(self, number: int) -> None:
        """Takes a chip away as the kernel does: what has its attributes open gets ENODEV from then on."""
        entry = self.root / "class" / "hwmon" / f"hwmon{number}"
        directory = entry.resolve()
        entry.unlink()
        shutil.rmtree(directory)
