"""What is installed beside the program: units, udev rule, catalog, manual page, completions, and the Debian package."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from support.documents import DOCUMENTS, blocks
from support.exporter import BINARY, REPOSITORY

NAME = "pyjoules-exporter"
UNITS = REPOSITORY / "systemd"
# What `systemd-analyze security` may say at most, of 10, of the service as it is shipped and with each of the drop-ins.
EXPOSURE_CEILINGS = {None: 0.4, "capability": 0.7, "perf": 0.9}
PACE_CEILING = 3.2
# Of each reader: root without capabilities, and one of them reaches the driver's devices.
READER_CEILINGS = {"nvidia": 0.8, "sensors": 0.6}
# Fields that are not written out where they are reported, by the case: one for each layer of the sandbox, and those of
# zones that are refused together.
COMPUTED_FIELDS = {
    "sandboxed": {"PYJOULES_LANDLOCK", "PYJOULES_SECCOMP", "PYJOULES_CAPABILITIES"},
    "zoneIgnored": {"PYJOULES_ZONE", "PYJOULES_REASON"},
    "zoneUnreadable": {"PYJOULES_ZONE", "PYJOULES_REASON"},
    "feedRefused": {"PYJOULES_ZONE", "PYJOULES_REASON"},
}

INSTALLED = {
    f"usr/bin/{NAME}",
    f"usr/lib/systemd/system/{NAME}.service",
    f"usr/lib/systemd/system/{NAME}.socket",
    f"usr/lib/systemd/system/{NAME}-pace.service",
    f"usr/lib/systemd/system/{NAME}-nvidia.service",
    f"usr/lib/systemd/system/{NAME}-sensors.service",
    f"usr/lib/udev/rules.d/60-{NAME}.rules",
    f"usr/share/{NAME}/keep-totals.conf",
    f"usr/lib/sysusers.d/{NAME}.conf",
    f"usr/lib/tmpfiles.d/{NAME}.conf",
    f"usr/lib/systemd/catalog/{NAME}.catalog",
    f"usr/share/man/man1/{NAME}.1",
    f"usr/share/man/man5/{NAME}-web.yml.5",
    f"usr/share/bash-completion/completions/{NAME}",
    f"usr/share/zsh/site-functions/_{NAME}",
    f"usr/share/fish/vendor_completions.d/{NAME}.fish",
    f"usr/share/doc/{NAME}/examples/capability.conf",
    f"usr/share/doc/{NAME}/examples/perf.conf",
    f"usr/share/doc/{NAME}/examples/prometheus.yml",
    f"usr/share/doc/{NAME}/examples/alerts.rules.yml",
    f"usr/share/doc/{NAME}/examples/attribution.rules.yml",
    f"usr/share/doc/{NAME}/examples/former-names.rules.yml",
    f"usr/share/doc/{NAME}/examples/power.rules.yml",
}
INSTALLED_DOCUMENTS = [*(REPOSITORY / "docs").glob("*.md"), *(REPOSITORY / "docs").glob("pictures/*.svg")]
INSTALLED |= {f"usr/share/doc/{NAME}/{path.relative_to(REPOSITORY / 'docs')}" for path in INSTALLED_DOCUMENTS}
PACKAGING_SECONDS = 600.0
CONFIGURATION = {f"etc/default/{NAME}"}


def tool(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is missing (Debian package {package})")
    return path


def run(
    *command: str | Path, environment: dict[str, str] | None = None, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def succeed(*command: str | Path, environment: dict[str, str] | None = None) -> str:
    result = run(*command, environment=environment)
    assert result.returncode == 0, result
    return result.stdout


def install(verb: str, root: Path) -> None:
    succeed(REPOSITORY / "scripts" / "install.sh", verb, BINARY, environment={"DESTDIR": str(root), "PREFIX": "/usr"})


def files_under(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root into which everything was installed for /usr."""
    root = tmp_path_factory.mktemp("installed")
    install("install", root)
    return root


# Installing


