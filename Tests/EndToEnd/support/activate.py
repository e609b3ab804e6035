"""Starts a program with inherited sockets as systemd does, of kinds that systemd-socket-activate cannot mix.

    python3 activate.py DESCRIPTOR[,DESCRIPTOR...] NAME[:NAME...] PROGRAM ARGUMENT...

The descriptors become 3, 4, ... of the program, which takes over this process and its id. See sd_listen_fds(3).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SCRIPT = Path(__file__)
FIRST_INHERITED = 3


def main() -> None:
    descriptors = [int(number) for number in sys.argv[1].split(",")]
    # First out of the way, so that none is overwritten before it was moved.
    above = max(*descriptors, FIRST_INHERITED + len(descriptors)) + 1
    parked = [os.dup2(descriptor, above + index) for index, descriptor in enumerate(descriptors)]
    for index, descriptor in enumerate(parked):
        os.dup2(descriptor, FIRST_INHERITED + index, inheritable=True)
    os.closerange(FIRST_INHERITED + len(parked), parked[-1] + 1)
    os.environ["LISTEN_FDS"] = str(len(parked))
    os.environ["LISTEN_FDNAMES"] = sys.argv[2]
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.execv(sys.argv[3], sys.argv[3:])


if __name__ == "__main__":
    main()
