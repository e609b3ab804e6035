"""The counters of `module/energy_bench.c` in the guest, and the truth about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from guest import Guest
from support.exposition import Page
from support.hardware_counter import joules
from support.installed_exporter import page_after_ticks

DIRECTORY = "/sys/kernel/debug/energy_bench"
DOMAINS = {
    "package_0": "package-0",
    "core_0": "core-0",
    "dram_0": "dram-0",
    "package_1": "package-1",
    "core_1": "core-1",
    "dram_1": "dram-1",
    "psys_0": "psys",
}
ZONES = tuple(DOMAINS.values())
# Two equal chips, which only their devices tell apart.
BOARDS = {"energybench_rail": "board-0", "energybench_rail_2": "board-1"}
# What is plausible below the limit of 250 W that the module's packages have.
WATTS = {"package-0": 40, "core-0": 25, "dram-0": 7, "package-1": 30, "core-1": 12, "dram-1": 5, "psys": 95}


class Hardware:
    """The module in one guest. Its counters are named as in debugfs: `package-0`, `dram-0`, `psys`, `board-0`."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest

    def load(self, *names: str) -> None:
        """Loads the module, which registers these, or all zones and the PMU."""
        only = f"""'names="{' '.join(names)}"'""" if names else ""
        self.guest.script(f'modprobe energy_bench {only}')

    def unload(self) -> None:
        self.guest.run("rmmod", "energy_bench")

    def register(self, *names: str) -> None:
        """In this order, from which their numbers follow; what lies in a zone after the zone."""
        self._write("register", " ".join(names))

    def unregister(self, *names: str) -> None:
        """In this order; what lies in a zone before the zone."""
        self._write("unregister", " ".join(names))

    def set(self, counter: str, **settings: int) -> None:
        """Settings of one counter, by the names of their files."""
        self.guest.script(
            f"cd {DIRECTORY}/{counter}" + "".join(f" && echo {value} >{name}" for name, value in settings.items())
        )

    def get(self, counter: str, setting: str) -> int:
        return int(self.guest.read(f"{DIRECTORY}/{counter}/{setting}"))

    def set_watts(self, watts: Mapping[str, int]) -> None:
        """The power of several counters from now on; that of the others stays."""
        commands = "".join(f" && echo {power}000000 >{counter}/power_uw" for counter, power in watts.items())
        self.guest.script(f"cd {DIRECTORY}{commands}")

    def stand_still(self) -> None:
        """No power anywhere, so that the truth is one number."""
        self.guest.script(f"cd {DIRECTORY} && for file in */power_uw; do echo 0 >$file; done")

    def moved(self) -> dict[str, int]:
        """The microjoules of each counter since the module was loaded."""
        lines = self.guest.script(f"cd {DIRECTORY} && grep . */moved_uj").splitlines()
        pairs = (line.split("/moved_uj:") for line in lines)
        return {counter: int(value) for counter, value in pairs}

    def _write(self, file: str, text: str) -> None:
        self.guest.script(f"echo '{text}' >{DIRECTORY}/{file}")


@dataclass(frozen=True)
class Balance:
    """What the exporter had counted, and what had been used, at a moment at which no counter moved."""

    hardware: Hardware
    page: Page
    moved: Mapping[str, int]

    @staticmethod
    def take(hardware: Hardware) -> Balance:
        """Stops all counters and waits until the exporter has read them."""
        hardware.stand_still()
        return Balance(hardware, page_after_ticks(), hardware.moved())

    def rises(self, domains: Iterable[str], since: Balance) -> dict[str, Decimal]:
        """What the exporter has counted since then."""
        return {domain: self.page.energy(domain) - since.page.energy(domain) for domain in domains}

    def truth(self, domains: Iterable[str], since: Balance) -> dict[str, Decimal]:
        """What has been used since then."""
        return {domain: joules(self.moved[counter] - since.moved[counter]) for domain, counter in _counters(domains)}

    def events(self, name: str, since: Balance) -> dict[str, int]:
        """How often something has happened since then, by domain; without those to which it has not."""
        counts: Counter[str] = Counter()
        for page, sign in ((self.page, 1), (since.page, -1)):
            for sample in page.find(f"pyjoules_{name}_total"):
                counts[sample.labels["domain"]] += sign * int(sample.value)
        return {domain: count for domain, count in counts.items() if count}


def _counters(domains: Iterable[str]) -> list[tuple[str, str]]:
    return [(domain, {**DOMAINS, **BOARDS}[domain]) for domain in domains]


def assert_exact(since: Balance, domains: Iterable[str] = tuple(DOMAINS)) -> Balance:
    """What was counted is what was used, to the microjoule, and something was."""
    now = Balance.take(since.hardware)
    truth = now.truth(domains, since)
    assert now.rises(domains, since) == truth
    assert all(used > 0 for used in truth.values()), truth
    return now