def test_install_puts_everything_where_it_belongs(installed: Path) -> None:
    assert files_under(installed) == INSTALLED | CONFIGURATION
    for name in INSTALLED | CONFIGURATION:
        mode = stat.S_IMODE((installed / name).stat().st_mode)
        assert mode == (0o755 if name.startswith("usr/bin/") else 0o644), name


def test_installing_again_keeps_the_options_that_were_set(tmp_path: Path) -> None:
    options = tmp_path / "etc" / "default" / NAME
    options.parent.mkdir(parents=True)
    options.write_text('ARGS="--sample.interval 1s"\n')
    install("install", tmp_path)
    assert options.read_text() == 'ARGS="--sample.interval 1s"\n'


def test_uninstall_leaves_only_what_may_have_been_edited(tmp_path: Path) -> None:
    install("install", tmp_path)
    install("uninstall", tmp_path)
    assert files_under(tmp_path) == CONFIGURATION


def test_the_unit_starts_the_program_from_the_prefix(tmp_path: Path) -> None:
    environment = {"DESTDIR": str(tmp_path), "PREFIX": "/opt/energy"}
    succeed(REPOSITORY / "scripts" / "install.sh", "install", BINARY, environment=environment)
    units = tmp_path / "opt" / "energy" / "lib" / "systemd" / "system"
    commands = {
        "": "--web.systemd-socket $ARGS",
        "-nvidia": "reader nvidia $NVIDIA_ARGS",
        "-sensors": "reader hwmon $SENSORS_ARGS",
    }
    for unit, words in commands.items():
        assert f"ExecStart=/opt/energy/bin/{NAME} {words}\n" in (units / f"{NAME}{unit}.service").read_text()


# Units


@pytest.fixture
def unit_directory(installed: Path, tmp_path: Path) -> Path:
    """The installed units alone, the service with a program that can be found."""
    for unit in (installed / "usr" / "lib" / "systemd" / "system").iterdir():
        text = unit.read_text().replace(f"/usr/bin/{NAME}", str(installed / "usr" / "bin" / NAME))
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def add_drop_in(unit_directory: Path, name: str | None) -> None:
    if name is not None:
        directory = unit_directory / f"{NAME}.service.d"
        directory.mkdir()
        shutil.copy(UNITS / "examples" / f"{name}.conf", directory)


def analyze(unit_directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs systemd-analyze on these units; the colon adds the system's own."""
    return run(tool("systemd-analyze", "systemd"), *arguments, environment={"SYSTEMD_UNIT_PATH": f"{unit_directory}:"})


@pytest.mark.parametrize("drop_in", EXPOSURE_CEILINGS)
def test_systemd_has_nothing_to_say_against_the_units(unit_directory: Path, drop_in: str | None) -> None:
    add_drop_in(unit_directory, drop_in)
    kinds = (".service", ".socket", "-pace.service", "-nvidia.service", "-sensors.service")
    units = [f"{NAME}{kind}" for kind in kinds]
    # The manual page is looked for where it is not installed; a binary format that may be missing is another's unit.
    result = analyze(unit_directory, "verify", "--man=no", *units)
    assert result.returncode == 0, result
    assert NAME not in result.stderr, result.stderr


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if blocks(document, "ini")])
def test_systemd_has_nothing_to_say_against_the_drop_ins_of_a_document(unit_directory: Path, document: str) -> None:
    for text in blocks(document, "ini"):
        unit = f"{NAME}.socket" if "[Socket]" in text else f"{NAME}.service"
        (unit_directory / f"{unit}.d").mkdir()
        (unit_directory / f"{unit}.d" / "override.conf").write_text(text)
    result = analyze(unit_directory, "verify", "--man=no", f"{NAME}.service", f"{NAME}.socket")
    assert result.returncode == 0, result
    assert NAME not in result.stderr, result.stderr


