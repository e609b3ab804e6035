"""What docs/integrations.md says that can be seen without the programs that `make consumers` runs."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path

from support.documented import DOCUMENT
from support.exporter import StartExporter
from support.promtool import each_promtool

YAML = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)


@each_promtool
def test_prometheus_takes_its_configurations(promtool: str, tmp_path: Path) -> None:
    for_prometheus = [text for text in YAML if text.startswith(("scrape_configs:", "remote_write:"))]
    assert len(for_prometheus) == 3
    for number, text in enumerate(for_prometheus):
        file = tmp_path / f"{number}.yml"
        file.write_text(text)
        check = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True)
        assert check.returncode == 0, text + check.stdout + check.stderr


def test_the_series_that_it_names_are_on_the_page(start_exporter: StartExporter) -> None:
    page = start_exporter(None).page_after_ticks().text
    # Datadog names counters as OpenMetrics does, without their end.
    named = set(re.findall(r"\bpyjoules_[a-z_]+[a-z]", DOCUMENT.read_text()))
    assert len(named) >= 4
    assert [name for name in named if not re.search(rf"^{name}(_total)?[ {{]", page, re.MULTILINE)] == []


def test_the_members_of_json_that_it_names_are_there(start_exporter: StartExporter) -> None:
    exporter = start_exporter(None)
    exporter.page_after_ticks()
    answer = json.loads(exporter.get("/api/v1/power").body)
    text = DOCUMENT.read_text()
    collectd = [key.split("/") for key in re.findall(r'<Key "(\S+)">', text)]
    home_assistant = [key.split(".") for key in re.findall(r"value_json\.([\w.]+)", text)]
    assert len(collectd) == len(home_assistant) == 2
    for path in (*collectd, *home_assistant):
        value = functools.reduce(lambda member, name: member[name], path, answer)
        assert isinstance(value, (int, float)), path
