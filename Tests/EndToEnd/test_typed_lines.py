"""Every command line of the documents is typed, in surroundings that fit, and gives what the text promises."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from support import typed_lines
from support.documents import DOCUMENTS, typed
from support.exporter import BINARY, REPOSITORY, clean_environment

LINES = tuple(dict.fromkeys(line for document in DOCUMENTS for line in typed(document)))
# In namespaces that end with what was started in them.
ALONE = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private")
PROGRAM = "#!/bin/sh\ni=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done\n"
EXPORTER = f'#!/bin/sh\ncommand=$1\nshift\nexec {BINARY} "$command" --source simulated "$@"\n'


def test_every_line_is_run_or_said_not_to_be() -> None:
    assert len(LINES) > 50
    found = {line: typed_lines.places(line) for line in LINES}
    assert {line: places for line, places in found.items() if len(places) != 1} == {}


def test_nothing_is_said_of_lines_that_no_document_has() -> None:
    rules = [rule for rules in (typed_lines.PLAIN, *typed_lines.SYSTEMD.values()) for rule in rules]
    patterns = [*typed_lines.NOT_RUN, *typed_lines.ELSEWHERE, *(rule.pattern for rule in rules)]
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, line) for line in LINES)] == []


def test_what_is_run_elsewhere_is_run() -> None:
    for place in typed_lines.ELSEWHERE.values():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (REPOSITORY / "Tests" / file).read_text(), place
    systemd = "".join(path.read_text() for path in (REPOSITORY / "Tests" / "Systemd").glob("test_*.py"))
    assert set(re.findall(r'\btype_lines\(\s*\w+, "(\w+)"', systemd)) == set(typed_lines.SYSTEMD)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A directory with a program, something to make, and an exporter that needs no hardware."""
    programs = dict.fromkeys(("program", "old", "new"), PROGRAM)
    for name, text in {**programs, "bin/pyjoules-exporter": EXPORTER}.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    (tmp_path / "Makefile").write_text("all:\n\t@echo built\n")
    return tmp_path


def run(command: str, desk: Path, directory: Path, is_alone: bool) -> str:
    """What a shell says that is given the command."""
    environment = clean_environment({"PATH": f"{desk / 'bin'}:{os.environ['PATH']}"})
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    result = subprocess.run(
        [*(ALONE if is_alone else ()), "bash", "-c", command],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.mark.parametrize("line", [line for line in LINES if typed_lines.places(line) == ["plain"]])
def test_a_line_gives_what_the_document_promises(line: str, desk: Path) -> None:
    rule = typed_lines.rule(line, typed_lines.PLAIN)
    assert rule is not None
    if rule.is_alone and os.geteuid() != 0:
        pytest.skip("only root can make namespaces of its own")
    directory = REPOSITORY / rule.directory if rule.directory is not None else desk
    said = run(rule.command(line), desk, directory, rule.is_alone)
    assert re.search(rule.answer, said, re.MULTILINE), said
