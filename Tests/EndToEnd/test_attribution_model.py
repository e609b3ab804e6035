"""The reference model of attribution itself, on random histories of which the truth is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from support.attribution_history import PRICE, TICK, History
from support.attribution_model import ROOT, Account, Group, Look, Model, Settings

PASSES = 60
SEEDS = range(12)


def run(history: History, model: Model, passes: int = PASSES, restart_chance: float = 0.0, seed: int = 0) -> None:
    chance = random.Random(seed)
    for _ in range(passes):
        if chance.random() < restart_chance:
            model.restart()
        model.take(history.look())


def first_look(history: History, model: Model) -> None:
    """The first pass finds what was there; its energy was used before."""
    look = history.look()
    history.energy -= look.energy["package"]
    history.ran = dict.fromkeys(history.ran, 0)
    model.take(Look(look.awake, {}, look.rested, look.processors, look.groups))


def joules(account: Account | None) -> int:
    return account.joules.get("package", 0) if account else 0


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_sum_is_what_was_given_and_nothing_falls(seed: int) -> None:
    """Births, deaths, names again, units that nobody saw, too few accounts, skew, failures, restarts."""
    settings = Settings(most_units=8, most_new_per_minute=120, keep=20_000_000)
    model = Model(["package"], settings)
    history = History(seed, skew=True, failures=True, idle_microwatts=20_000_000)
    chance = random.Random(seed)
    before: dict[str, int] = {}
    retired = idle = 0
    for _ in range(4 * PASSES):
        if chance.random() < 0.03:
            model.restart()
        model.take(history.look())
        assert model.total["package"] == history.energy
        assert model.retired["package"] >= retired and model.idle["package"] >= idle
        retired, idle = model.retired["package"], model.idle["package"]
        rows = {account.path: joules(account) for account in model.rows()}
        assert all(rows[path] >= value for path, value in before.items() if path in rows)
        before = rows
    assert retired > 0 and idle > 0 and model.without_account >= 0


@pytest.mark.parametrize("seed", SEEDS)
def test_slices_have_all_that_ran_in_them_seen_or_unseen(seed: int) -> None:
    """Work has a price, and idle none: then energy tells the time that ran, to rounding and the tick's."""
    model = Model(["package"], Settings(idle_microwatts=0, most_new_per_minute=10_000))
    history = History(seed)
    first_look(history, model)
    run(history, model)
    # A part that rests on nothing but the tick moves between `system` and all others.
    fuzz = PASSES * (TICK * PRICE + 40)
    for top in ("system.slice", "user.slice"):
        below = [account for account in model.rows() if (account.path + "/").startswith(f"{top}/")]
        assert abs(sum(map(joules, below)) - history.ran[top] * PRICE) <= fuzz


def only(energy: int, awake: int, rested: int, **usages: tuple[int, int]) -> Look:
    groups = {"s.slice": Group(1, usages.pop("slice_usage")[1])}
    groups |= {f"s.slice/{name}.service": Group(*both) for name, both in usages.items()}
    return Look(awake, {"package": energy}, rested, 1, groups)


def of_one_slice(settings: Settings | None = None) -> Model:
    return Model(["package"], settings or Settings(idle_microwatts=0))


def energies(model: Model) -> dict[str, int]:
    return {account.path.removeprefix("s.slice/"): joules(account) for account in model.rows()}


def test_the_only_one_that_ended_has_the_rest_and_of_two_the_slice_has_it() -> None:
    for ending in (["a"], ["a", "b"]):
        model = of_one_slice()
        both = {"a": (2, 0), "b": (3, 0)}
        model.take(only(0, 10, 0, slice_usage=(1, 0), **both))
        left = {name: both[name] for name in both if name not in ending}
        model.take(only(70, 110, 30, slice_usage=(1, 70), **left))
        assert energies(model) == {
            ROOT: 0,
            "s.slice": 0 if len(ending) == 1 else 70,
            "a.service": 70 if len(ending) == 1 else 0,
            "b.service": 0,
        }


def test_one_that_is_started_again_goes_on_where_it_was() -> None:
    model = of_one_slice()
    model.take(only(0, 10, 0, slice_usage=(1, 0), a=(2, 0)))
    model.take(only(50, 110, 50, slice_usage=(1, 50), a=(2, 50)))
    model.take(only(80, 210, 70, slice_usage=(1, 130), a=(3, 60)))
    assert energies(model) == {ROOT: 0, "s.slice": 0, "a.service": 130}


def test_one_that_is_started_again_while_another_ends_has_what_it_ran_since() -> None:
    model = of_one_slice()
    model.take(only(0, 10, 0, slice_usage=(1, 0), a=(2, 0), b=(3, 0)))
    model.take(only(50, 110, 50, slice_usage=(1, 50), a=(2, 50), b=(3, 0)))
    model.take(only(80, 210, 70, slice_usage=(1, 130), a=(4, 60)))
    assert energies(model) == {ROOT: 0, "s.slice": 20, "a.service": 110, "b.service": 0}


