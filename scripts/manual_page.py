#!/usr/bin/env python3
"""Writes the manual page: a template, with the commands and options that the program itself lists.

manual_page.py BINARY packaging/PAGE.in DATE DOCUMENTATION-DIRECTORY > PAGE
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

Command = dict[str, Any]
Argument = dict[str, Any]


def roff(text: str) -> str:
    """Plain text as roff: hyphens that can be copied, no line that begins with a request, one sentence a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    lines = [re.sub(r"(?<=[.:;]) +(?=[A-Z])", "\n", line) for line in text.split("\n")]
    return "\n".join(re.sub(r"^(?=[.'])", r"\\&", line) for line in "\n".join(lines).split("\n"))


def paragraphs(text: str) -> str:
    return "\n.PP\n".join(roff(paragraph) for paragraph in text.split("\n\n"))


def spelling(argument: Argument) -> str:
    """The names of an option as they are typed, with the name of its value: `\\-h, \\-\\-help`."""
    if argument["kind"] == "positional":
        return f"\\fI{roff(argument['valueName'])}\\fR"
    names = sorted(argument["names"], key=lambda name: name["kind"] != "short")
    words = [f"\\fB{roff(('-' if name['kind'] == 'short' else '--') + name['name'])}\\fR" for name in names]
    value = f" \\fI{roff(argument['valueName'])}\\fR" if argument["kind"] == "option" else ""
    return ", ".join(words) + value


def options(command: Command) -> str:
    shown = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    return "\n".join(f".TP\n{spelling(argument)}\n{roff(argument.get('abstract', ''))}" for argument in shown)


def subcommands(command: Command) -> list[Command]:
    """All but `help`, whose use is said by everything else."""
    return [each for each in command.get("subcommands", []) if each["shouldDisplay"] and each["commandName"] != "help"]


def leaves(command: Command, above: str = "") -> list[tuple[str, Command]]:
    """The commands that do something, by their names with those above: `reader nvidia`."""
    found = []
    for each in subcommands(command):
        name = f"{above}{each['commandName']}"
        found += leaves(each, f"{name} ") or [(name, each)]
    return found


def synopsis(binary: str, root: Command) -> str:
    """The usage of each command, as its help says it; that of the default command with its name in brackets."""
    lines = []
    for name, _ in leaves(root):
        if name == root.get("defaultSubcommand"):
            lines.append(f".B {roff(root['commandName'])}\n.RB [ {name} ]\n[\\fIoption\\fR ...]")
            continue
        help_text = subprocess.run([binary, *name.split(), "--help"], capture_output=True, text=True, check=True).stdout
        usage = re.search(r"^USAGE: (.*?)\n\n", help_text, re.MULTILINE | re.DOTALL)
        assert usage is not None, f"the help of {name} has no usage"
        for line in usage.group(1).split("\n"):
            rest = line.strip().removeprefix(root["commandName"]).strip().removeprefix(name).strip()
            rest = "[<options>]" if len(rest) > 72 else rest
            rest = re.sub(r"<?\b(options|[A-Z]{3,})\b>?", lambda match: f"\\fI{match[1].lower()}\\fR", roff(rest))
            lines.append(f".B {roff(root['commandName'])} {name}\n{rest}")
    return "\n.br\n".join(lines)


def section(root: Command, name: str, command: Command) -> str:
    default = ", which need not be named" if name == root.get("defaultSubcommand") else ""
    parts = [f".SH COMMAND {name.upper()}", f".B {name}{default}:", roff(command["abstract"])]
    if "discussion" in command:
        parts += [".PP", paragraphs(command["discussion"])]
    return "\n".join([*parts, options(command)])


def main() -> None:
    binary, template, date, documentation = sys.argv[1:]
    dump = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    root: Command = json.loads(dump)["command"]
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    page = Path(template).read_text()
    for place, text in {
        "@DATE@": date,
        "@VERSION@": version,
        "@DOCUMENTATION@": roff(documentation),
        "@SYNOPSIS@": synopsis(binary, root),
        "@DESCRIPTION@": paragraphs(f"{root['abstract']}\n\n{root['discussion']}"),
        "@COMMANDS@": "\n".join(section(root, name, command) for name, command in leaves(root)),
    }.items():
        page = page.replace(place, text)
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
