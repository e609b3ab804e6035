"""Writes tick.order, which the linker follows: the functions of a tick, to lie side by side in the program.

    make order      after `make build`; the next build takes it

A tick finds the processor's caches cold. What it runs would lie in a hundred pages of code between what it does not;
so it lies in half as many. First come the functions of every tick, which only collects what the counters show,
then those that count it. A name that is no function's any more is passed over: an old list costs time alone.
"""

from __future__ import annotations

import time

from checks import COUNTED_INTERVAL_SECONDS, COUNTED_SECONDS
from harness import HERE, counted_exporter, workshop

ORDER = HERE / "tick.order"
# Each is a few ticks long, and what was collected is not counted in all of them.
SHORT_WINDOWS = 12


def main() -> None:
    with workshop() as place, place.moving_tree() as tree:
        interval = ("--sample.interval", f"{COUNTED_INTERVAL_SECONDS * 1000:g}ms")
        with counted_exporter(place, tree, *interval) as counted:
            counted.begin()
            time.sleep(COUNTED_SECONDS)
            counted.end()
            functions = counted.functions()
            always = set(functions)
            for _ in range(SHORT_WINDOWS):
                counted.begin()
                counted.end()
                always.intersection_update(counted.functions())
    functions.sort(key=lambda name: name not in always)
    ORDER.write_text("".join(f"{name}\n" for name in functions))
    print(f"{len(functions)} functions in {ORDER}, {len(always)} of them of every tick")


if __name__ == "__main__":
    main()
