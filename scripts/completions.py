#!/usr/bin/env python3
"""Writes what completes the command line in a shell, from the commands and options that the program itself lists.

completions.py BINARY bash|zsh|fish

The parser's own scripts know no default command, and no dot in an option's name. Here options without a command are
those of `serve`, a value is one of its list, a file or a directory, and the command that `measure` runs, after its
options or after `--`, is completed as a command line.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NAME = "pyjoules-exporter"
# Which command takes another one, after its options, and which of these takes all words up to the next one.
RUNNER = "measure"
LIST = "--compare"


@dataclass(frozen=True)
class Option:
    words: tuple[str, ...]
    about: str
    takes_value: bool
    repeats: bool
    values: tuple[str, ...]
    # `file`, `directory`, or nothing.
    path: str


@dataclass(frozen=True)
class Command:
    name: str
    about: str
    options: tuple[Option, ...]


def option(argument: dict[str, Any]) -> Option:
    kind = argument.get("completionKind") or {}
    names = [("-" if name["kind"] == "short" else "--") + name["name"] for name in argument["names"]]
    about = argument.get("abstract", "").split(". ")[0].rstrip(".")
    return Option(
        tuple(dict.fromkeys(names)),
        # What is in brackets tells the default.
        re.sub(r" \(default: .*\)$", "", about),
        argument["kind"] == "option",
        argument["isRepeating"],
        tuple(kind.get("list", {}).get("values", ())),
        next((path for path in ("file", "directory") if path in kind), ""),
    )


def commands(dump: dict[str, Any]) -> list[Command]:
    return [
        Command(
            each["commandName"],
            each.get("abstract", "").rstrip("."),
            tuple(option(argument) for argument in each.get("arguments", []) if argument["kind"] != "positional"),
        )
        for each in dump["subcommands"]
    ]


def valued(all_commands: list[Command]) -> list[str]:
    """The words of the runner's options that take one value."""
    options = next(command.options for command in all_commands if command.name == RUNNER)
    return [word for each in options if each.takes_value for word in each.words if word != LIST]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# bash


BASH = """# Completes {name} in bash.
_{function}() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}} command={default} index
    COMPREPLY=()
    # bash takes the sign of --option=value for a word.
    if [[ $current == = ]]; then
        current=
    elif [[ $option == = ]]; then
        option=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    if ((COMP_CWORD > 1)) && [[ ${{COMP_WORDS[1]}} == @({names}) ]]; then command=${{COMP_WORDS[1]}}; fi
    if [[ $command == {runner} ]]; then
        for ((index = 2; index <= COMP_CWORD; index++)); do
            case ${{COMP_WORDS[index]}} in
            --) ((index++)) ;;&
            --|[^-]*)
                ((index <= COMP_CWORD)) || break
                _{function}_command $index
                return ;;
            {list}) while ((index < COMP_CWORD)) && [[ ${{COMP_WORDS[index + 1]}} != -* ]]; do ((index++)); done ;;
            {valued})
                ((index++))
                if [[ ${{COMP_WORDS[index]}} == = ]]; then ((index++)); fi ;;
            esac
        done
    fi
    case $command:$option in
{values}
    esac
    if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then
        COMPREPLY=($(compgen -W '{words}' -- "$current"))
        return
    fi
    case $command in
{options}
    esac
}}

# What a command that is run completes itself, where bash-completion is there, and else commands and files.
_{function}_command() {{
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        COMPREPLY=($(compgen -c -- "${{COMP_WORDS[COMP_CWORD]}}"))
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
    fi
}}

complete -F _{function} {name}
"""


def bash_value(each: Option) -> str:
    if each.path:
        kind = "-d" if each.path == "directory" else "-f"
        return f'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen {kind} -- "$current"))'
    return f"COMPREPLY=($(compgen -W '{' '.join(each.values)}' -- \"$current\"))"


def bash_values(all_commands: list[Command]) -> Iterator[str]:
    for command in all_commands:
        for each in command.options:
            if each.takes_value:
                pattern = "|".join(f"{command.name}:{word}" for word in each.words)
                yield f"    {pattern}) {bash_value(each)}; return ;;"


def bash_options(all_commands: list[Command]) -> Iterator[str]:
    names = " ".join(command.name for command in all_commands if command.name != "help")
    for command in all_commands:
        words = names if command.name == "help" else " ".join(word for each in command.options for word in each.words)
        yield f"    {command.name}) COMPREPLY=($(compgen -W '{words}' -- \"$current\")) ;;"


def bash(all_commands: list[Command], default: str) -> str:
    names = [command.name for command in all_commands]
    return BASH.format(
        name=NAME,
        function=NAME.replace("-", "_"),
        default=default,
        runner=RUNNER,
        names="|".join(names),
        words=" ".join(names),
        list=LIST,
        valued="|".join(valued(all_commands)),
        values="\n".join(bash_values(all_commands)),
        options="\n".join(bash_options(all_commands)),
    )


# zsh


