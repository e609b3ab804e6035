#!/usr/bin/env python3
"""Checks which module may import which, and inside Exporter which folder may name which.

The tables below are the design. Modules: what a module imports must be in its row, and Package.swift must say the same.
Folders: the Swift files of one module import nothing from each other, so names are compared. A folder may use a type,
function or constant that another folder declares at the top level only if its row has that folder. Neither table may
contain a circle.

Not seen: members that an extension in one folder adds to a type, used in another folder.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Table = Mapping[str, str]
"""The allowed names of each row, separated by spaces."""

# Every Swift module of Sources, and the modules that it may import.
MODULES: Table = {
    # Layer 1: words and tools that know nothing of each other.
    "Bytes": "Synchronization",
    "Counters": "",
    "Kernel": "CLinux Glibc",
    # Layer 2.
    "HTTP": "Bytes",
    "Metrics": "Bytes",
    "Accounts": "Counters Bytes",
    "Sources": "Counters Kernel Bytes",
    "Attribution": "Kernel Bytes",
    "Systemd": "CSystemd Kernel Glibc",
    "Gzip": "CDeflate Bytes",
    "TLS": "COpenSSL Kernel",
    "Passwords": "CCrypt Kernel",
    "Sandbox": "CSeccomp Kernel Glibc",
    "Publishing": "Kernel Bytes",
    "GPU": "CNVML Kernel",
    # Layer 3.
    "Sampling": "Sources Accounts Attribution Counters Kernel Bytes",
    "WebConfig": "CYAML TLS Passwords Bytes",
    "Log": "Systemd Kernel Bytes Logging Synchronization",
    # Layer 4.
    "Serving": "HTTP Gzip TLS Passwords WebConfig Log Kernel Bytes Logging",
    "Reports": "Sampling Accounts Counters Kernel Bytes",
    "Doctor": "Sampling Sources Attribution Accounts Counters Sandbox Kernel Bytes",
    # Layer 5.
    "Exporter": "Serving Reports Doctor Sampling Sources Attribution Accounts Counters Metrics HTTP Systemd Sandbox Log"
    " Publishing GPU Kernel Bytes CBuildInfo CPage ArgumentParser Logging Synchronization",
}
# They come with the toolchain: Package.swift does not name them.
TOOLCHAIN = {"Glibc", "Synchronization"}

# Every folder of Sources/Exporter, and the folders that it may name. A file beside the folders is a row of its own.
# Folders that still name each other share a row: "A+B".
FOLDERS: Table = {
    "Build": "",
    "Options": "",
    "Reporting": "Options",
    "Series": "Build",
    "Measure": "Options Reporting",
    "Readers": "Build Options Reporting",
    "Pages": "Build Series",
    "Loop": "Build Options Reporting Series Pages",
    "Commands": "Build Options Series Measure Readers Loop",
    "Main": "Commands",
}


# Swift's text


def code_of(text: str) -> str:
    """The text without comments and without what string literals say; the code in their interpolations stays."""
    parts: list[str] = []
    _copy_code(text, 0, parts, ends_at_parenthesis=False)
    return "".join(parts)


_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|(?P<hashes>#*)(?P<quotes>"""|")|[()]', re.DOTALL)


def _copy_code(text: str, start: int, parts: list[str], ends_at_parenthesis: bool) -> int:
    """Copies code from `start` on, to the end or to the parenthesis that ends an interpolation; gives its end."""
    depth = 0
    while match := _COMMENT_OR_STRING.search(text, start):
        parts.append(text[start : match.start()])
        start = match.end()
        if match["quotes"]:
            start = _skip_string(text, start, match["quotes"], match["hashes"], parts)
            continue
        if match[0] in "()":
            parts.append(match[0])
            depth += 1 if match[0] == "(" else -1
            if ends_at_parenthesis and depth < 0:
                return start
        # A comment leaves its line's end, so that lines keep their numbers.
        parts.append("\n" * match[0].count("\n"))
    parts.append(text[start:])
    return len(text)


def _skip_string(text: str, start: int, quotes: str, hashes: str, parts: list[str]) -> int:
    """Copies only interpolations and line ends; gives where the string literal ends."""
    special = re.compile(rf"\\{hashes}\(|\\{hashes}[^(]|{quotes}{hashes}|\n", re.DOTALL)
    parts.append('""')
    while match := special.search(text, start):
        start = match.end()
        if match[0] == f"\\{hashes}(":
            parts.append(" ")
            start = _copy_code(text, start, parts, ends_at_parenthesis=True)
        elif match[0] == quotes + hashes:
            return start
        parts.append("\n" * match[0].count("\n"))
    return len(text)


# Both kinds of table


def circles(table: Table) -> Iterator[str]:
    """Each circle once, as `A -> B -> A`."""
    seen: set[frozenset[str]] = set()
    for start in table:
        ways = [[start]]
        while ways:
            way = ways.pop()
            for step in table.get(way[-1], "").split():
                if step == start and frozenset(way) not in seen:
                    seen.add(frozenset(way))
                    yield " -> ".join([*way, step])
                elif step not in way:
                    ways.append([*way, step])


