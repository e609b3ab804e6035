"""A fake sysfs with sensor chips, laid out as the kernel's hwmon class lays out the real one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .powercap_tree import replace_content


class HwmonTree:
    """Builds the tree under `root` (what `--path.sysfs` takes) and sets its sensors."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "class" / "hwmon").mkdir(parents=True, exist_ok=True)

    def add(self, number: int, name: str, attributes: Mapping[str, str | int]) -> None:
        """Registers a chip with attributes such as `energy1_input` (microjoules) or `power1_label`."""
        directory = self.root / "devices" / "platform" / f"{name}.{number}" / "hwmon" / f"hwmon{number}"
        directory.mkdir(parents=True)
        for attribute, value in {"name": name, **attributes}.items():
            (directory / attribute).write_text(f"{value}\n")
        (self.root / "class" / "hwmon" / directory.name).symlink_to(directory)

    def set(self, number: int, attribute: str, value: str | int) -> None:
        """Sets an attribute in place: an open descriptor reads the new value, never half of one."""
        text = f"{value:019d}" if isinstance(value, int) else value
        replace_content(self.root / "class" / "hwmon" / f"hwmon{number}" / attribute, f"{text}\n".encode())