ZSH = """#compdef {name}
# Completes {name} in zsh.
_{function}() {{
    local command={default} curcontext=$curcontext
    local -a subcommands=(
{commands}
    )
    if ((CURRENT == 2)) && [[ ${{words[2]}} != -* ]]; then
        _describe -t commands command subcommands
        return
    fi
    if ((CURRENT > 2)) && [[ ${{words[2]}} == ({names}) ]]; then
        command=${{words[2]}}
        shift words
        ((CURRENT--))
    fi
    # What is run is a command line of its own.
    if [[ $command == {runner} ]]; then
        local -i index
        for ((index = 2; index <= CURRENT; index++)); do
            case ${{words[index]}} in
            (--|[^-]*)
                [[ ${{words[index]}} == -- ]] && ((index++))
                ((index <= CURRENT)) || break
                shift $((index - 1)) words
                ((CURRENT -= index - 1))
                if ((CURRENT == 1)); then _command_names -e; else _normal; fi
                return ;;
            ({list}) while ((index < CURRENT)) && [[ ${{words[index + 1]}} != -* ]]; do ((index++)); done ;;
            ({valued}) ((index++)) ;;
            esac
        done
    fi
    case $command in
{options}
    esac
}}

_{function} "$@"
"""


def zsh_text(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def zsh_value(each: Option) -> str:
    if each.path:
        return ":" + each.path + ":" + ("_files -/" if each.path == "directory" else "_files")
    return ":value:" + (f"({' '.join(each.values)})" if each.values else " ")


def zsh_options(command: Command) -> Iterator[str]:
    for each in command.options:
        exclusion = "" if each.repeats or len(each.words) == 1 else f"({' '.join(each.words)})"
        for word in each.words:
            sign = "*" if each.repeats else ""
            equals = "=" if each.takes_value and word.startswith("--") else ""
            value = zsh_value(each) if each.takes_value else ""
            yield quoted(f"{sign}{exclusion}{word}{equals}[{zsh_text(each.about)}]{value}")


def zsh_arguments(command: Command) -> Iterator[str]:
    if command.name == "help":
        yield f"    {command.name}) _describe -t commands command subcommands ;;"
        return
    specifications = [*zsh_options(command)]
    yield f"    {command.name})\n        _arguments -s -S : \\"
    yield " \\\n".join(f"            {each}" for each in specifications)
    yield "        ;;"


def zsh(all_commands: list[Command], default: str) -> str:
    described = [quoted(f"{each.name}:{zsh_text(each.about)}") for each in all_commands]
    return ZSH.format(
        name=NAME,
        function=NAME.replace("-", "_"),
        default=default,
        runner=RUNNER,
        names="|".join(each.name for each in all_commands),
        list=LIST,
        valued="|".join(valued(all_commands)),
        commands="\n".join(f"        {each}" for each in described),
        options="\n".join(line for each in all_commands for line in zsh_arguments(each)),
    )


# fish


FISH = """# Completes {name} in fish.
function __{function}_command
    set -l words (commandline -opc)
    for word in $words[2]
        contains -- $word {names}; and echo $word; and return
    end
    echo {default}
end

function __{function}_is
    test (__{function}_command) = $argv[1]; and not __{function}_runs
end

function __{function}_begins
    test (count (commandline -opc)) -eq 1
end

# How many words there are before the command that is run; fails where none has begun.
function __{function}_before
    test (__{function}_command) = {runner}; or return 1
    set -l words (commandline -opc) (commandline -ct)
    set -l index 3
    while test $index -le (count $words)
        switch $words[$index]
            case --
                test $index -lt (count $words); or return 1
                echo $index
                return
            case {list}
                while test $index -lt (count $words); and not string match -q -- '-*' $words[(math $index + 1)]
                    set index (math $index + 1)
                end
            case {valued}
                set index (math $index + 1)
            case '-*' ''
            case '*'
                echo (math $index - 1)
                return
        end
        set index (math $index + 1)
    end
    return 1
end

function __{function}_runs
    __{function}_before >/dev/null
end

# A command line of its own.
function __{function}_run
    set -l words (commandline -opc)
    set -e words[1..(__{function}_before)]
    complete -C (string join ' ' -- $words (commandline -ct))
end

complete -c {name} -f
complete -c {name} -n __{function}_runs -a '(__{function}_run)'
{commands}
{options}
"""


def fish_option(command: Command, each: Option, function: str) -> str:
    words = " ".join(f"-l {word[2:]}" if word.startswith("--") else f"-s {word[1:]}" for word in each.words)
    value = ""
    if each.takes_value:
        value = " -x" if not each.path else " -r"
        if each.values:
            value += f" -a {quoted(' '.join(each.values))}"
        elif each.path == "file":
            value += " -F"
        elif each.path == "directory":
            value = " -x -a '(__fish_complete_directories)'"
    return f"complete -c {NAME} -n '__{function}_is {command.name}' {words}{value} -d {fish_quoted(each.about)}"


def fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(all_commands: list[Command], default: str) -> str:
    function = NAME.replace("-", "_")
    names = [each.name for each in all_commands]
    lines = [
        f"complete -c {NAME} -n '{condition}' -a {each.name} -d {fish_quoted(each.about)}"
        for condition in (f"__{function}_begins", f"__{function}_is help")
        for each in all_commands
        if condition.endswith("_begins") or each.name != "help"
    ]
    return FISH.format(
        name=NAME,
        function=function,
        default=default,
        runner=RUNNER,
        names=" ".join(names),
        list=LIST,
        valued=" ".join(valued(all_commands)),
        commands="\n".join(lines),
        options="\n".join(
            fish_option(command, each, function)
            for command in all_commands
            if command.name != "help"
            for each in command.options
        ),
    )


def main() -> None:
    binary, shell = sys.argv[1:]
    write = {"bash": bash, "zsh": zsh, "fish": fish}[shell]
    dump = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, check=True).stdout
    root = json.loads(dump)["command"]
    sys.stdout.write(write(commands(root), root["defaultSubcommand"]))


if __name__ == "__main__":
    main()
