"""How energy is shared out among control groups: a second implementation, for tests to hold the first against.

Written to be read and not to be fast: integers, one step after the other, everything looked at in each pass.
docs/attribution.md has the rules in words. What is to be equal to the microjoule also depends on an order: accounts
have the lowest free number when they open, that of the root is 0, and energy is given out by number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

ROOT = ""
MINUTE = 60_000_000


@dataclass(frozen=True)
class Group:
    """A control group as one look finds it."""

    identifier: int
    # None where it cannot be read, or what it shows is not understood.
    usage: int | None


@dataclass(frozen=True)
class Look:
    """What a pass sees. All times are in microseconds and never fall, energies in microjoules."""

    awake: int
    # Energy of each kind since the pass before.
    energy: Mapping[str, int]
    # The time that all processors rested since boot; None where it cannot be read.
    rested: int | None
    processors: int
    # By path, such as `system.slice/nginx.service`, in the order in which a directory lists them.
    groups: Mapping[str, Group]
    # How many groups went since the pass before, seen or unseen, by the place in which they lay; unsaid: those seen.
    removed: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Settings:
    most_units: int = 512
    most_new_per_minute: int = 60
    keep: int = 600_000_000
    idle_microwatts: int | None = None


def simple_place(path: str) -> str | None:
    """`node` for slices, `unit` for users' slices and all else."""
    name = path.rpartition("/")[2]
    return "node" if name.endswith(".slice") and not name.startswith("user-") else "unit"


@dataclass
class Account:
    """One row of the page, and the control group that it follows while there is one."""

    path: str
    is_node: bool
    identifier: int = 0
    # The latest reading; None before the first.
    last: int | None = None
    dead_since: int | None = None
    joules: dict[str, int] = field(default_factory=dict)
    # Of nodes: the greatest number that the latest listing had, and what its groups had beyond its own time.
    highest: int | None = None
    debt: int = 0

    @property
    def is_live(self) -> bool:
        return self.dead_since is None


@dataclass
class IdlePower:
    """The mean power of idle windows, in nanowatts, over the latest ten minutes of idle time."""

    nanowatts: int = 0
    seen: int = 0
    window: list[tuple[int, int, int | None, int]] = field(default_factory=list)

    MEMORY = 600_000_000

    def learn(self, microjoules: int, microseconds: int, busy: int | None, capacity: int) -> None:
        self.window.append((microjoules, microseconds, busy, capacity))
        energy, time = (sum(part[index] for part in self.window) for index in (0, 1))
        if time < 1_000_000 or energy == 0:
            return
        is_known = all(part[2] is not None for part in self.window)
        worked, possible = (sum(part[index] or 0 for part in self.window) for index in (2, 3))
        self.window = []
        power = energy * 10**9 // time
        time = min(time, self.MEMORY)
        if self.seen > 0 and power * 100 < self.nanowatts * 97:
            self.nanowatts, self.seen = power, time
        elif is_known and possible > 0 and worked <= possible // 50:
            self.seen = min(self.seen + time, self.MEMORY)
            step = abs(power - self.nanowatts) * time // self.seen
            self.nanowatts += step if power > self.nanowatts else -step


