"""The rules of Grafana's dashboard-linter, and a few that are ours: what each finds wrong with a dashboard.

Where the linter looks at some kinds of panels only, these look at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations

import promql_parser

from .dashboard_queries import (
    RATE_INTERVAL,
    Json,
    nodes,
    panels,
    parsed,
    targets,
    variables,
    variables_in,
)

Complaints = Iterator[str]
Rule = Callable[[Json], Complaints]
RULES: dict[str, Rule] = {}

DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
# Of Grafana's own names for units, those that are needed here.
UNITS = {"none", "watt", "kwatth", "massg", "percentunit", "s", "hertz", "cps", "reqps", "rps", "bytes"}
# What counters and parts of histograms end in, and what may be asked of them.
COUNTER = re.compile(r"_(total|bucket|sum|count)$")
CHANGES = {"rate", "irate", "increase"}


def rule(name: str) -> Callable[[Rule], Rule]:
    def add(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return add


# Variables


@rule("template-datasource-rule")
def _(dashboard: Json) -> Complaints:
    found = [each for each in variables(dashboard).values() if each["type"] == "datasource"]
    names = [(each["name"], each["label"], each["query"]) for each in found]
    if names != [("datasource", "Data source", "prometheus")]:
        yield f"not one data source: {names}"


def _chosen(name: str) -> Rule:
    def complaints(dashboard: Json) -> Complaints:
        wanted = {"type": "query", "datasource": DATASOURCE, "label": name.title(), "multi": True, "allValue": ".+"}
        variable = variables(dashboard).get(name)
        if variable is None:
            yield f"no variable {name}"
        elif not wanted.items() <= variable.items():
            yield f"{name} is {variable}"

    return complaints


rule("template-job-rule")(_chosen("job"))
rule("template-instance-rule")(_chosen("instance"))


@rule("template-label-promql-rule")
def _(dashboard: Json) -> Complaints:
    for variable in variables(dashboard).values():
        if variable["type"] == "query":
            match = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            if match is None:
                yield f"{variable['name']} does not ask for the values of a label"
            else:
                yield from _unparsable(match[1], dashboard)


@rule("template-on-time-change-reload-rule")
def _(dashboard: Json) -> Complaints:
    for variable in variables(dashboard).values():
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield f"{variable['name']} is not asked anew when the time changes"


@rule("uneditable-dashboard")
def _(dashboard: Json) -> Complaints:
    if dashboard.get("editable", True):
        yield "it may be edited"


# Panels


@rule("panel-datasource-rule")
def _(dashboard: Json) -> Complaints:
    for panel in panels(dashboard):
        if any(each.get("datasource") != DATASOURCE for each in (panel, *panel.get("targets", []))):
            yield f"{panel['title']}: not the data source that is chosen"


@rule("panel-title-description-rule")
def _(dashboard: Json) -> Complaints:
    for panel in panels(dashboard):
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {panel['id']}: no title or no description"


@rule("panel-units-rule")
def _(dashboard: Json) -> Complaints:
    for panel in panels(dashboard):
        fields = panel["fieldConfig"]
        properties = [each for override in fields["overrides"] for each in override["properties"]]
        units = [fields["defaults"].get("unit"), *(each["value"] for each in properties if each["id"] == "unit")]
        if not (found := {unit for unit in units if unit is not None}) or not found <= UNITS:
            yield f"{panel['title']}: units {units}"


@rule("panel-no-targets-rule")
def _(dashboard: Json) -> Complaints:
    for panel in panels(dashboard):
        if not panel.get("targets"):
            yield f"{panel['title']}: asks nothing"


@rule("panels lie side by side")
def _(dashboard: Json) -> Complaints:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    if len(set(numbers)) < len(numbers):
        yield "numbers that come twice"
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    if any(place["x"] + place["w"] > 24 for place in places):
        yield "wider than the grid"
    for one, other in combinations(places, 2):
        if all(
            one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
            for start, size in (("x", "w"), ("y", "h"))
        ):
            yield f"one panel upon another: {one}, {other}"


# Queries. Those about LogQL hold since every data source is a Prometheus.


def _unparsable(query: str, dashboard: Json) -> Complaints:
    try:
        parsed(query, dashboard)
    except ValueError as error:
        yield f"{query}: {error}"


@rule("target-promql-rule")
def _(dashboard: Json) -> Complaints:
    for _, target in targets(dashboard):
        yield from _unparsable(target["expr"], dashboard)


@rule("target-rate-interval-rule")
def _(dashboard: Json) -> Complaints:
    for query, node, parents in _all_nodes(dashboard):
        if isinstance(node, promql_parser.MatrixSelector):
            function = _called(parents)
            if function in ("rate", "irate") and node.range != RATE_INTERVAL:
                yield f"{query}: a rate over another time than $__rate_interval"
            if function not in CHANGES and node.range == RATE_INTERVAL:
                yield f"{query}: $__rate_interval in {function}"


def _matcher(label: str) -> Rule:
    def complaints(dashboard: Json) -> Complaints:
        for query, node, _ in _all_nodes(dashboard):
            if isinstance(node, promql_parser.VectorSelector):
                found = [(each.op, each.value) for each in node.matchers.matchers if each.name == label]
                if found != [(promql_parser.MatchOp.Re, f"${label}")]:
                    yield f'{query}: {node.name} without {label}=~"${label}"'

    return complaints


rule("target-job-rule")(_matcher("job"))
rule("target-instance-rule")(_matcher("instance"))


@rule("target-counter-agg-rule")
def _(dashboard: Json) -> Complaints:
    for query, node, parents in _all_nodes(dashboard):
        is_counter = isinstance(node, promql_parser.VectorSelector) and COUNTER.search(node.name or "")
        if is_counter and _called(parents[:-1]) not in CHANGES:
            yield f"{query}: {node.name} is a counter"


@rule("variables are known")
def _(dashboard: Json) -> Complaints:
    known = variables(dashboard).keys() | {"__rate_interval", "__range"}
    for panel, target in targets(dashboard):
        if unknown := (variables_in(target["expr"]) | variables_in(panel["title"])) - known:
            yield f"{panel['title']}: {unknown}"


@rule("targets have names of their own")
def _(dashboard: Json) -> Complaints:
    for panel in panels(dashboard):
        names = [target["refId"] for target in panel.get("targets", [])]
        if len(set(names)) < len(names):
            yield f"{panel['title']}: {names}"


@rule("a name is asked for")
def _(dashboard: Json) -> Complaints:
    for query, node, _ in _all_nodes(dashboard):
        if isinstance(node, promql_parser.VectorSelector) and not node.name:
            yield f"{query}: a selector without a name"


def _all_nodes(dashboard: Json) -> Iterator[tuple[str, object, tuple[object, ...]]]:
    """Each node of each query that can be parsed, with the query."""
    for _, target in targets(dashboard):
        try:
            tree = parsed(target["expr"], dashboard)
        except ValueError:
            continue
        for node, parents in nodes(tree):
            yield target["expr"], node, parents


def _called(parents: tuple[object, ...]) -> str | None:
    """The function whose argument something is that lies in these."""
    return parents[-1].func.name if parents and isinstance(parents[-1], promql_parser.Call) else None
