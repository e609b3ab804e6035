"""The dashboards that are shipped: made from their description, by the rules, and with something to show."""

from __future__ import annotations

import contextlib
import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.dashboard_queries import Json, panels, parsed, selectors, targets, typed_values, variables
from support.dashboard_rules import RULES
from support.dashboard_run import DashboardRun
from support.exporter import REPOSITORY
from support.scraping_servers import Prometheus, Prometheus3, ScrapingServer, VictoriaMetrics
from support.waiting import wait_until

DIRECTORY = REPOSITORY / "deploy/grafana"
FILES = sorted(DIRECTORY.glob("*.json"))
# Of Prometheus, and the standard family, which the exporter's catalog has by parts.
FOREIGN = {"up", "scrape_duration_seconds", "process_cpu_seconds_total"}
# At its end a description says why a panel may be empty.
REASON = re.compile(r"\n\nEmpty while .+\.$")

each_file = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


def load(file: Path) -> Json:
    dashboard: Json = json.loads(file.read_text())
    return dashboard


def test_the_dashboards_are_as_their_description_makes_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, REPOSITORY / "scripts/dashboards.py", tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in FILES}
    assert len(FILES) == 4


def test_each_is_told_from_the_others() -> None:
    dashboards = [load(file) for file in FILES]
    for name in ("uid", "title", "description"):
        assert len({dashboard[name] for dashboard in dashboards}) == len(FILES)


@each_file
@pytest.mark.parametrize("rule", RULES)
def test_the_rules_are_kept(file: Path, rule: str) -> None:
    assert list(RULES[rule](load(file))) == []


def a_panel(dashboard: Json) -> Json:
    return next(panel for panel in panels(dashboard) if panel["type"] == "timeseries")


def ask(query: str) -> Callable[[Json], None]:
    def change(dashboard: Json) -> None:
        a_panel(dashboard)["targets"][0]["expr"] = query

    return change


LABELS = 'job=~"$job", instance=~"$instance"'
RATE = f"rate(a_total{{{LABELS}}}[$__rate_interval])"
# What each rule is for, and a query that is well.
MISTAKES: list[tuple[str, Callable[[Json], object]]] = [
    ("template-datasource-rule", lambda all: variables(all)["datasource"].update(name="source")),
    ("template-datasource-rule", lambda all: variables(all)["datasource"].update(query="loki")),
    ("template-job-rule", lambda all: variables(all)["job"].update(multi=False)),
    ("template-job-rule", lambda all: all["templating"]["list"].remove(variables(all)["job"])),
    ("template-instance-rule", lambda all: variables(all)["instance"].update(allValue=".*")),
    ("template-label-promql-rule", lambda all: variables(all)["job"]["query"].update(query="label_values(a{, job)")),
    ("template-label-promql-rule", lambda all: variables(all)["job"]["query"].update(query="values(a, job)")),
    ("template-on-time-change-reload-rule", lambda all: variables(all)["job"].update(refresh=1)),
    ("uneditable-dashboard", lambda all: all.update(editable=True)),
    ("panel-datasource-rule", lambda all: a_panel(all).update(datasource={"type": "prometheus", "uid": "abc"})),
    ("panel-datasource-rule", lambda all: a_panel(all)["targets"][0].pop("datasource")),
    ("panel-title-description-rule", lambda all: a_panel(all).update(description="")),
    ("panel-units-rule", lambda all: a_panel(all)["fieldConfig"]["defaults"].update(unit="watts")),
    ("panel-units-rule", lambda all: a_panel(all)["fieldConfig"]["defaults"].pop("unit")),
    ("panel-no-targets-rule", lambda all: a_panel(all).update(targets=[])),
    ("panels lie side by side", lambda all: a_panel(all)["gridPos"].update(y=0)),
    ("panels lie side by side", lambda all: a_panel(all)["gridPos"].update(x=20)),
    ("panels lie side by side", lambda all: a_panel(all).update(id=1)),
    ("target-promql-rule", ask(f"rate(a{{{LABELS}}})")),
    ("target-promql-rule", ask("sum(")),
    ("target-rate-interval-rule", ask(f"rate(a_total{{{LABELS}}}[5m])")),
    ("target-rate-interval-rule", ask(f"max_over_time(a{{{LABELS}}}[$__rate_interval])")),
    ("target-job-rule", ask('a{instance=~"$instance"}')),
    ("target-job-rule", ask(f'{RATE} / a{{instance=~"$instance", job="$job"}}')),
    ("target-instance-rule", ask('-sum by (a) (topk(3, a{job=~"$job"}))')),
    ("target-instance-rule", ask('max_over_time((1 + a{job=~"$job"})[1h:])')),
    ("target-counter-agg-rule", ask(f"a_total{{{LABELS}}}")),
    ("target-counter-agg-rule", ask(f"max_over_time(a_count{{{LABELS}}}[1h])")),
    ("variables are known", ask(f"{RATE} * $prize")),
    ("targets have names of their own", lambda all: a_panel(all)["targets"].append(a_panel(all)["targets"][0])),
    ("a name is asked for", ask(f"{{{LABELS}}}")),
]


