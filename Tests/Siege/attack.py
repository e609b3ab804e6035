"""One attacker.

    python3 attack.py NAME DOOR      attacks until its standard input ends
"""

from __future__ import annotations

import os
import resource
import sys

from attackers.by_name import ATTACKERS
from door import Door
from helper_program import HelperProgram, told_to_stop


def attacking(name: str, door: Door) -> HelperProgram:
    """That attacker as a program, which is at work when it is ready."""
    return HelperProgram("attack.py", name, door.in_words())


def main() -> None:
    # An attacker would not be on this machine, and takes only what others leave of its processors.
    os.nice(19)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ATTACKERS[sys.argv[1]](Door.from_words(sys.argv[2]), told_to_stop())


if __name__ == "__main__":
    main()
