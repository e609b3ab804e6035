"""What a report says of where its figures come from."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from harness import ROOT


def description() -> dict[str, str]:
    """The processor, the system, and the commit that was measured, as far as they can be known."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    commit = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return {
        "processor": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "system": f"{system}, Linux {platform.release()}",
        "commit": commit.stdout.strip() or "unknown",
    }
