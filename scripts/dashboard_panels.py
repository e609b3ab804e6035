"""What a panel of each kind looks like in Grafana's JSON; `dashboards.py` makes dashboards of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]

# What @ stands for in a query.
MATCHERS = 'job=~"$job", instance=~"$instance"'
DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
# The columns of a bill: name, unit, decimals, query.
BILL = (
    ("Power", "watt", None, "sum by ({by}) (rate({counter}[$__rate_interval]))"),
    ("Energy", "kwatth", None, "sum by ({by}) (increase({counter}[$__range])) / 3600000"),
    ("Cost", "none", 2, "sum by ({by}) (increase({counter}[$__range])) / 3600000 * $price"),
    ("CO2 equivalent", "massg", None, "sum by ({by}) (increase({counter}[$__range])) / 3600000 * $carbon"),
)
TO_HOST = (
    "/d/pyjoules-host?${datasource:queryparam}&${price:queryparam}&${carbon:queryparam}"
    "&var-job=${__data.fields.job:percentencode}&var-instance=${__data.fields.instance:percentencode}"
    "&${__url_time_range}"
)


def content(panel: Json) -> Json:
    """All of a panel but its place and its title."""
    return row(panel) if panel["kind"] == "row" else filled(panel)


def row(panel: Json) -> Json:
    repeated = {"repeat": panel["repeat"]} if "repeat" in panel else {}
    return {"type": "row", "collapsed": False, "panels": [], **repeated}


def filled(panel: Json) -> Json:
    made = KINDS[panel["kind"]](panel)
    defaults = made["fieldConfig"]["defaults"]
    defaults |= {name: panel[name] for name in ("unit", "decimals") if name in panel}
    why = f"\n\nEmpty while {panel['empty_while']}." if "empty_while" in panel else ""
    since = {"timeFrom": panel["since"]} if "since" in panel else {}
    description = panel["text"] + why
    return {"description": description, "datasource": DATASOURCE, **made, "targets": targets(panel), **since}


# Queries


def queries_of(panel: Json) -> Iterator[tuple[str, str]]:
    """Each query of a panel with the name of what it gives."""
    if panel["kind"] == "bill":
        queries = [[text.format(by=panel["by"], counter=panel["counter"])] for *_, text in BILL]
    else:
        queries = panel.get("queries", [])
    for query, *names in queries:
        yield " ".join(query.replace("@", MATCHERS).split()), names[0] if names else ""


def targets(panel: Json) -> list[Json]:
    kind = panel["kind"]
    is_of_now = kind in ("stat", "bargauge", "table", "bill")
    shape = "table" if kind in ("table", "bill") else "heatmap" if panel.get("classic") else "time_series"
    return [
        {
            "refId": chr(ord("A") + index),
            "datasource": DATASOURCE,
            "expr": query,
            "legendFormat": name or "__auto",
            "format": shape,
            "instant": is_of_now,
            "range": not is_of_now,
        }
        | ({"interval": panel["step"]} if "step" in panel else {})
        for index, (query, name) in enumerate(queries_of(panel))
    ]


# Kinds of panels: what Grafana calls them, their options, and how their fields look


def stat(panel: Json) -> Json:
    mappings = [
        {"type": "value", "options": {str(value): {"text": text, "color": color, "index": index}}}
        for index, (value, text, color) in enumerate(panel.get("mappings", []))
    ]
    red = [{"color": "red", "value": panel["red_from"]}] if "red_from" in panel else []
    options = {
        "colorMode": "background" if red or mappings else "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    look = {"thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}, *red]}}
    return shown("stat", options, look | ({"mappings": mappings} if mappings else {}))


def timeseries(panel: Json) -> Json:
    is_stacked = panel.get("stacked", False)
    lines = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 40 if is_stacked else 10,
        "axisSoftMin": 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if is_stacked else "none", "group": "A"},
    }
    return shown("timeseries", with_legend(["mean", "max", "lastNotNull"]), {"custom": lines})


def bars(_: Json) -> Json:
    return shown(
        "timeseries",
        with_legend(["sum", "mean"]),
        {"custom": {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "barAlignment": -1}, "min": 0},
    )


def with_legend(calculations: list[str]) -> Json:
    return {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": calculations},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def bargauge(_: Json) -> Json:
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return shown("bargauge", options, {"min": 0, "color": {"mode": "continuous-BlPu"}})


def heatmap(panel: Json) -> Json:
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": "none"},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": panel["unit"]},
    }
    return shown("heatmap", options, {})


def table(panel: Json) -> Json:
    columns = panel["columns"]
    hidden = {"Time": True} | ({} if "Value" in columns else {"Value": True})
    order = {name: index for index, name in enumerate(columns)}
    renamed = {"Value": "Count"} if "Value" in columns else {}
    return in_columns([], hidden, order, renamed, [])


def bill(panel: Json) -> Json:
    values = {f"Value #{chr(ord('A') + index)}": name for index, (name, *_) in enumerate(BILL)}
    order = {name: index for index, name in enumerate([*panel["by"].split(", "), *values])}
    looks = [
        override(name, {"unit": unit} | ({} if decimals is None else {"decimals": decimals}))
        for name, unit, decimals, _ in BILL
    ]
    if "instance" in order and "job" in order:
        looks.append(override("instance", {"links": [{"title": "Show this machine", "url": TO_HOST}]}))
    return in_columns([{"id": "merge", "options": {}}], {"Time": True}, order, values, looks, by="Power")


def in_columns(
    first: list[Json], hidden: Json, order: Json, renamed: Json, overrides: list[Json], by: str | None = None
) -> Json:
    organized = {
        "id": "organize",
        "options": {"excludeByName": hidden, "indexByName": order, "renameByName": renamed},
    }
    sorting = {"sortBy": [{"displayName": by, "desc": True}]} if by else {}
    look = {"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}}
    return {
        **shown("table", {"showHeader": True, "cellHeight": "sm", **sorting}, look, overrides),
        "transformations": [*first, organized],
    }


def override(field: str, properties: Json) -> Json:
    return {
        "matcher": {"id": "byName", "options": field},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def shown(kind: str, options: Json, look: Json, overrides: Iterable[Json] = ()) -> Json:
    return {"type": kind, "options": options, "fieldConfig": {"defaults": look, "overrides": list(overrides)}}


KINDS: dict[str, Callable[[Json], Json]] = {
    "stat": stat,
    "timeseries": timeseries,
    "bars": bars,
    "bargauge": bargauge,
    "heatmap": heatmap,
    "table": table,
    "bill": bill,
}
