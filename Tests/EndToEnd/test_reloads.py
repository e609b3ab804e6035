"""When the web configuration is read again: at a change, however often, and at SIGHUP where changes are not told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import web_configuration
from support.waiting import wait_until
from support.web_configuration import StartWeb, WebExporter

# What follows has one watch of inotify, and gets no second one.
ONE_WATCH = [
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    'echo 1 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"',
]


def frame(option: str) -> dict[str, Any]:
    """Settings that show in every response."""
    return {"http_server_config": {"headers": {"X-Frame-Options": option}}}


def is_in_force(web: WebExporter, option: str) -> bool:
    return web.get("/").header("x-frame-options") == option


def test_without_a_watch_left_it_goes_on_and_asks_for_sighup(start_web: StartWeb, tmp_path: Path) -> None:
    """The change of the way to the file, for which there was no watch, once ended the process."""
    if subprocess.run([*ONE_WATCH, "true"], capture_output=True).returncode != 0:
        pytest.skip("user namespaces with a limit of inotify watches are not to be had")
    web = start_web(frame("deny"), launcher=ONE_WATCH)
    elsewhere = tmp_path / "elsewhere" / "web.yml"
    elsewhere.parent.mkdir()
    web_configuration.write(elsewhere, frame("sameorigin"))
    link = tmp_path / "link"
    link.symlink_to("elsewhere/web.yml")
    os.rename(link, web.file)
    wait_until(lambda: is_in_force(web, "sameorigin"), what="what the link leads to")

    def said() -> list[dict[str, str]]:
        records = web.exporter.records("web_configuration_loaded")
        return [record for record in records if "SIGHUP" in record["msg"]]

    (record,) = wait_until(said, what="the advice")
    assert record["level"] == "warning" and str(web.file) in record["msg"]
    web_configuration.write(elsewhere, frame("deny"))
    assert web.reload()["event"] == "reloaded" and is_in_force(web, "deny")
    assert len(said()) == 1, "once"
    # Where there is a watch again for the way as it is, changes are noticed again.
    web.rewrite(frame("sameorigin"))
    assert web.reload()["event"] == "reloaded" and is_in_force(web, "sameorigin")
    web.rewrite(frame("deny"))
    wait_until(lambda: is_in_force(web, "deny"), what="a change without a signal")


def test_a_file_that_changes_all_the_time_is_read_all_the_same(start_web: StartWeb) -> None:
    web = start_web(frame("deny"))

    def has_changed() -> bool:
        web.rewrite(frame("sameorigin"))
        return is_in_force(web, "sameorigin")

    # Asked every few milliseconds, so that it is never quiet.
    wait_until(has_changed, what="the settings")
