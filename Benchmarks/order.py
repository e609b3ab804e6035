"""Writes tick.order, which the linker follows: the functions of a tick and of a scrape, side by side in the program.

    make order      after `make build`; the next build takes it

A tick finds the processor's caches cold. What it runs would lie in a hundred pages of code between what it does not;
so it lies in half as many. First come the functions of every tick, which only collects what the counters show,
then those of every scrape whose page is there already, then those that count what was collected and those that make
pages, the more often they run the sooner. A name that is no function's any more is passed over: an old list costs time
alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from checks import COUNTED_INTERVAL_SECONDS, COUNTED_SECONDS, scrape_in_turn
from harness import HERE, Counted, counted_exporter, workshop

ORDER = HERE / "tick.order"
# Each is a few ticks long. What was collected is counted in some of them, which are those with the most functions.
SHORT_WINDOWS = 12


def main() -> None:
    with workshop() as place, place.moving_tree() as tree:
        interval = ("--sample.interval", f"{COUNTED_INTERVAL_SECONDS * 1000:g}ms")
        with counted_exporter(place, tree, *interval) as counted:
            counted.begin()
            time.sleep(COUNTED_SECONDS)
            counted.end()
            functions = counted.functions()
            ticks = seen(counted, lambda: None, of=2 * SHORT_WINDOWS)
            with counted.server.client(path="/metrics") as client:
                pages = seen(counted, lambda: scrape_in_turn([client], 1))
        with (
            counted_exporter(place, tree, "--sample.interval", "5s", "--web.resolution", "60s") as counted,
            counted.server.client(path="/metrics") as client,
        ):
            scrape_in_turn([client], 2)
            scrapes = seen(counted, lambda: scrape_in_turn([client], 10))
    functions = list(dict.fromkeys([*functions, *pages, *scrapes]))
    functions.sort(key=lambda name: (-pages[name], -ticks[name]))
    for count in (scrapes, ticks):
        functions.sort(key=lambda name: count[name] != SHORT_WINDOWS)
    ORDER.write_text("".join(f"{name}\n" for name in functions))
    for what, count in (("tick", ticks), ("scrape", scrapes)):
        print(f"{sum(count[name] == SHORT_WINDOWS for name in functions)} functions are of every {what}")


def seen(counted: Counted, act: Callable[[], None], of: int = SHORT_WINDOWS) -> Counter[str]:
    """In how many windows each function ran, in each of which something was done: of so many those with the fewest."""
    windows = []
    for _ in range(of):
        counted.begin()
        act()
        counted.end()
        windows.append(set(counted.functions()))
    windows.sort(key=len)
    return Counter(name for window in windows[:SHORT_WINDOWS] for name in window)


if __name__ == "__main__":
    main()