class Model:
    """All accounts. `take` is a pass, and `restart` what a stop of the program does."""

    def __init__(
        self,
        kinds: Iterable[str],
        settings: Settings | None = None,
        place: Callable[[str], str | None] = simple_place,
    ) -> None:
        self.kinds = list(kinds)
        self.settings = settings or Settings()
        self.place = place
        root = Account(ROOT, is_node=True)
        # By number; None where the number is free.
        self.accounts: list[Account | None] = [root]
        self.idle = dict.fromkeys(self.kinds, 0)
        self.retired = dict.fromkeys(self.kinds, 0)
        self.total = dict.fromkeys(self.kinds, 0)
        self.idle_power = {kind: IdlePower() for kind in self.kinds}
        self.without_account = 0
        self._left: dict[str, Account] | None = None
        self._awake: int | None = None
        self._rest: tuple[int, int, int] | None = None
        self._carried = 0
        self._saved_births = self.settings.most_new_per_minute * MINUTE
        self._is_first = True

    # What others ask.

    def rows(self) -> list[Account]:
        return [account for account in self.accounts if account is not None]

    def row(self, path: str) -> Account | None:
        return next((account for account in self.rows() if account.path == path), None)

    def assert_balanced(self) -> None:
        for kind in self.kinds:
            rows = sum(account.joules.get(kind, 0) for account in self.rows())
            assert rows + self.idle[kind] + self.retired[kind] == self.total[kind]

    # A pass: deaths, names that are known, newcomers, weights, energy, retirement. In any other order energy is lost.

    def take(self, look: Look) -> None:
        passed = look.awake - (self._awake if self._awake is not None else look.awake)
        self._save_births(passed)
        deaths = self._end(look)
        waiting = self._begin(look)
        self._forget_what_was_left()
        busy, capacity = self._busy(look)
        weights = self._weigh(look, busy, deaths, waiting)
        for kind in self.kinds:
            self._give_out(kind, look.energy.get(kind, 0), passed, busy, capacity, weights)
        self._retire(look.awake, sum(waiting.values()))
        self.without_account = sum(waiting.values())
        self._awake = look.awake
        self._is_first = False
        self.assert_balanced()

    def restart(self) -> None:
        """The program stops and begins again with what its ledger has: accounts by path, without their names."""
        self._left = {account.path: account for account in self.rows() if account.path != ROOT}
        root = self.rows()[0]
        root.debt = 0
        self.accounts = [root]
        self._saved_births = self.settings.most_new_per_minute * MINUTE
        self._is_first = True
        for power in self.idle_power.values():
            power.window = []

    def _number(self, path: str) -> int:
        return next(n for n, account in enumerate(self.accounts) if account is not None and account.path == path)

    def _live(self) -> list[Account]:
        return [account for account in self.rows() if account.is_live]

    def _end(self, look: Look) -> dict[str, list[Account]]:
        """Accounts whose group has gone, by the place in which it lay, if that is still there."""
        gone = [
            account
            for account in self._live()
            if account.path != ROOT
            and (account.path not in look.groups or look.groups[account.path].identifier != account.identifier)
        ]
        paths = {account.path for account in gone}
        gone += [account for account in self._live() if account not in gone and _lies_in_any(account.path, paths)]
        deaths: dict[str, list[Account]] = {}
        for account in gone:
            account.dead_since = look.awake
            parent = _parent(account.path)
            if not _lies_in_any(account.path, paths):
                deaths.setdefault(parent, []).append(account)
        return deaths

    def _begin(self, look: Look) -> dict[str, int]:
        """Opens accounts, place by place from the top; gives how many of each place have to wait for one."""
        waiting: dict[str, int] = {}
        listed: set[str] = set()
        while places := [node for node in self._live() if node.is_node and node.path not in listed]:
            found: list[tuple[str, Group, bool]] = []
            for place in places:
                listed.add(place.path)
                inside = [(path, group) for path, group in look.groups.items() if _parent(path) == place.path]
                was = place.highest
                found += [(path, group, was is not None and group.identifier > was) for path, group in inside]
                place.highest = max((group.identifier for _, group in inside), default=0)
            for path, group, is_new in found:
                known = self.row(path)
                if known is not None and known.is_live:
                    continue
                if known is not None:
                    self._go_on(known, group, is_new)
                elif (kind := self.place(path)) and not self._open(path, group, is_new, kind == "node"):
                    waiting[_parent(path)] = waiting.get(_parent(path), 0) + 1
        return waiting

    def _go_on(self, account: Account, group: Group, is_new: bool) -> None:
        """Another group under the path of one that has gone."""
        account.identifier, account.dead_since = group.identifier, None
        account.last = 0 if is_new else None
        account.highest, account.debt = (0 if is_new else None), 0

    def _open(self, path: str, group: Group, is_new: bool, is_node: bool) -> bool:
        if not is_node:
            units = sum(not account.is_node for account in self.rows())
            if units >= self.settings.most_units or not (self._is_first or self._take_birth()):
                return False
        account = Account(path, is_node, group.identifier, last=0 if is_new else None, highest=0 if is_new else None)
        if self._left and (left := self._left.pop(path, None)):
            account.joules = left.joules
            if left.identifier == group.identifier:
                account.last, account.highest = left.last, left.highest
        free = next((number for number, other in enumerate(self.accounts) if other is None), None)
        if free is None:
            self.accounts.append(account)
        else:
            self.accounts[free] = account
        return True

    def _forget_what_was_left(self) -> None:
        for account in (self._left or {}).values():
            self._add_retired(account)
        self._left = None

    def _save_births(self, passed: int) -> None:
        most = self.settings.most_new_per_minute * MINUTE
        self._saved_births = min(self._saved_births + min(passed, MINUTE) * self.settings.most_new_per_minute, most)

    def _take_birth(self) -> bool:
        if self._saved_births < MINUTE:
            return False
        self._saved_births -= MINUTE
        return True

    def _busy(self, look: Look) -> tuple[int | None, int]:
        """For how long all processors worked, None if that is not known; and for how long they could have."""
        last, self._rest = self._rest, None if look.rested is None else (look.awake, look.rested, look.processors)
        if last is None or self._rest is None or last[2] != look.processors or look.awake <= last[0]:
            self._carried = 0
            return None, 0
        capacity = (look.awake - last[0]) * look.processors
        worked = capacity - (self._rest[1] - last[1]) + self._carried
        busy = min(max(worked, 0), capacity)
        if abs(worked - busy) > 1_000_000 * look.processors:
            self._carried = 0
            return None, 0
        self._carried = worked - busy
        return busy, capacity

    def _weigh(
        self, look: Look, busy: int | None, deaths: dict[str, list[Account]], waiting: dict[str, int]
    ) -> dict[int, int]:
        """Microseconds by account number: what a unit ran, and what of a place's time its groups have not."""
        rises = {account.path: _rise(account, look) for account in self._live() if account.path != ROOT}
        inside: dict[str, int] = {}
        for path, rise in rises.items():
            inside[_parent(path)] = inside.get(_parent(path), 0) + rise
        rises[ROOT] = busy if busy is not None else inside.get(ROOT, 0)
        weights = {self._number(account.path): 0 for account in self.rows()}
        for account in self._live():
            if not account.is_node:
                weights[self._number(account.path)] += rises[account.path]
                continue
            rest = rises[account.path] - inside.get(account.path, 0) - account.debt
            account.debt = min(max(-rest, 0), 1_000_000 * look.processors)
            heir = account
            ended = deaths.get(account.path, [])
            is_alone = len(ended) == 1 and look.removed.get(account.path, 1) <= 1
            if is_alone and not waiting.get(account.path) and account.path != ROOT:
                heir = ended[0]
            weights[self._number(heir.path)] += max(rest, 0)
        return weights

    def _give_out(
        self, kind: str, energy: int, passed: int, busy: int | None, capacity: int, weights: dict[int, int]
    ) -> None:
        self.total[kind] += energy
        power = self.idle_power[kind]
        power.learn(energy, passed, busy, capacity)
        total = sum(weights.values())
        idle = self._idle_part(power, energy, passed, busy, capacity) if total > 0 else energy
        self.idle[kind] += idle
        running = 0
        for number in sorted(weights):
            before = (energy - idle) * running // total if total else 0
            running += weights[number]
            after = (energy - idle) * running // total if total else 0
            account = self.accounts[number]
            assert account is not None
            account.joules[kind] = account.joules.get(kind, 0) + after - before

    def _idle_part(self, power: IdlePower, energy: int, passed: int, busy: int | None, capacity: int) -> int:
        if self.settings.idle_microwatts is not None:
            return min(energy, self.settings.idle_microwatts * 1000 * passed // 10**9)
        if power.seen > 0:
            return min(energy, power.nanowatts * passed // 10**9)
        return 0 if busy is None or capacity == 0 else energy * (capacity - busy) // capacity

    def _retire(self, now: int, waiting: int) -> None:
        """Those that ended long ago go, and those that ended before this pass if others wait for a place."""
        for account in self.rows():
            if account.dead_since is not None and now - account.dead_since >= self.settings.keep:
                self._free(account)
        for _ in range(waiting):
            units = [account for account in self.rows() if not account.is_node]
            ended = [account for account in units if account.dead_since is not None and account.dead_since < now]
            if len(units) < self.settings.most_units or not ended:
                return
            self._free(min(ended, key=lambda account: account.dead_since or 0))

    def _free(self, account: Account) -> None:
        self._add_retired(account)
        self.accounts[self._number(account.path)] = None

    def _add_retired(self, account: Account) -> None:
        for kind, joules in account.joules.items():
            self.retired[kind] += joules


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _lies_in_any(path: str, places: set[str]) -> bool:
    return any(path.startswith(f"{place}/") for place in places)


def _rise(account: Account, look: Look) -> int:
    usage = look.groups[account.path].usage
    if usage is None:
        return 0
    rise = max(usage - (usage if account.last is None else account.last), 0)
    account.last = usage
    return rise