def test_systemd_finds_what_is_wrong_with_a_unit(unit_directory: Path) -> None:
    """So that the test above can fail."""
    unit = unit_directory / f"{NAME}.service"
    unit.write_text(unit.read_text().replace("[Service]", "[Service]\nNoSuchSetting=yes"))
    assert "NoSuchSetting" in analyze(unit_directory, "verify", "--man=no", f"{NAME}.service").stderr


def exposure(unit_directory: Path, unit: str) -> float:
    output = analyze(unit_directory, "security", "--offline=true", "--no-pager", unit).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+) ", output)
    assert found is not None, output
    return float(found[1])


@pytest.mark.parametrize(("drop_in", "ceiling"), EXPOSURE_CEILINGS.items())
def test_the_service_is_exposed_no_more_than_it_must_be(
    unit_directory: Path, drop_in: str | None, ceiling: float
) -> None:
    add_drop_in(unit_directory, drop_in)
    assert exposure(unit_directory, f"{NAME}.service") <= ceiling


@pytest.mark.parametrize(("reader", "ceiling"), READER_CEILINGS.items())
def test_readers_are_exposed_no_more_than_they_must_be(unit_directory: Path, reader: str, ceiling: float) -> None:
    assert exposure(unit_directory, f"{NAME}-{reader}.service") <= ceiling


def test_the_pause_has_no_rights_that_it_need_not_have(unit_directory: Path) -> None:
    assert exposure(unit_directory, f"{NAME}-pace.service") <= PACE_CEILING


@pytest.mark.parametrize(
    ("result", "seconds"),
    [
        ("success", None),
        ("", None),
        ("exit-code", "5"),
        ("resources", "5"),
        ("protocol", "5"),
        ("timeout", "5"),
        ("signal", "1"),
        ("core-dump", "1"),
        ("watchdog", "1"),
        ("oom-kill", "1"),
    ],
)
def test_a_failure_is_followed_by_a_pause(result: str, seconds: str | None, tmp_path: Path) -> None:
    """The socket starts the service as soon as it has ended: without a pause a broken one would start all the time."""
    text = (UNITS / f"{NAME}-pace.service").read_text().replace("\\\n", "")
    line = re.search(r"^ExecStart=-/bin/sh -c '(.*)'$", text, re.MULTILINE)
    assert line is not None
    for name, script in {"sleep": 'echo "$1"', "systemctl": f'test "$1" = show && echo "{result}"'}.items():
        stand_in = tmp_path / name
        stand_in.write_text(f"#!/bin/sh\n{script}\n")
        stand_in.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    output = succeed("/bin/sh", "-c", line[1].replace("$$", "$"), environment=environment)
    assert output == ("" if seconds is None else f"{seconds}\n")


# The right to read the counters


def test_the_group_is_made(installed: Path, tmp_path: Path) -> None:
    systemd_sysusers = tool("systemd-sysusers", "systemd")
    (tmp_path / "etc").mkdir()
    succeed(systemd_sysusers, f"--root={tmp_path}", installed / "usr" / "lib" / "sysusers.d" / f"{NAME}.conf")
    assert re.search(r"^pyjoules:", (tmp_path / "etc" / "group").read_text(), re.MULTILINE)
    unit = (UNITS / f"{NAME}.service").read_text()
    assert "\nSupplementaryGroups=pyjoules\n" in unit


def udev_test(action: str, device: str, directory: Path) -> str:
    """What udev says that it would do for a device, where /sys is that of a directory and our rule is the only one."""
    tool("udevadm", "udev")
    if os.geteuid() != 0:
        pytest.skip("only root may mount another /sys for udev to look at")
    script = """
        mount -t tmpfs none /run && mkdir -p /run/udev/rules.d && cp "$1" /run/udev/rules.d &&
        mount --bind "$2/sys" /sys && SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm test --action="$3" "/sys/$4" 2>&1
    """
    words = ("sh", "-c", script, "sh", UNITS / f"60-{NAME}.rules", directory, action, device)
    output = succeed("unshare", "--mount", "--propagation", "private", *words)
    assert "60-pyjoules-exporter.rules" in output, "udev has not read the rule"
    return output