def test_rest_that_is_beyond_the_time_is_taken_from_the_next() -> None:
    model = of_one_slice()
    model.take(only(0, 10, 0, slice_usage=(1, 0), a=(2, 0)))
    model.take(only(0, 110, 110, slice_usage=(1, 0), a=(2, 0)))
    model.take(only(50, 210, 150, slice_usage=(1, 25), a=(2, 25)))
    assert energies(model) == {ROOT: 25, "s.slice": 0, "a.service": 25}


def test_what_is_read_too_early_is_carried_and_not_counted_twice() -> None:
    model = of_one_slice()
    model.take(only(0, 10, 0, slice_usage=(1, 0), a=(2, 0)))
    # Of a slice that was read before its unit.
    model.take(only(60, 110, 60, slice_usage=(1, 40), a=(2, 60)))
    model.take(only(60, 210, 80, slice_usage=(1, 120), a=(2, 100)))
    assert energies(model) == {ROOT: 0, "s.slice": 20, "a.service": 100}


def test_what_is_beyond_the_accounts_is_the_slices_and_gets_one_when_another_has_ended() -> None:
    model = of_one_slice(Settings(idle_microwatts=0, most_units=1))
    model.take(only(0, 10, 0, slice_usage=(1, 0), a=(2, 0)))
    model.take(only(50, 110, 50, slice_usage=(1, 50), a=(2, 20), b=(3, 30)))
    assert energies(model) == {ROOT: 0, "s.slice": 30, "a.service": 20}
    assert model.without_account == 1
    model.take(only(10, 210, 140, slice_usage=(1, 60), b=(3, 40)))
    assert energies(model) == {ROOT: 0, "s.slice": 40, "a.service": 20}, "never one that ended in this pass"
    model.take(only(10, 310, 230, slice_usage=(1, 70), b=(3, 50)))
    assert energies(model) == {ROOT: 0, "s.slice": 50} and model.retired == {"package": 20}
    model.take(only(10, 410, 320, slice_usage=(1, 80), b=(3, 60)))
    model.take(only(10, 510, 410, slice_usage=(1, 90), b=(3, 70)))
    assert energies(model) == {ROOT: 0, "s.slice": 60, "b.service": 10}, "what it ran before is the slice's"


def test_after_a_restart_known_ones_go_on_and_what_has_ended_is_retired() -> None:
    model = of_one_slice()
    model.take(only(0, 10, 0, slice_usage=(1, 0), a=(2, 0), b=(3, 0)))
    model.take(only(60, 110, 40, slice_usage=(1, 60), a=(2, 20), b=(3, 40)))
    model.restart()
    # `a` went on meanwhile, `b` ended, and `c` began.
    model.take(only(90, 210, 50, slice_usage=(1, 150), a=(2, 50), c=(9, 30)))
    assert energies(model) == {ROOT: 0, "s.slice": 30, "a.service": 50, "c.service": 30}
    assert model.retired == {"package": 40}


class WithoutCarry(Model):
    def _weigh(self, look, busy, deaths, waiting):
        weights = super()._weigh(look, busy, deaths, waiting)
        for account in self.rows():
            account.debt = 0
        return weights


class RetiringFirst(Model):
    def _busy(self, look):
        self._retire(look.awake + 1, 1)
        return super()._busy(look)


class NewcomersFirst(Model):
    def _open(self, path, group, is_new, is_node):
        ended = [account for account in self.rows() if not account.is_live and not account.is_node]
        if not is_node and len(ended) > 0:
            self._free(ended[0])
        return super()._open(path, group, is_new, is_node)


class FoldingIntoRests(Model):
    def _add_retired(self, account):
        rest = self.row(account.path.rpartition("/")[0]) or self.rows()[0]
        for kind, energy in account.joules.items():
            rest.joules[kind] = rest.joules.get(kind, 0) + energy


class BelievingTicks(Model):
    def _busy(self, look):
        busy, capacity = super()._busy(look)
        return None if busy is None else busy // 3, capacity


@pytest.mark.parametrize("mutant", [WithoutCarry, RetiringFirst, NewcomersFirst, FoldingIntoRests, BelievingTicks])
def test_the_histories_find_what_is_known_to_go_wrong(mutant: Callable[..., Model]) -> None:
    """A program that does one of these is told apart from the model by the histories."""
    for seed in SEEDS:
        results = []
        for kind_of_model in (Model, mutant):
            model = kind_of_model(["package"], Settings(most_units=8, keep=20_000_000, most_new_per_minute=600))
            history = History(seed, skew=True, idle_microwatts=20_000_000)
            try:
                run(history, model, 2 * PASSES, restart_chance=0.02, seed=seed)
                results.append((sorted((a.path, joules(a)) for a in model.rows()), model.retired, model.idle))
            except (AssertionError, StopIteration):
                results.append(None)
        assert results[0] is not None
        if results[0] != results[1]:
            return
    pytest.fail("no history told them apart")
