"""Writes tick.order, which the linker follows: the functions of a tick, to lie side by side in the program.

    make order      after `make build`; the next build takes it

A tick finds the processor's caches cold. What it runs would lie in a hundred pages of code between what it does not;
so it lies in half as many. A name that is no function's any more is passed over: an old list costs time alone.
"""

from __future__ import annotations

import time

from checks import COUNTED_INTERVAL_SECONDS, COUNTED_SECONDS
from harness import HERE, counted_exporter, workshop

ORDER = HERE / "tick.order"


def main() -> None:
    with workshop() as place, place.moving_tree() as tree:
        interval = ("--sample.interval", f"{COUNTED_INTERVAL_SECONDS * 1000:g}ms")
        with counted_exporter(place, tree, *interval) as counted:
            counted.begin()
            time.sleep(COUNTED_SECONDS)
            counted.end()
            functions = counted.functions()
    ORDER.write_text("".join(f"{name}\n" for name in functions))
    print(f"{len(functions)} functions in {ORDER}")


if __name__ == "__main__":
    main()
