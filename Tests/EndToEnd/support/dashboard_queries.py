"""The queries of Grafana's dashboards: their variables replaced, and taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import promql_parser

Json = dict[str, Any]

# Lengths that no query would have by itself, so that what came from a variable is known again.
RATE_INTERVAL = timedelta(seconds=1291)
_LENGTHS = {"__rate_interval": "1291s", "__range": "7331s"}
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def panels(dashboard: Json) -> list[Json]:
    """All that ask something; rows are but headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(dashboard: Json) -> Iterator[tuple[Json, Json]]:
    """Each query's target with its panel."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield panel, target


def variables(dashboard: Json) -> dict[str, Json]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def variables_in(text: str) -> set[str]:
    return set(_VARIABLE.findall(text))


def replaced(query: str, values: Mapping[str, str]) -> str:
    """A query with the values of its variables; a variable without one stays."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), query)


def typed_values(dashboard: Json) -> dict[str, str]:
    """The values of the variables that are typed, as they are at first."""
    return {name: each["query"] for name, each in variables(dashboard).items() if each["type"] == "textbox"}


def parsed(query: str, dashboard: Json) -> Any:
    """The tree of a query. Raises ValueError if it is none of PromQL's, of which the types are checked too."""
    return promql_parser.parse(replaced(query, _LENGTHS | typed_values(dashboard)))


def nodes(tree: Any, parents: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Each node of a tree, with those in which it lies, the nearest last."""
    yield tree, parents
    for child in _children(tree):
        yield from nodes(child, (*parents, tree))


def selectors(tree: Any) -> list[Any]:
    return [node for node, _ in nodes(tree) if isinstance(node, promql_parser.VectorSelector)]


def _children(tree: Any) -> list[Any]:
    match tree:
        case promql_parser.BinaryExpr():
            return [tree.lhs, tree.rhs]
        case promql_parser.AggregateExpr():
            return [tree.expr] if tree.param is None else [tree.param, tree.expr]
        case promql_parser.Call():
            return list(tree.args)
        case promql_parser.MatrixSelector():
            return [tree.vector_selector]
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            return [tree.expr]
        case promql_parser.VectorSelector() | promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            return []
        case _:
            raise AssertionError(f"a kind of expression that the tests do not know: {type(tree)}")