def rows_that_differ(what: str, table: Table, found: set[str]) -> Iterator[str]:
    """Complaints about rows that are missing, and about rows of nothing."""
    for name in sorted(found - set(table)):
        yield f"{what} {name} is not in the table"
    for name in sorted(set(table) - found):
        yield f"{what} {name} is in the table and does not exist"


# Modules

_IMPORT = re.compile(
    r"^\s*(?:@\w+\s+)*(?:(?:public|internal|fileprivate|private|package)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)"
)


def check_modules(sources: Path, table: Table, package: Mapping[str, set[str]]) -> Iterator[str]:
    """Complaints about imports; `package` has the dependencies of each module as Package.swift declares them."""
    modules = {path.name for path in sources.iterdir() if any(path.rglob("*.swift"))}
    yield from rows_that_differ("module", table, modules)
    for circle in circles(table):
        yield f"modules import each other in a circle: {circle}"
    for module in sorted(modules & set(table)):
        allowed = set(table[module].split())
        declared = package.get(module, set())
        for name in sorted(declared ^ (allowed - TOOLCHAIN)):
            where = "Package.swift only" if name in declared else "the table only"
            yield f"module {module} may import {name} according to {where}"
        for path in sorted((sources / module).rglob("*.swift")):
            for number, line in enumerate(code_of(path.read_text()).splitlines(), 1):
                found = _IMPORT.match(line)
                if found and found[1] not in allowed:
                    yield f"{path}:{number}: {module} may not import {found[1]}"


def package_dependencies() -> dict[str, set[str]]:
    """What each target of Package.swift depends on: our targets, and the products of others."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["swift", "package", "--scratch-path", scratch, "dump-package"]
        dump = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return {
        target["name"]: {next(iter(dependency.values()))[0] for dependency in target["dependencies"]}
        for target in dump["targets"]
    }


# Folders

_DECLARATION = re.compile(
    r"^(?P<indent>[ \t]*)(?P<words>(?:@\w+(?:\([^)\n]*\))?\s+|(?:[a-z]+(?:\(\w+\))?)\s+)*?)"
    r"(?P<keyword>struct|enum|class|actor|protocol|typealias|func|let|var)\s+(?P<name>\w+)",
    re.MULTILINE,
)
# How a name of each kind is used; after a dot it is somebody's member, and before a colon the label of an argument.
_USES = {"type": r"(?<![\w.]){name}\b", "function": r"(?<![\w.]){name}(?=\()", "value": r"(?<![\w.]){name}\b(?!:)"}
_KINDS = {"func": "function", "let": "value", "var": "value"}

# A name, and which kind it is of.
Name = tuple[str, str]


@dataclass
class Folder:
    """What one row's files declare and say."""

    code: dict[Path, str] = field(default_factory=dict)
    # What other folders can use.
    offered: set[Name] = field(default_factory=set)
    # What is declared at any depth: a folder that has a name of its own means that one.
    own: set[Name] = field(default_factory=set)

    def add(self, path: Path) -> None:
        code = code_of(path.read_text())
        self.code[path] = code
        for found in _DECLARATION.finditer(code):
            name = (_KINDS.get(found["keyword"], "type"), found["name"])
            self.own.add(name)
            is_private = {"private", "fileprivate"} & set(found["words"].split())
            # The formatter indents whatever is not at the top level.
            if not found["indent"] and not is_private:
                self.offered.add(name)


def read_folders(module: Path, table: Table) -> tuple[dict[str, Folder], set[str]]:
    """The rows' folders, and the names of all folders and files that should have a row."""
    row_of = {name: row for row in table for name in row.split("+")}
    folders: dict[str, Folder] = defaultdict(Folder)
    found: set[str] = set()
    for path in sorted(module.rglob("*.swift")):
        name = path.relative_to(module).parts[0].removesuffix(".swift")
        found.add(name)
        folders[row_of.get(name, name)].add(path)
    return folders, found


def check_folders(module: Path, table: Table) -> Iterator[str]:
    """Complaints about the use of names from folders that a row does not have."""
    folders, found = read_folders(module, table)
    yield from rows_that_differ("folder", {name: "" for row in table for name in row.split("+")}, found)
    for row, allowed in table.items():
        for name in set(allowed.split()) - set(table):
            yield f"the row of {row} names {name}, which has no row"
    for circle in circles(table):
        yield f"folders name each other in a circle: {circle}"
    for row, folder in sorted(folders.items()):
        closed = set(folders) - {row} - set(table.get(row, "").split())
        for other in sorted(closed):
            for path, number, name in uses(folder, folders[other]):
                yield f"{path}:{number}: {row} may not name {name}, which {other} declares"


def uses(folder: Folder, other: Folder) -> Iterator[tuple[Path, int, str]]:
    """Where one folder uses what another offers: the first place of each name in a file."""
    for kind, name in sorted(other.offered - folder.own):
        pattern = re.compile(_USES[kind].format(name=name))
        for path, code in folder.code.items():
            if match := pattern.search(code):
                yield path, code.count("\n", 0, match.start()) + 1, name


def main() -> None:
    sources = Path("Sources")
    complaints = [
        *check_modules(sources, MODULES, package_dependencies()),
        *check_folders(sources / "Exporter", FOLDERS),
    ]
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
