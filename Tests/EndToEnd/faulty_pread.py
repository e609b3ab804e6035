"""The library that makes reading a counter fail as it does in sysfs; see faulty_pread.c."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def compile_into(directory: Path) -> Path:
    """Compiles it, and skips the test where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (Debian package gcc) to build the fault injector")
    library = directory / "faulty_pread.so"
    source = Path(__file__).with_name("faulty_pread.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, source, "-ldl"], check=True
    )
    return library
