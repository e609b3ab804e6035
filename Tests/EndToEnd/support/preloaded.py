"""Libraries in C that tests preload into the exporter; what each one does is said at the top of its source."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def compile_preloaded(name: str, directory: Path) -> Path:
    """Compiles the library with this name into a directory, and skips the test where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip(f"no C compiler (Debian package gcc) to build {name}")
    library = directory / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, source, "-ldl"], check=True
    )
    return library
