"""What `make bench` makes: rows of figures, one for each program, and how good the exporter's should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness import Workshop

# The programs, as rows and pictures name them.
EXPORTER = "exporter"
NGINX = "nginx"
BARE_C = "bare C"
NODE_EXPORTER = "node_exporter"
PROTOTYPE = "prototype"
# Counts, and what is a ratio itself.
NO_RATIO = ("", "%")
PROGRAMS = (EXPORTER, NGINX, BARE_C, NODE_EXPORTER, PROTOTYPE)


@dataclass(frozen=True)
class Bench:
    """What a row function is given. It puts into `skipped` what this machine lacks for a part of its rows."""

    workshop: Workshop
    rounds: int
    seconds: float
    skipped: list[str] = field(default_factory=list)

    def skip(self, what: str, reason: object) -> None:
        """Says so at once, and in the report."""
        self.skipped.append(f"{what}: {reason}")
        print(f"SKIP  {self.skipped[-1]}", flush=True)


@dataclass(frozen=True)
class Goal:
    """A bound on the exporter's figure: so many times that of the program `of`, or by itself."""

    sense: str  # "at least" or "at most"
    bound: float
    of: str = ""

    def is_met(self, row: Row) -> bool | None:
        """None if the other program was not measured."""
        reached = row.ratio(self.of) if self.of else row.figures[EXPORTER]
        if reached is None:
            return None
        return reached >= self.bound if self.sense == "at least" else reached <= self.bound

    def __str__(self) -> str:
        return f"{self.sense} {self.bound:.2f} of {self.of}" if self.of else f"{self.sense} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """One quantity under one condition, of each program that it was measured of."""

    quantity: str
    condition: str
    unit: str
    figures: dict[str, float]
    goals: tuple[Goal, ...] = ()
    note: str = ""
    # The exporter's figure as so many times another's, where both were measured in turn: the median of the rounds.
    ratios: dict[str, float] = field(default_factory=dict)

    @property
    def what(self) -> str:
        return f"{self.quantity}, {self.condition}" if self.condition else self.quantity

    @property
    def title(self) -> str:
        return f"{self.what} ({self.unit})" if self.unit else self.what

    @property
    def verdicts(self) -> list[str]:
        """Each goal that could be judged, and whether it was met."""
        judged = ((goal, goal.is_met(self)) for goal in self.goals)
        return [f"{goal}: {'met' if met else 'MISSED'}" for goal, met in judged if met is not None]

    def ratio(self, program: str) -> float | None:
        """The exporter's figure, as so many times that of another program, where that says something."""
        other = self.figures.get(program)
        if program == EXPORTER or self.unit in NO_RATIO or not other:
            return None
        return self.ratios.get(program, self.figures[EXPORTER] / other)

    def __str__(self) -> str:
        cells = [f"{program} {self._cell(program)}" for program in self.figures]
        return "  ".join([f"{self.title:<58}", *cells, *self.verdicts, self.note]).rstrip()

    def _cell(self, program: str) -> str:
        ratio = self.ratio(program)
        return readable(self.figures[program]) + ("" if ratio is None else f" (x {ratio:.2f})")


def connected(count: int) -> str:
    """A row's condition."""
    return f"{count} connection{'' if count == 1 else 's'}"


def readable(value: float) -> str:
    """Three digits that count, or all before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) < 10 else 1}f}" if abs(value) >= 0.1 else f"{value:.2g}"


RowFunction = Callable[[Bench], Iterator[Row]]
