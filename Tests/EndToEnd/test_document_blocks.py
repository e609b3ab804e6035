"""What the documents show in blocks: configurations are taken by whom they are for, queries answer what is said."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.certificates import Authority
from support.curves_at_rest import Rest
from support.documents import DOCUMENTS, SHELLS, blocks, languages, queries, typed
from support.exporter import REPOSITORY
from support.tls_client import trusting
from support.web_configuration import StartWeb, authorization, bcrypt

RULES = REPOSITORY / "deploy" / "prometheus"
# The queries of these are for a real Prometheus that scrapes exporters: here those of native histograms, the others in
# test_prometheus.py.
ASKED_OF_PROMETHEUS = ("README.md", "docs/getting-started.md", "docs/web-configuration.md")


def test_command_lines_stand_in_blocks_of_a_shell() -> None:
    programs = {line.split()[0] for document in DOCUMENTS for line in typed(document)}
    others = languages() - set(SHELLS)
    lines = [line for document in DOCUMENTS for text in blocks(document, *others) for line in text.splitlines()]
    assert [line for line in lines if line.split(" ")[0] in programs] == []


# Configurations in YAML

YAML = [(document, text) for document in DOCUMENTS for text in blocks(document, "yaml")]
SCRAPING = [one for one in YAML if "scrape_configs" in yaml.safe_load(one[1])]
SERVING = [one for one in YAML if "tls_server_config" in yaml.safe_load(one[1])]


def test_every_configuration_is_somebodys() -> None:
    assert len(SCRAPING) >= 2 and len(SERVING) >= 2
    assert sorted(SCRAPING + SERVING) == sorted(YAML)


@pytest.mark.parametrize("text", [text for _, text in SCRAPING], ids=[name for name, _ in SCRAPING])
def test_prometheus_takes_a_scrape_configuration(text: str, tmp_path: Path) -> None:
    promtool("check", "config", write(tmp_path / "prometheus.yml", text))


@pytest.mark.parametrize("text", [text for _, text in SERVING], ids=[name for name, _ in SERVING])
def test_the_exporter_takes_a_web_configuration(
    text: str, start_web: StartWeb, authority: Authority, tmp_path: Path
) -> None:
    """With files where it names them, and a hash in the place of the one that is left out."""
    server = authority.issue_server()
    for name in re.findall(r"^\s*(?:\w+_)?(?:cert|key|ca)_file: (\S+)", text, re.MULTILINE):
        source = server.key if "key" in name else authority.certificate if "client" in name else server.certificate
        shutil.copy(source, tmp_path / Path(name).name)
    text = re.sub(r"(?:/etc/pyjoules-exporter|\$\{CREDENTIALS_DIRECTORY\})/", "", text)
    web = start_web(text.replace("$2y$10$...", bcrypt("of prometheus")))
    client = authority.issue("prometheus", ["DNS:prometheus.example"])
    context = trusting(authority, client)
    assert web.get(context=context).status == 401
    assert web.get(headers=[authorization("prometheus", "of prometheus")], context=context).status == 200


# Queries

Labels = Mapping[str, str]
NATIVE = "(pyjoules_power_watts["
HOST = "pyjoules_host_energy_joules_total"
CONTAINER = 'pyjoules_attributed_energy_joules_total{type="container",kind="package",container_id="c1"}'
INFO = 'kube_pod_container_info{namespace="shop",container_id="containerd://c1"}'


@dataclass(frozen=True)
class Asked:
    """What a document says that queries answer, of series that rise as is said here."""

    #: Their beginning values and steps, in the notation of promtool.
    series: Mapping[str, str]
    #: What is answered to each query of the document, in its order, at the end.
    answers: Sequence[Mapping[str, float]]
    rules: Sequence[str] = ()


# Two days, by the minute. The first machine draws 100 W, the second 25 W.
TWO_MACHINES = {
    f'{HOST}{{job="energy",instance="a",basis="psys"}}': "0+6000x2880",
    f'{HOST}{{job="energy",instance="b",basis="packages"}}': "0+1500x2880",
}
ASKED = {
    "docs/operations.md": Asked(
        TWO_MACHINES,
        [
            {'{job="energy"}': 125},
            {'{instance="a",job="energy"}': 2.4, '{instance="b",job="energy"}': 0.6},
            {'{job="energy"}': 6.0},
            {'{instance="a",job="energy"}': 0.96, '{instance="b",job="energy"}': 0.24},
        ],
        ["power.rules.yml"],
    ),
    "docs/attribution.md": Asked({CONTAINER: "0+1800x2880", INFO: "1x2880"}, [{'{namespace="shop"}': 30}]),
}


def test_the_queries_of_every_document_are_asked() -> None:
    assert {document for document in DOCUMENTS if queries(document)} == {*ASKED, *ASKED_OF_PROMETHEUS}


@pytest.mark.parametrize("document", ASKED)
def test_a_query_answers_what_is_said_of_it(document: str, tmp_path: Path) -> None:
    asked = ASKED[document]
    shown = queries(document)
    assert len(shown) == len(asked.answers)
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in asked.series.items()],
        "promql_expr_test": [expectation(query, answers) for query, answers in zip(shown, asked.answers, strict=True)],
    }
    groups = [group["name"] for rules in asked.rules for group in yaml.safe_load((RULES / rules).read_text())["groups"]]
    whole = {
        "rule_files": [str(RULES / rules) for rules in asked.rules],
        "evaluation_interval": "5m",
        "group_eval_order": groups,
        "tests": [test],
    }
    promtool("test", "rules", write(tmp_path / "queries.yml", yaml.safe_dump(whole)))


@pytest.mark.parametrize("query", [query for name in ASKED_OF_PROMETHEUS for query in queries(name) if NATIVE in query])
def test_a_query_of_native_histograms_is_answered_for_every_domain(rest: Rest, query: str) -> None:
    answers = rest.query("native", query, rest.end_of_curves)
    found = {series["metric"]["domain"] for series in answers if float(series["value"][1]) > 0}
    assert found == {"package_0", "core_0", "uncore_0", "dram_0", "psys_0"}


def expectation(query: str, answers: Mapping[str, float]) -> dict[str, Any]:
    samples = [{"labels": labels, "value": value} for labels, value in answers.items()]
    return {"expr": f"round({query}, 0.01)", "eval_time": "2d", "exp_samples": samples}


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def promtool(*arguments: str | Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    run = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
