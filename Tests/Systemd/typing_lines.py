"""Types the command lines of the documents into a machine, and holds what it says against what they promise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from machine import Machine
from support import typed_lines
from support.documents import DOCUMENTS, typed

# Where lines are typed, with a program to measure.
DESK = "/srv/desk"
PROGRAM = "#!/bin/sh\ni=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done\n"
# A minimal Debian has no curl, but apt, which can download too.
CURL = """#!/bin/sh
[ "$1" = -fsSo ] && exec /usr/lib/apt/apt-helper download-file "$3" "$2"
/usr/lib/apt/apt-helper download-file "$1" /tmp/answer >/dev/null && cat /tmp/answer
"""
FILES = {
    f"{DESK}/program": PROGRAM,
    "/usr/local/bin/curl": CURL,
    # Nobody is there to be asked.
    "/etc/apt/apt.conf.d/99typed": 'APT::Get::Assume-Yes "true";\n',
}


def type_lines(
    machine: Machine, surroundings: str, instead: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> None:
    """Types every line that is for these surroundings, each after `prefix` and with some words replaced."""
    for path, text in FILES.items():
        machine.write(path, text)
        machine.run("chmod", "0755", path)
    rules = typed_lines.SYSTEMD[surroundings]
    lines = dict.fromkeys(line for document in DOCUMENTS for line in typed(document))
    for rule in rules:
        for line in filter(rule.matches, lines):
            command = f"exec 2>&1; cd {DESK}; {rule.command(line, instead)}"
            said = machine.run(*prefix, "sh", "-c", command, check=False)
            assert re.search(rule.answer, said, re.MULTILINE), f"{line}: {said}"