@pytest.mark.parametrize("action", ["add", "change", "remove"])
def test_udev_shows_the_counters_to_the_group(action: str, tmp_path: Path) -> None:
    device = "devices/virtual/powercap/intel-rapl/intel-rapl:0"
    zone = tmp_path / "sys" / device
    zone.mkdir(parents=True)
    (zone / "uevent").touch()
    (zone / "energy_uj").write_text("1\n")
    (zone / "subsystem").symlink_to("../../../../../class/powercap")
    (tmp_path / "sys" / "class" / "powercap").mkdir(parents=True)
    output = udev_test(action, device, tmp_path)
    commands = re.findall(r"^run: '(.*energy_uj)'$", output, re.MULTILINE)
    counter = f"/sys/{device}/energy_uj"
    expected = [f"/bin/chgrp pyjoules {counter}", f"/bin/chmod 0440 {counter}"]
    assert commands == ([] if action == "remove" else expected)


def test_readers_publish_where_only_root_may_write(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    rule = installed / "usr" / "lib" / "tmpfiles.d" / f"{NAME}.conf"
    succeed(tool("systemd-tmpfiles", "systemd"), f"--root={tmp_path}", "--create", rule)
    for directory in ("run/pyjoules-exporter", "run/pyjoules-exporter/feeds"):
        assert stat.S_IMODE((tmp_path / directory).stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("action", "driver"), [("add", "nvidia"), ("bind", "nvidia"), ("bind", "vfio-pci"), ("remove", "nvidia")]
)
def test_udev_starts_the_reader_with_a_gpu(action: str, driver: str, tmp_path: Path) -> None:
    device = "devices/pci0000:00/0000:00:06.0"
    gpu = tmp_path / "sys" / device
    gpu.mkdir(parents=True)
    (gpu / "uevent").write_text(f"DRIVER={driver}\n")
    (gpu / "subsystem").symlink_to("../../../bus/pci")
    (gpu / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")
    (tmp_path / "sys" / "bus" / "pci" / "drivers" / driver).mkdir(parents=True)
    wants = re.findall(r"^SYSTEMD_WANTS=(.*)$", udev_test(action, device, tmp_path), re.MULTILINE)
    assert wants == ([f"{NAME}-nvidia.service"] if driver == "nvidia" and action != "remove" else [])


# What the messages mean


def events() -> dict[str, str]:
    """The identifier of each event, by the name of its case."""
    source = (REPOSITORY / "Sources" / "Log" / "Event.swift").read_text()
    found = dict(re.findall(r'case \.(\w+): "([0-9a-f]{32})"', source))
    assert found
    return found


def event_names() -> dict[str, str]:
    """The name of each event in records, by the name of its case."""
    source = (REPOSITORY / "Sources" / "Log" / "Event.swift").read_text()
    return {case: name or case for case, name in re.findall(r'^    case (\w+)(?: = "(\w+)")?$', source, re.MULTILINE)}


def call(source: str, start: int) -> str:
    """What stands from here to the parenthesis that closes the first one."""
    depth = 0
    for index in range(source.index("(", start), len(source)):
        depth += {"(": 1, ")": -1}.get(source[index], 0)
        if depth == 0:
            return source[start:index]
    raise AssertionError("a parenthesis is not closed")


def reported_fields() -> dict[str, set[str]]:
    """The fields that records of each event can have, by the name of its case, as the calls of `report` give them."""
    fields = {case: set(COMPUTED_FIELDS.get(case, ())) for case in events()}
    for path in (REPOSITORY / "Sources").rglob("*.swift"):
        source = path.read_text()
        for found in re.finditer(r"\breport\(\s*\.(\w+),", source):
            if found[1] in fields:
                keys = re.findall(r'"(\w+)": ', call(source, found.start()))
                fields[found[1]] |= {f"PYJOULES_{key.upper()}" for key in keys}
    return fields


def catalog() -> dict[str, str]:
    """The text of each entry by its identifier."""
    text = (UNITS / f"{NAME}.catalog").read_text()
    parts = re.split(r"^-- ([0-9a-f]{32})$", text, flags=re.MULTILINE)[1:]
    identifiers = parts[::2]
    assert len(set(identifiers)) == len(identifiers), "an entry is there twice"
    return dict(zip(identifiers, parts[1::2], strict=True))


def test_every_event_is_explained_and_nothing_else() -> None:
    by_identifier = {identifier: case for case, identifier in events().items()}
    entries = catalog()
    assert {by_identifier.get(identifier, identifier) for identifier in entries} == set(events())


@pytest.mark.parametrize("case", events())
def test_an_explanation_uses_fields_that_its_records_have(case: str) -> None:
    entry = catalog()[events()[case]]
    subject, _, text = entry.strip().partition("\n\n")
    assert re.search(r"^Subject: \S", subject, re.MULTILINE)
    assert f"\nDefined-By: {NAME}\n" in subject
    assert text
    assert set(re.findall(r"@(\w+)@", entry)) <= reported_fields()[case]


def test_journalctl_reads_the_catalog(installed: Path, tmp_path: Path) -> None:
    journalctl = tool("journalctl", "systemd")
    directory = tmp_path / "usr" / "lib" / "systemd" / "catalog"
    directory.mkdir(parents=True)
    shutil.copy(installed / "usr" / "lib" / "systemd" / "catalog" / f"{NAME}.catalog", directory)
    succeed(journalctl, f"--root={tmp_path}", "--update-catalog")
    listed = succeed(journalctl, f"--root={tmp_path}", "--list-catalog")
    assert {line.split()[0] for line in listed.splitlines()} == set(events().values())


def test_every_event_and_its_fields_are_documented() -> None:
    text = (REPOSITORY / "docs" / "journal.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| [\w, ]+ \|(.*)\| `([0-9a-f]{32})` \|$", text, re.MULTILINE)
    documented = {name: (set(re.findall(r"`(\w+)`", fields)), identifier) for name, fields, identifier in rows}
    names, fields = event_names(), reported_fields()
    assert documented == {names[case]: (fields[case], identifier) for case, identifier in events().items()}


# The manual page


def help_of(*command: str) -> str:
    return succeed(BINARY, *command, "--help")


def options_of(command: str) -> set[str]:
    options = set(re.findall(r"^  (?:-\w, )?(--[\w.-]+)", help_of(*command.split()), re.MULTILINE))
    assert options
    return options


def commands(*above: str) -> list[str]:
    """Those that do something, with the names above them: `reader nvidia`."""
    listed = help_of(*above).partition("\nSUBCOMMANDS:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^  ([a-z]+)", listed, re.MULTILINE)
    return [command for name in names for command in commands(*above, name) or [" ".join([*above, name])]]


@pytest.fixture(scope="module")
def manual_page(installed: Path) -> Path:
    return installed / "usr" / "share" / "man" / "man1" / f"{NAME}.1"


def shown(page: Path) -> subprocess.CompletedProcess[str]:
    environment = {"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""}
    return run(tool("man", "man-db"), "--warnings=w", "-E", "UTF-8", "-l", page, environment=environment)


@pytest.mark.parametrize("name", [f"man1/{NAME}.1", f"man5/{NAME}-web.yml.5"])
def test_a_manual_page_is_free_of_warnings(installed: Path, name: str) -> None:
    page = installed / "usr" / "share" / "man" / name
    result = shown(page)
    assert result.returncode == 0, result
    assert result.stderr == ""
    assert not re.search(r"@[A-Z]+@", page.read_text()), "a place of the template is left"


def test_the_manual_page_of_the_web_configuration_has_every_key(installed: Path) -> None:
    """Those that the document shows, which is where they are told of at length."""
    text = (installed / "usr" / "share" / "man" / "man5" / f"{NAME}-web.yml.5").read_text().replace("\\-", "-")
    document = (REPOSITORY / "docs/web-configuration.md").read_text()
    (example,) = re.findall(r"```yaml\n(tls_server_config.*?)```", document, re.DOTALL)
    keys = re.findall(r"^ *([\w-]+):", example, re.MULTILINE)
    assert len(keys) > 20
    assert [key for key in keys if key != "prometheus" and key.lower() not in text.lower()] == []


def test_the_manual_page_tells_every_option_of_every_command(manual_page: Path) -> None:
    text = re.sub(r".\x08", "", shown(manual_page).stdout)
    sections = dict(re.findall(r"^COMMAND ([\w ]+)\n(.*?)^(?=\S)", text, re.MULTILINE | re.DOTALL))
    assert {"serve", "measure", "reader nvidia"} <= set(commands())
    assert list(sections) == [command.upper() for command in commands()]
    for command in commands():
        told = set(re.findall(r"^       (?:-\w, )?(--[\w.-]+)", sections[command.upper()], re.MULTILINE))
        assert told == options_of(command), command


def test_a_terminal_and_a_pipe_build_the_same() -> None:
    """Colours are flags of the compiler: a terminal and a pipe each built everything anew after the other."""
    targets = ("build", "unit", "unit-asan", "bench-programs")
    commands = succeed("make", "--directory", REPOSITORY, "--dry-run", *targets).splitlines()
    builds = [command for command in commands if command.startswith("swift build")]
    assert len(builds) >= len(targets)
    assert all("--no-color-diagnostics" in build for build in builds), builds


# The Debian package


def build_package(directory: Path) -> Path:
    """The package, found without errors by lintian; compressed in little time, since its size does not matter here."""
    for name, debian in [("dpkg-buildpackage", "dpkg-dev"), ("dh", "debhelper"), ("lintian", "lintian")]:
        tool(name, debian)
    quick = {"DPKG_DEB_COMPRESSOR_LEVEL": "0", "DEB_DIRECTORY": str(directory)}
    result = run(REPOSITORY / "scripts" / "deb.sh", BINARY, environment=quick, seconds=PACKAGING_SECONDS)
    assert result.returncode == 0, result
    assert "E: " not in result.stdout, result.stdout
    return Path(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def symbols(package: Path) -> Path:
    return symbols_of(package)


def symbols_of(package: Path) -> Path:
    """The package of its debug symbols, which is built with it."""
    return package.with_name(package.name.replace(NAME, f"{NAME}-dbgsym", 1))


def test_built_twice_the_packages_are_the_same(package: Path, symbols: Path, tmp_path: Path) -> None:
    again = build_package(tmp_path)
    assert again.read_bytes() == package.read_bytes()
    assert symbols_of(again).read_bytes() == symbols.read_bytes()


@pytest.fixture(scope="module")
def debug_file(package: Path, symbols: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The debug symbols where debuggers look for them: by the identity of the program that is packaged."""
    root = tmp_path_factory.mktemp("symbols")
    for file in (package, symbols):
        succeed("dpkg-deb", "--extract", file, root)
    notes = succeed(tool("readelf", "binutils"), "--notes", root / "usr" / "bin" / NAME)
    identity = re.search(r"Build ID: (\w\w)(\w+)", notes)
    assert identity is not None, notes
    return root / "usr" / "lib" / "debug" / ".build-id" / identity[1] / f"{identity[2]}.debug"


@pytest.mark.parametrize(
    ("symbol", "words"),
    [("$s7Metrics8RegistryV10familyListSSyF", "public func familyList()"), ("clinux_accept", "int clinux_accept(")],
    ids=["Swift", "C"],
)
def test_an_address_of_the_packaged_program_is_a_line_of_the_sources(debug_file: Path, symbol: str, words: str) -> None:
    """With the package of symbols, by which the crash of a stripped program is read."""
    listed = succeed(tool("nm", "binutils"), "--defined-only", debug_file)
    address = re.search(rf"^(\w+) [tT] {re.escape(symbol)}$", listed, re.MULTILINE)
    assert address is not None
    file, line = succeed("addr2line", "--exe", debug_file, address[1]).strip().split(":")
    assert words in (REPOSITORY / file).read_text().splitlines()[int(line) - 1], f"{file}:{line}"


def test_the_symbols_do_not_say_where_it_was_built(debug_file: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    succeed(tool("objcopy", "binutils"), "--decompress-debug-sections", debug_file, plain)
    assert str(REPOSITORY).encode() not in plain.read_bytes()


def test_a_release_names_the_key_that_it_lacks(tmp_path: Path) -> None:
    script = REPOSITORY / "scripts" / "release.sh"
    environment = {"GNUPGHOME": str(tmp_path), "RELEASE_KEY": ""}
    result = run(script, tmp_path / "apt", "a.deb", environment=environment)
    assert result.returncode == 64 and "gpg --list-secret-keys" in result.stderr
    tool("gpg", "gnupg")
    tmp_path.chmod(0o700)
    result = run(script, tmp_path / "apt", "a.deb", environment={**environment, "RELEASE_KEY": "nobody@example.org"})
    assert result.returncode == 1 and "'nobody@example.org' is no secret key" in result.stderr
    assert not (tmp_path / "apt").exists()


def test_the_package_has_what_install_installs(package: Path, tmp_path: Path) -> None:
    succeed("dpkg-deb", "--extract", package, tmp_path)
    # Where Debian 12 has units, rules and zsh's completions; compressed; and what every package has.
    expected = {
        name.replace("usr/lib/systemd/system", "lib/systemd/system")
        .replace("usr/lib/udev", "lib/udev")
        .replace("zsh/site-functions", "zsh/vendor-completions")
        .replace(f"{NAME}.1", f"{NAME}.1.gz")
        .replace("-web.yml.5", "-web.yml.5.gz")
        for name in INSTALLED | CONFIGURATION
    }
    own = {f"usr/share/doc/{NAME}/{name}" for name in ("changelog.gz", "copyright")}
    assert files_under(tmp_path) == expected | own


def test_the_package_is_the_programs_version(package: Path) -> None:
    version = succeed(BINARY, "--version").split()[1]
    assert succeed("dpkg-deb", "--field", package, "Version").strip() == version
    architecture = succeed("dpkg", "--print-architecture").strip()
    assert package.name == f"{NAME}_{version}_{architecture}.deb"


def test_options_survive_an_upgrade_of_the_package(package: Path, tmp_path: Path) -> None:
    succeed("dpkg-deb", "--control", package, tmp_path)
    assert (tmp_path / "conffiles").read_text() == f"/etc/default/{NAME}\n"


def test_an_upgrade_restarts_the_service_and_not_the_socket(package: Path, tmp_path: Path) -> None:
    succeed("dpkg-deb", "--control", package, tmp_path)
    script = (tmp_path / "postinst").read_text()
    assert re.findall(r"deb-systemd-invoke (\S+) '(\S+)'", script) == [
        ("$_dh_action", f"{NAME}.service"),
        ("start", f"{NAME}.socket"),
        *[("$_dh_action", f"{NAME}-{reader}.service") for reader in READER_CEILINGS],
    ]
    # On removal the socket goes first: otherwise a scrape would start the service again.
    removal = (tmp_path / "prerm").read_text()
    assert re.findall(r"deb-systemd-invoke (\S+) '(\S+)'", removal) == [
        *[("stop", f"{NAME}-{reader}.service") for reader in reversed(READER_CEILINGS)],
        ("stop", f"{NAME}.socket"),
        ("stop", f"{NAME}.service"),
    ]
    assert not (tmp_path / "preinst").exists(), "something happens before the new version is there"


def test_the_package_depends_on_the_libraries_it_is_linked_with(package: Path) -> None:
    depends = succeed("dpkg-deb", "--field", package, "Depends")
    assert re.search(r"\blibsystemd0\b", depends)
    assert re.search(r"\blibc6\b", depends)
    # Opened by name when TLS is asked for, so the linker does not know of it.
    assert re.search(r"\blibssl3\b", succeed("dpkg-deb", "--field", package, "Recommends"))
