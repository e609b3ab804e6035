#!/usr/bin/env python3
"""Makes the page at / from its sources in Sources/CPage/page.

    page.py           writes Sources/CPage/before.html, after.html and policy.h
    page.py --check   says which of them its sources would make otherwise, and whether the page has become too large

It is one document. Script and style lie in it, without comments, indentation and blanks that mean nothing, and the
policy allows just these two, by their hashes. The server writes the numbers between `before` and `after`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import sys
from pathlib import Path

ROOM = Path(__file__).resolve().parents[1] / "Sources" / "CPage"
SOURCES = ROOM / "page"
# Without the server's part. Tests/Browser measures the whole page: at most 16 kB, and less than 6 kB in gzip.
MOST_BYTES = 13_000
MOST_COMPRESSED_BYTES = 5_300

# What keeps its blanks in a script: strings, templates (none lies in another), and regular expressions, which have to
# come after a parenthesis.
QUOTED = re.compile(r"('[^'\n]*'|`[^`]*`|(?<=\()/[^/\n]+/)")


def script() -> str:
    """The script without comments, which have lines of their own, and without indentation."""
    lines = (line.strip() for line in (SOURCES / "page.js").read_text().splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    parts = QUOTED.split(text)
    parts[::2] = (re.sub(r" ?([^\w$\n ]) ?", r"\1", part) for part in parts[::2])
    return re.sub(r"([,({\[;])\n", r"\1", "".join(parts))


def style() -> str:
    """The style without comments and whatever blanks mean nothing in it."""
    text = re.sub(r"/\*.*?\*/", "", (SOURCES / "page.css").read_text(), flags=re.DOTALL)
    text = re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", text))
    return text.replace(": ", ":").replace(";}", "}").strip()


def source_hash(text: str) -> str:
    """The word of a policy for the element that holds just this."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy() -> str:
    """What the page may do: run its script, wear its style, and ask the server that it is from."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {source_hash(script())}",
            f"style-src {source_hash(style())}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def halves() -> tuple[str, str]:
    """What the page is before and after what the server writes."""
    text = (SOURCES / "page.html").read_text()
    text = text.replace("<!-- style -->", f"<style>{style()}</style>")
    text = text.replace("<!-- script -->", f"<script>{script()}</script>")
    before, after = text.split("<!-- what the server writes -->\n")
    return before, after


def files() -> dict[Path, str]:
    """What there has to be."""
    before, after = halves()
    return {
        ROOM / "before.html": before,
        ROOM / "after.html": after,
        ROOM / "policy.h": f'// Made by scripts/page.py.\n#define CPAGE_POLICY "{policy()}"\n',
    }


def troubles() -> list[str]:
    """What is wrong, in words."""
    found = [
        f"{file.name} is not what its sources make: run 'make page'"
        for file, text in files().items()
        if not file.is_file() or file.read_text() != text
    ]
    document = "".join(halves()).encode()
    for what, size, most in (
        ("bytes", len(document), MOST_BYTES),
        ("bytes in gzip", len(gzip.compress(document, 9)), MOST_COMPRESSED_BYTES),
    ):
        if size > most:
            found.append(f"the page has {size} {what}, more than the {most} it may have: shorten Sources/CPage/page")
    return found


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        found = troubles()
        for trouble in found:
            print(f"page.py: {trouble}", file=sys.stderr)
        return 1 if found else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 64
    for file, text in files().items():
        file.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
