"""A fake sysfs with sensor chips, laid out as the kernel's hwmon class lays out the real one."""

from __future__ import annotations

import shutil
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
