#!/usr/bin/env python3
"""Makes Grafana's dashboards from the description in deploy/grafana/dashboards.toml.

dashboards.py [DIRECTORY]: writes one JSON file for each, into deploy/grafana unless a directory is named.

What is shown, in which unit and why, is decided there; what a kind of panel looks like, in dashboard_panels.py.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

from dashboard_panels import DATASOURCE, MATCHERS, Json, content, queries_of

GRAFANA = Path(__file__).resolve().parent.parent / "deploy/grafana"
COLUMNS = 24
# Width and height of a kind of panel, in Grafana's grid.
SIZES = {
    "row": (24, 1),
    "stat": (4, 4),
    "timeseries": (12, 8),
    "bars": (12, 8),
    "bargauge": (12, 8),
    "heatmap": (12, 8),
    "table": (24, 9),
    "bill": (24, 10),
}


def variables(dashboard: Json) -> list[Json]:
    known = "pyjoules_exporter_build_info"
    found = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1},
        chosen("job", f"label_values({known}, job)"),
        chosen(
            "instance",
            f'label_values({known}{{job=~"$job"}}, instance)',
            has_all=not dashboard.get("one_instance", False),
        ),
    ]
    if dashboard.get("domains", False):
        found.append(chosen("domain", f"label_values(pyjoules_energy_joules_total{{{MATCHERS}}}, domain)"))
    # Where they are not used they are hidden, and not left out: links hand them on from dashboard to dashboard.
    queries = " ".join(query for panel in dashboard["panel"] for query, _ in queries_of(panel))
    for name, label, value in (("price", "Price per kWh", "0.30"), ("carbon", "CO2e, g per kWh", "400")):
        found.append(typed(name, label, value, is_hidden=f"${name}" not in queries))
    return found


def chosen(name: str, query: str, has_all: bool = True) -> Json:
    """A variable that is chosen among the values of a label."""
    everything = {"current": {"selected": True, "text": ["All"], "value": ["$__all"]}} if has_all else {"current": {}}
    return {
        "name": name,
        "label": name.title(),
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "multi": True,
        "includeAll": has_all,
        "allValue": ".+",
        "refresh": 2,
        "sort": 1,
        **everything,
    }


def typed(name: str, label: str, value: str, is_hidden: bool) -> Json:
    """A variable that is a number which somebody types."""
    current = {"selected": True, "text": value, "value": value}
    return {
        "name": name,
        "label": label,
        "type": "textbox",
        "query": value,
        "current": current,
        "options": [current],
        "hide": 2 if is_hidden else 0,
    }


def panels(dashboard: Json) -> list[Json]:
    """All panels, from left to right and from top to bottom."""
    placed: list[Json] = []
    x = y = lowest = 0
    for number, panel in enumerate(dashboard["panel"], start=1):
        usual, height = SIZES[panel["kind"]]
        width = panel.get("width", usual)
        if x + width > COLUMNS:
            x, y = 0, lowest
        place = {"x": x, "y": y, "w": width, "h": height}
        placed.append({"id": number, "title": panel["title"], "gridPos": place} | content(panel))
        x, lowest = x + width, max(lowest, y + height)
    return placed


def document(dashboard: Json) -> Json:
    return {
        "uid": f"pyjoules-{dashboard['file']}",
        "title": dashboard["title"],
        "description": dashboard["text"],
        "tags": ["pyjoules"],
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [
            {
                "title": "pyJoules",
                "type": "dashboards",
                "tags": ["pyjoules"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": variables(dashboard)},
        "panels": panels(dashboard),
    }


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else GRAFANA
    for dashboard in tomllib.loads((GRAFANA / "dashboards.toml").read_text())["dashboard"]:
        text = json.dumps(document(dashboard), indent=2, ensure_ascii=False)
        (directory / f"{dashboard['file']}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
