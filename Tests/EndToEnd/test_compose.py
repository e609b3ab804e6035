"""What `docker compose` is told: one command starts it, its files are there, and strangers see the exporter only."""

from __future__ import annotations

import re
from typing import Any

import yaml

from support.exporter import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
PROVISIONING = DEPLOY / "grafana/provisioning"
TEXT = (DEPLOY / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]


def mounts(service: str) -> dict[str, str]:
    """What of this directory a service sees, by where it sees it."""
    pairs = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    return {inside: outside for outside, inside, *_ in pairs if outside.startswith("./")}


def test_no_variable_has_to_be_set() -> None:
    found = re.findall(r"\$\{(\w+)([^}]*)\}", TEXT)
    assert found and all(default.startswith(":-") for _, default in found)


def test_what_is_mounted_is_there_and_cannot_be_changed() -> None:
    for service in ("prometheus", "grafana"):
        assert mounts(service)
        for outside in mounts(service).values():
            assert (DEPLOY / outside).is_dir()
            assert any(
                volume.startswith(f"{outside}:") and volume.endswith(":ro") for volume in SERVICES[service]["volumes"]
            )


def test_only_the_exporter_answers_other_machines() -> None:
    assert SERVICES["exporter"]["ports"] == ["9091:9091"]
    for service in ("prometheus", "grafana"):
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[service]["ports"])


def test_prometheus_has_its_configuration_and_takes_native_histograms() -> None:
    command = SERVICES["prometheus"]["command"]
    assert "--enable-feature=native-histograms" in command
    (file,) = [option.partition("=")[2] for option in command if option.startswith("--config.file=")]
    directory, _, name = file.rpartition("/")
    assert (DEPLOY / mounts("prometheus")[directory] / name).is_file()


def test_grafana_finds_its_dashboards_and_the_server() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/pyjoules.yaml").read_text())["providers"]
    assert (DEPLOY / mounts("grafana")[provider["options"]["path"]] / "fleet.json").is_file()
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/fleet.json"
    assert DEPLOY / mounts("grafana")["/etc/grafana/provisioning"] == PROVISIONING
    (source,) = yaml.safe_load((PROVISIONING / "datasources/prometheus.yaml").read_text())["datasources"]
    port = SERVICES["prometheus"]["ports"][0].rpartition(":")[2]
    assert source["url"] == f"http://prometheus:{port}"
    configuration = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == configuration["global"]["scrape_interval"]


def test_whoever_looks_at_grafana_can_only_look() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true" and environment["GF_AUTH_BASIC_ENABLED"] == "false"
