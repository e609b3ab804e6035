#!/usr/bin/env python3
"""Takes the pictures of the page in docs/pictures: light, dark, and on a phone.

They are of a machine that is made up and at work, once there is a history of five minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEnd"))

from browser import Browser  # noqa: E402
from exporters import address, counters, started  # noqa: E402
from support.exporter import REPOSITORY  # noqa: E402
from support.waiting import wait_until  # noqa: E402
from working_hours import at_work  # noqa: E402

PICTURES = REPOSITORY / "docs" / "pictures"
MOST_BYTES = 60_000
SECONDS_OF_HISTORY = 305


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as scratch,
        at_work(Path(scratch) / "sysfs") as tree,
        started(*counters(tree, Path("/proc"))) as exporter,
    ):

        def has_history() -> bool:
            history = json.loads(exporter.get("/api/v1/power?history").body)["history"]
            return sum(value is not None for value in history["series"][0]["watts"]) >= SECONDS_OF_HISTORY

        print("Five minutes of history are wanted.", file=sys.stderr)
        wait_until(has_history, 2 * SECONDS_OF_HISTORY, "the history")
        browser = Browser()
        try:
            for name, width, height, scheme in (
                ("page-light", 1280, 900, "light"),
                ("page-dark", 1280, 900, "dark"),
                ("page-phone", 390, 844, "light"),
            ):
                browser.resize(width, height)
                browser.prefer(scheme)
                browser.open_live(address(exporter))
                pictures = (browser.picture(quality) for quality in range(80, 0, -10))
                small = next(picture for picture in pictures if len(picture) <= MOST_BYTES)
                (PICTURES / f"{name}.webp").write_bytes(small)
        finally:
            browser.end()


if __name__ == "__main__":
    main()
