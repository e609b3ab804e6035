"""Home Assistant with one configuration and its recorder, run by the Python that has it.

    home_assistant.py DIRECTORY CONFIGURATION

Prints each new state as a line of JSON, and once its standard input has ended the statistics of all that time, from
which the energy dashboard is drawn. It listens on no port.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from homeassistant import bootstrap, config_entries, core, loader
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.util import session_scope
from homeassistant.components.sensor.recorder import compile_statistics
from homeassistant.helpers import recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt


async def start(directory: Path) -> core.HomeAssistant:
    hass = core.HomeAssistant(str(directory))
    hass.config.skip_pip = True
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    loader.async_setup(hass)
    await bootstrap.async_load_base_functionality(hass)
    recorder.async_initialize_recorder(hass)
    database = {"recorder": {"db_url": f"sqlite:///{directory}/database", "commit_interval": 0}}
    assert await async_setup_component(hass, "recorder", database)
    await hass.async_start()
    return hass


@core.callback
def show(event: Any) -> None:
    state = event.data["new_state"]
    print(
        json.dumps({"entity": state.entity_id, "state": state.state, "time": state.last_updated.timestamp()}),
        flush=True,
    )


async def statistics(hass: core.HomeAssistant, begin: datetime) -> dict[str, dict[str, Any]]:
    instance = get_instance(hass)
    await instance.async_block_till_done()

    def compiled() -> list[dict[str, Any]]:
        with session_scope(session=instance.get_session()) as session:
            return list(compile_statistics(hass, session, begin, dt.utcnow()).platform_stats)

    found = await instance.async_add_executor_job(compiled)
    return {each["meta"]["statistic_id"]: {**each["meta"], **each["stat"]} for each in found}


async def main() -> None:
    directory, configuration = (Path(word) for word in sys.argv[1:])
    hass = await start(directory)
    hass.bus.async_listen("state_changed", show)
    begin = dt.utcnow()
    for name, settings in yaml.safe_load(configuration.read_text()).items():
        assert await async_setup_component(hass, name, {name: settings})
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps({"statistics": await statistics(hass, begin)}, default=str), flush=True)
    await hass.async_stop(force=True)


asyncio.run(main())
