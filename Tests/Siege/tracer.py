"""strace, on a running program or one it starts: which system calls there are, and how to make one of them fail."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import TracebackType

INJECTED = "(INJECTED)"
# A process id, unless there is only one, and the name; or a call that another thread interrupted on the paper.
_CALL = re.compile(r"^(?:\d+ +)?(?:<\.\.\. )?([a-z_0-9]+)(?:\(| resumed)", re.MULTILINE)


def injection(call: str, effect: str, when: str) -> list[str]:
    """The options that make calls come to that effect, such as `error=EIO`, without being made."""
    return ["-e", f"trace={call}", "-e", f"inject={call}:{effect}:when={when}"]


class Tracer:
    """strace on a running process, within a `with` block."""

    def __init__(self, pid: int, output: Path, *options: str) -> None:
        self._output = output
        output.unlink(missing_ok=True)
        command = ["strace", "-f", "-o", str(output), "-p", str(pid), *options]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Tracer:
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        if "attached" not in line:
            raise RuntimeError(f"strace: {line.strip()}")
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()

    def injected(self) -> int:
        """How many calls came to the effect so far."""
        return injected_in(self._output)

    def calls(self) -> set[str]:
        """The names of those that were made so far."""
        return calls_in(self._output)


def injected_in(output: Path) -> int:
    return output.read_text(errors="replace").count(INJECTED) if output.exists() else 0


def calls_in(output: Path) -> set[str]:
    return set(_CALL.findall(output.read_text(errors="replace")))


def count_calls(output: Path) -> dict[str, int]:
    """How often each was made, by its name."""
    counts: dict[str, int] = {}
    for line in output.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        if match is not None and " resumed" not in line:
            counts[match[1]] = counts.get(match[1], 0) + 1
    return counts