@pytest.mark.parametrize(("rule", "change"), MISTAKES, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(MISTAKES)])
def test_each_rule_finds_what_it_is_for(rule: str, change: Callable[[Json], object]) -> None:
    dashboard = load(FILES[0])
    ask(RATE)(dashboard)
    assert list(RULES[rule](dashboard)) == []
    wrong = copy.deepcopy(dashboard)
    change(wrong)
    assert list(RULES[rule](wrong)) != []


def test_no_rule_was_never_seen_to_find_anything() -> None:
    assert {rule for rule, _ in MISTAKES} == RULES.keys()


@each_file
def test_every_series_that_a_panel_asks_for_is_known(file: Path) -> None:
    """To the catalog of series, which has each name in quotes; it does without what histograms add to theirs."""
    sources = "\n".join(path.read_text() for path in (REPOSITORY / "Sources/Exporter/Series").rglob("*.swift"))
    dashboard = load(file)
    for panel, target in targets(dashboard):
        for selector in selectors(parsed(target["expr"], dashboard)):
            family = re.sub(r"_(bucket|sum|count)$", "", selector.name)
            assert selector.name in FOREIGN or f'"{family}"' in sources, f"{selector.name}, in {panel['title']}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardRun]:
    with DashboardRun(tmp_path_factory.mktemp("dashboards")) as run:
        wait_until(run.is_scraped, 30, "the third scrape")
        yield run


def need(server: type[ScrapingServer], run: DashboardRun) -> str:
    """The server's name in the run, where it is there."""
    if server.NAME not in run.servers:
        pytest.skip(f"{server.NAME} is not there ({server.ORIGIN})")
    return server.NAME


def asked(dashboard: Json) -> list[tuple[str, str]]:
    """Each query with the title of its panel, and each selector: what has `or vector(0)` has an answer anyhow."""
    found = []
    for panel, target in targets(dashboard):
        parts = [selector.prettify() for selector in selectors(parsed(target["expr"], dashboard))]
        found += [(panel["title"], query) for query in (target["expr"], *parts)]
    return found


each_server = pytest.mark.parametrize("server", [Prometheus, Prometheus3, VictoriaMetrics], ids=lambda kind: kind.NAME)
each_prometheus = pytest.mark.parametrize("server", [Prometheus, Prometheus3], ids=lambda kind: kind.NAME)
# What shows nothing of a machine that is well, has no limits of power, and is asked without TLS.
EMPTY = {
    "Part of the power limit",
    "Certificate expires in",
    "Web configuration not in force",
    "Readings that fail",
    "Connections that were refused",
    "Errors of attribution",
}
HEAT_MAP = "Distribution of the power of $domain"


@each_server
@each_file
def test_every_query_gives_data_or_its_panel_says_why_not(
    file: Path, server: type[ScrapingServer], run: DashboardRun
) -> None:
    name = need(server, run)
    dashboard = load(file)
    excused = EMPTY | {HEAT_MAP} if server is VictoriaMetrics else EMPTY
    for panel in panels(dashboard):
        assert panel["title"] not in excused or REASON.search(panel["description"])
    pending = [(title, query) for title, query in asked(dashboard) if title not in excused]
    assert len(pending) > 20
    typed = typed_values(dashboard)

    def all_have_answered() -> bool:
        run.run_units()
        pending[:] = [(title, query) for title, query in pending if not run.answers(name, query, typed)]
        return not pending

    with contextlib.suppress(AssertionError):
        wait_until(all_have_answered, 20)
    assert pending == []


@each_server
@each_file
def test_the_queries_of_what_is_empty_here_are_understood_all_the_same(
    file: Path, server: type[ScrapingServer], run: DashboardRun
) -> None:
    name = need(server, run)
    dashboard = load(file)
    for panel, target in targets(dashboard):
        if panel["title"] in EMPTY:
            assert run.answers(name, target["expr"], typed_values(dashboard)) == []


@each_prometheus
def test_heat_maps_are_of_native_histograms(server: type[ScrapingServer], run: DashboardRun) -> None:
    name = need(server, run)
    (panel,) = [panel for panel in panels(load(DIRECTORY / "host.json")) if panel["type"] == "heatmap"]
    (target,) = panel["targets"]
    assert panel["title"] == HEAT_MAP and target["format"] == "time_series"
    answers = wait_until(lambda: run.answers(name, target["expr"]), 20, "a histogram")
    assert all("histogram" in series for series in answers)
