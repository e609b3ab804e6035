"""What the rows have in common: the programs that are measured, a client, and what the kernel knows of a process.

Everything that is started here is a context manager, so that nothing outlives the row that needed it.
"""

from __future__ import annotations

import base64
import importlib.util
import math
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BINARY = Path(os.environ.get("PYJOULES_EXPORTER", ROOT / ".build" / "release" / "pyjoules-exporter"))
# Of the counters that move; the exporter believes twice as much.
MOVING_LIMIT_WATTS = 300
TREE_PROGRAM = ROOT / "Tests" / "EndToEnd" / "support" / "powercap_tree.py"
GPU_PROGRAM = TREE_PROGRAM.with_name("fake_nvml.py")

# What `make bench-smoke` builds beside it.
TABLE_PROBE = ROOT / ".build" / "release" / "TableProbe"

HOST = "127.0.0.1"
NAME = "localhost"
START_SECONDS = 30.0
IO_SECONDS = 5.0

# What the surroundings of a run must not decide for the exporter.
FOREIGN_VARIABLES = (
    "EXPORTER_PORT",
    "EXPORTER_RESOLUTION_SECONDS",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "SCRAPE_INTERVAL_SECONDS",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
)

# A page for every pass over the counters, as many as there can be: what making pages costs is seen, and nothing waits.
FINEST_RESOLUTION = {"EXPORTER_RESOLUTION_SECONDS": "0.001"}


class Skip(Exception):
    """This machine cannot take a measurement; the text says what is missing."""


class Failure(Exception):
    """A measurement went wrong in a way that no figure can express."""


def need(tool: str) -> str:
    """The path of a program that a row cannot do without."""
    path = shutil.which(tool)
    if path is None:
        raise Skip(f"{tool} is not installed")
    return path


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Polls until the condition holds; not reaching it in time is a failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"no {what} within {seconds:g} s")
        time.sleep(0.01)


# Access

# A user of the web configuration file and its password, as `htpasswd -nbBC 10` hashes it.
USER = "bench"
PASSWORD = "watts"
PASSWORD_HASH = "$2y$10$sXa8PbjCCGuP4Z0F//KKEeuPFExUtJzhQVft.woiOIkvYTfuHP2.u"
AUTHORIZATION = f"Authorization: Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


@dataclass(frozen=True)
class Certificate:
    """A server's certificate that vouches for itself, and its key."""

    kind: str
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """A client's side that trusts nothing but this certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))


@dataclass(frozen=True)
class Access:
    """How a server wants to be spoken to."""

    certificate: Certificate | None = None
    needs_password: bool = False

    def configuration(self) -> str:
        """The web configuration file that makes the exporter want this."""
        lines = []
        if self.certificate is not None:
            lines += ["tls_server_config:", f"  cert_file: {self.certificate.certificate}"]
            lines += [f"  key_file: {self.certificate.key}", "  min_version: TLS13"]
        if self.needs_password:
            lines += ["basic_auth_users:", f"  {USER}: {PASSWORD_HASH}"]
        return "".join(f"{line}\n" for line in lines)

    @property
    def scheme(self) -> str:
        return "http" if self.certificate is None else "https"


OPEN = Access()


# Files

# How `openssl req` is told of each kind of key.
KEYS = {
    "ECDSA P-256": ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    "RSA 2048": ("rsa:2048",),
}


@dataclass(frozen=True)
class Workshop:
    """A temporary directory in which the C programs are compiled, each at most once."""

    directory: Path

    def compile(self, name: str, *options: str) -> Path:
        """The program, or with `-shared` the library, made from Benchmarks/`name`.c."""
        output = self.directory / name
        if not output.exists():
            source = HERE / f"{name}.c"
            warnings = ["-Wall", "-Wextra", "-Werror"]
            subprocess.run([need("cc"), "-O2", *warnings, "-o", output, source, *options], check=True)
        return output

    def certificate(self, kind: str) -> Certificate:
        """A certificate for `NAME` with one of the `KEYS`, made once."""
        base = self.directory / kind.replace(" ", "-")
        made = Certificate(kind, base.with_suffix(".crt"), base.with_suffix(".key"))
        if not made.certificate.exists():
            command = [need("openssl"), "req", "-x509", "-newkey", *KEYS[kind], "-noenc", "-days", "2"]
            command += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
            command += ["-keyout", made.key, "-out", made.certificate]
            subprocess.run(command, check=True, capture_output=True)
        return made

    def new_directory(self, prefix: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=self.directory))

    @contextmanager
    def tree(self, machine: str = "laptop") -> Iterator[Path]:
        """A fake sysfs of a laptop with five domains, of `two_sockets` with eight, or of `many_sockets` with 34.

        Its counters move, since one that never does is taken off the page, but so seldom that it costs next to nothing.
        """
        root = self.new_directory("sysfs")
        with moved(root, machine, "--step-seconds", "0.02"):
            yield root

    def cgroups(self, slices: int, units: int) -> list[str]:
        """A fake tree of cgroups that stand still, as the options that name it and the processors' times."""
        root, procfs = self.new_directory("cgroup"), self.new_directory("proc")
        (root / "cgroup.controllers").touch()
        for number in range(slices):
            _add_cgroup(root / f"s{number}.slice")
        for number in range(units):
            _add_cgroup(root / f"s{number % slices}.slice" / f"u{number}.service")
        times = "0 0 0 0 0 0 0 0 0 0\n"
        (procfs / "stat").write_text(f"cpu  {times}cpu0 {times}cpu1 {times}intr 0\n")
        return ["--path.cgroupfs", str(root), "--path.procfs", str(procfs)]

    @contextmanager
    def fed_gpus(self, count: int) -> Iterator[list[str]]:
        """GPUs that are published each second as their reader does it, as the option that names the directory."""
        directory = self.new_directory("feeds")
        directory.chmod(0o755)
        ended = threading.Event()

        def publish() -> None:
            start = time.monotonic()
            while True:
                _publish_gpus(directory, count, start)
                if ended.wait(1):
                    return

        publisher = threading.Thread(target=publish)
        publisher.start()
        try:
            yield ["--path.feeds", str(directory)]
        finally:
            ended.set()
            publisher.join()

    @contextmanager
    def kernel_cgroups(self, units: int) -> Iterator[list[str]]:
        """So many cgroups of the kernel's in a slice of their own, as the options by which the exporter sees them.

        Reading a file of the kernel's takes several times as long as one that only looks like it."""
        found = subprocess.run(
            ["findmnt", "--noheadings", "--first-only", "--types", "cgroup2", "--output", "TARGET"],
            capture_output=True,
            text=True,
        ).stdout.strip()
        if not found or Path(found, "cgroup.type").exists():
            raise Skip("no cgroups of version 2 are mounted here from their root on")
        place = Path(found, f"pyjoulesbench{os.getpid()}.slice")
        try:
            place.mkdir()
        except OSError as error:
            raise Skip(f"no cgroup can be made in {found}: {error}") from error
        groups = [place / f"u{number}.service" for number in range(units)]
        try:
            for group in groups:
                group.mkdir()
            yield ["--path.cgroupfs", found]
        finally:
            for group in groups:
                if group.exists():
                    group.rmdir()
            place.rmdir()

    @contextmanager
    def moving_tree(self, limit_watts: int = MOVING_LIMIT_WATTS) -> Iterator[Path]:
        """The laptop with counters that move all the time, and wrap every few seconds."""
        root = self.new_directory("sysfs")
        with moved(root, "wrapping"):
            # A step that comes 50 ms late must be plausible: what is not is a reset, whose log line allocates.
            for limit in root.glob("class/powercap/intel-rapl:*/constraint_0_power_limit_uw"):
                limit.write_text(f"{limit_watts * 1_000_000}\n")
            yield root


@contextmanager
def moved(root: Path, machine: str, *options: str) -> Iterator[float]:
    """Moves the counters of a new tree along their curves, whose time 0 is yielded, on the monotonic clock."""
    command = [sys.executable, TREE_PROGRAM, root, "--machine", machine, "--curve", *options]
    with started(command, stdout=subprocess.PIPE, text=True) as mover:
        words = mover.stdout.readline().split()
        if words[:1] != ["START"]:
            raise Failure("the program that moves the counters did not start")
        yield float(words[1])
        if mover.poll() is not None:
            raise Failure("the program that moves the counters has ended")


@contextmanager
def workshop() -> Iterator[Workshop]:
    with tempfile.TemporaryDirectory(prefix="pyjoules-bench-") as directory:
        yield Workshop(Path(directory))


def counters_of(tree: Path) -> list[Path]:
    """The counter files that the exporter reads, in a fixed order."""
    return sorted(tree.glob("class/powercap/intel-rapl:*/energy_uj"))


def tree_module() -> ModuleType:
    """powercap_tree.py, which knows the machines."""
    return _module_of(TREE_PROGRAM)


def gpu_module() -> ModuleType:
    """fake_nvml.py, which has GPUs that do not exist."""
    return _module_of(GPU_PROGRAM)


def _module_of(program: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(program.stem, program)
    module = importlib.util.module_from_spec(specification)
    sys.modules[program.stem] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


# Programs


@contextmanager
def started(command: Sequence[str | Path], **options) -> Iterator[subprocess.Popen]:
    """A child process that is ended, politely first, when the block is left."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True)
class Server:
    """A running HTTP server on loopback; `pid` is the process that answers."""

    name: str
    pid: int
    port: int
    access: Access = OPEN
    # Its failed requests are counted; those of any other server end the measurement.
    may_fail: bool = False

    def client(self, *headers: str, **options) -> Client:
        """A connection that is spoken to as the server wants it."""
        return Client(self.port, *headers, access=self.access, **options)

    def clients(self, count: int) -> AbstractContextManager[list[Client]]:
        """That many kept connections."""
        return clients(self.port, count, self.access)

    def scrape(self) -> bytes:
        """One scrape on a connection of its own."""
        with self.client() as client:
            return client.scrape()


def exporter_command(tree: Path, port: int, host: str = HOST, binary: Path = BINARY) -> list[str | Path]:
    """The exporter over a fake sysfs, as it is by default."""
    if not binary.exists():
        raise Failure(f"{binary} is missing: make build, or set PYJOULES_EXPORTER")
    return [binary, "--web.listen-address", f"{host}:{port}", "--path.sysfs", tree, "--log.format", "logfmt"]


def own_environment() -> dict[str, str]:
    """That of this run, without what must not decide anything for the exporter."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}


@contextmanager
def exporter(
    tree: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    access: Access = OPEN,
    host: str = HOST,
    binary: Path = BINARY,
    launcher: Sequence[str | Path] = (),
) -> Iterator[Server]:
    """The exporter over a fake sysfs, on every address if `host` is empty, run by a `launcher` that becomes it.

    Its log goes to a file beside the tree, so that no reader can slow it down."""
    log = tree.with_suffix(".log")
    if access != OPEN:
        configuration = tree.with_suffix(".yml")
        configuration.write_text(access.configuration())
        options = ("--web.config.file", str(configuration), *options)
    command = [*launcher, *exporter_command(tree, 0, host, binary), *options]
    variables = {**own_environment(), **FINEST_RESOLUTION, **(environment or {})}
    with log.open("wb") as stderr, started(command, env=variables, stderr=stderr) as process:
        port = await_port(process, lambda: re.search(r"event=listening .*address=\S+:(\d+)", log.read_text()))
        server = Server("exporter", process.pid, port, access)
        wait_until(lambda: value_of(server.scrape(), "pyjoules_samples_total") > 0, "first sample")
        yield server
        if process.poll() is not None:
            raise Failure(f"the exporter ended with {process.returncode}: {log.read_text()[-2000:]}")


@contextmanager
def constant_server(workshop: Workshop, response: bytes) -> Iterator[Server]:
    """The bare C server, with a response that it sends."""
    file = workshop.new_directory("constant") / "response"
    file.write_bytes(response)
    with started([workshop.compile("constant_server"), file], stdout=subprocess.PIPE) as process:
        port = int(process.stdout.readline().split()[1])
        yield Server("bare C", process.pid, port)


# Session tickets are on by default, and resume without memory in the server, as the exporter's do.
NGINX_TLS = """\
 ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate {certificate};
        ssl_certificate_key {key}"""

NGINX_CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    default_type "text/plain; version=0.0.4; charset=utf-8";
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen {host}:{port}{tls};
        root pages;
    }}
}}
"""


@contextmanager
def nginx(workshop: Workshop, page: bytes, certificate: Certificate | None = None) -> Iterator[Server]:
    """nginx with one worker, serving the page as a static file, in the clear or by TLS."""
    program = need("nginx")
    prefix = workshop.new_directory("nginx")
    (prefix / "pages").mkdir()
    (prefix / "pages" / "metrics").write_bytes(page)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    tls = ""
    if certificate is not None:
        tls = NGINX_TLS.format(certificate=certificate.certificate, key=certificate.key)
    (prefix / "nginx.conf").write_text(NGINX_CONFIGURATION.format(user=user, host=HOST, port=port, tls=tls))
    command = [program, "-p", prefix, "-c", "nginx.conf", "-e", "error.log"]
    with started(command) as process:
        await_port(process, lambda: port if accepts(port) else None)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_until(lambda: bool(children.read_text()), "worker of nginx")
        yield Server("nginx", int(children.read_text().split()[0]), port, Access(certificate))


def await_port(process: subprocess.Popen, find: Callable[[], re.Match[str] | int | None]) -> int:
    """What `find` finds, once it finds it."""
    deadline = time.monotonic() + START_SECONDS
    while (found := find()) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{Path(process.args[0]).name} does not listen (exit status {process.poll()})")
        time.sleep(0.01)
    return found if isinstance(found, int) else int(found[1])


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Load:
    """What a load generator got done, and the server's processor time for each request."""

    per_second: float
    microseconds_each: float
    # The time that 99 of 100 requests took at most.
    p99_milliseconds: float = math.nan
    failed: int = 0


def wrk(server: Server, connections: int, seconds: float, path: str = "/metrics", headers: Sequence[str] = ()) -> Load:
    """The load of `wrk` with one thread. A response that is not 200 is a failure."""
    command = [need("wrk"), "--latency", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    command += [word for header in headers for word in ("-H", header)]
    before = processor_nanoseconds(server.pid)
    command.append(f"{server.access.scheme}://{HOST}:{server.port}{path}")
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = processor_nanoseconds(server.pid) - before
    failed = sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", report)))
    if failed and not server.may_fail:
        raise Failure(f"wrk with {connections} connections: {report}")
    requests = int(re.search(r"(\d+) requests in", report)[1])
    if requests == 0:
        raise Failure(f"wrk with {connections} connections got no answer")
    slow, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\n", report).groups()
    return Load(
        float(re.search(r"Requests/sec:\s+([\d.]+)", report)[1]),
        spent / requests / 1000,
        float(slow) * MILLISECONDS[unit],
        failed,
    )


# The units in which wrk prints a time.
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}

HANDSHAKE_THREADS = 4


def handshakes(workshop: Workshop, server: Server, kind: str, seconds: float) -> Load:
    """TLS connections with one small request each, of the `kind` full or resumed; see tls_handshakes.c."""
    program = workshop.compile("tls_handshakes", "-pthread", "-lssl", "-lcrypto")
    certificate = server.access.certificate.certificate
    command = [program, str(server.port), certificate, str(HANDSHAKE_THREADS), f"{seconds:g}", kind]
    before = processor_nanoseconds(server.pid)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + START_SECONDS)
    spent = processor_nanoseconds(server.pid) - before
    if done.returncode != 0:
        raise Failure(f"{kind} handshakes with {server.name}: {done.stderr}")
    count = int(done.stdout)
    return Load(count / seconds, spent / count / 1000)


# A client


class Client:
    """A keep-alive connection that scrapes /metrics, or another path, with further headers."""

    def __init__(
        self, port: int, *headers: str, access: Access = OPEN, path: str = "/metrics", source: str = HOST
    ) -> None:
        lines = [f"GET {path} HTTP/1.1", f"Host: {NAME}", *headers]
        if access.needs_password:
            lines.append(AUTHORIZATION)
        self._request = "".join(f"{line}\r\n" for line in [*lines, ""]).encode()
        self.socket = socket.create_connection((HOST, port), IO_SECONDS, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if access.certificate is not None:
            self.socket = access.certificate.context().wrap_socket(self.socket, server_hostname=NAME)
        self._rest = b""
        self.head = b""

    def scrape(self) -> bytes:
        """The page; anything but a complete response with status 200 is a failure."""
        self.ask()
        return self.receive()

    def ask(self) -> None:
        self.socket.sendall(self._request)

    def receive(self) -> bytes:
        """The body of the next response."""
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive_some()
        head = data[:end]
        if not re.match(rb"HTTP/1\.[01] 200 ", head):
            raise Failure(f"the answer to a scrape is {head[:200]!r}")
        self.head = head
        end += 4
        length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1])
        while len(data) < end + length:
            data += self._receive_some()
        self._rest = data[end + length :]
        return data[end : end + length]

    def _receive_some(self) -> bytes:
        data = self.socket.recv(1 << 18)
        if not data:
            raise Failure("the server closed the connection instead of answering a scrape")
        return data

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@dataclass(frozen=True)
class Form:
    """One form of the page: an exposition format, plain or compressed."""

    name: str
    type: str
    is_gzip: bool

    @property
    def headers(self) -> tuple[str, str]:
        """What a client that wants this form says."""
        return f"Accept: {self.type}", f"Accept-Encoding: {'gzip' if self.is_gzip else 'identity'}"

    def client(self, server: Server) -> Client:
        """A client that asks for this form, and was given it once."""
        client = server.client(*self.headers)
        client.scrape()
        type = re.search(rb"(?i)\r\ncontent-type: *([^;\r]*)", client.head)[1].decode()
        is_gzip = re.search(rb"(?i)\r\ncontent-encoding: *gzip", client.head) is not None
        if (type, is_gzip) != (self.type.partition(";")[0], self.is_gzip):
            raise Failure(f"the answer to a client that wants {self} is {client.head!r}")
        return client

    def __str__(self) -> str:
        return f"{self.name}, gzip" if self.is_gzip else self.name


FORMS = [
    Form(name, type, is_gzip)
    for name, type in (
        ("text", "text/plain;version=0.0.4"),
        ("OpenMetrics", "application/openmetrics-text;version=1.0.0"),
        (
            "protobuf",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        ),
    )
    for is_gzip in (False, True)
]


@contextmanager
def clients(port: int, count: int, access: Access = OPEN) -> Iterator[list[Client]]:
    """That many kept connections."""
    with ExitStack() as stack:
        yield [stack.enter_context(Client(port, access=access)) for _ in range(count)]


STALLED_RECEIVE_BYTES = 4096
# More than the kernel takes for a client with so small a buffer, so that the last page is on its way.
STALLED_REQUESTS = 2


@contextmanager
def stalled_readers(server: Server, count: int) -> Iterator[None]:
    """That many clients that ask for pages and read nothing of them."""
    request = f"GET /metrics HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode() * STALLED_REQUESTS
    with ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_RECEIVE_BYTES)
            client.connect((HOST, server.port))
            client.sendall(request)
        yield


def scrape_in_turn(opened: Sequence[Client], scrapes: int) -> None:
    """At least that many scrapes, with one under way on each connection at a time."""
    for _ in range(-(-scrapes // len(opened))):
        for client in opened:
            client.ask()
        for client in opened:
            client.receive()


def value_of(page: bytes, series: str, label: str = "") -> float:
    """The sum over all label values of one series of a page in the text format, or over those with one `label`."""
    labels = rb"\{[^}]*%s[^}]*\}" % label.encode() if label else rb"(?:\{[^}]*\})?"
    lines = re.findall(rb"^%s%s (\S+)$" % (series.encode(), labels), page, re.MULTILINE)
    if not lines:
        raise Failure(f"no {series} with {label or 'any labels'} on the page")
    return sum(map(float, lines))


# A family that the other formats show by an option only.
ONLY_IN_PROTOBUF = "pyjoules_power_watts"


def whole_page(server: Server) -> bytes:
    """The exporter's page once two samples are in: from then on it shows power, too."""
    wait_until(lambda: value_of(server.scrape(), "pyjoules_samples_total") >= 2, "second sample")
    return server.scrape()


def whole_response(server: Server) -> bytes:
    """The same with the head that the exporter sends before it."""
    whole_page(server)
    with Client(server.port) as client:
        page = client.scrape()
        return client.head + b"\r\n\r\n" + page


def paths_of_the_whole_page(page: bytes) -> tuple[str, str]:
    """Of a page that is made for its request, since all families are named, and of the one that scrapes share, by a
    query of the same length that means nothing."""
    families = [*re.findall(r"^# TYPE (\S+) ", page.decode(), re.MULTILINE), ONLY_IN_PROTOBUF]
    made = "/metrics?" + "&".join(f"name%5B%5D={family}" for family in families)
    return made, made.replace("name%5B%5D", "none%5B%5D")


# A process, as the kernel sees it


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """It does nothing meanwhile: what another process costs depends on whether this one has just woken a processor."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def processor_nanoseconds(pid: int) -> int:
    """Processor time of a process so far, in user and kernel mode, with the threads that have ended."""
    return time.clock_gettime_ns(~pid << 3 | SCHEDULER_CLOCK)


# A process's clock has its inverted number above the three bits that say what is counted. See clock_getcpuclockid(3).
SCHEDULER_CLOCK = 2


def status_of(pid: int, field: str, file: str = "status") -> int:
    """A number from /proc/PID/status, such as Threads or (in KiB) VmRSS, or from another file that is written so."""
    status = Path(f"/proc/{pid}/{file}").read_text()
    return int(re.search(rf"^{field}:\s+(\d+)", status, re.MULTILINE)[1])


@contextmanager
def trace_of(pid: int, output: Path) -> Iterator[Path]:
    """The system calls of a process while the block runs, one a line, descriptors with what they are."""
    log = output.with_suffix(".err")
    with (
        log.open("wb") as stderr,
        started([need("strace"), "-y", "-p", str(pid), "-o", output], stderr=stderr) as tracer,
    ):
        wait_until(lambda: "attached" in log.read_text() or tracer.poll() is not None, "strace")
        if tracer.poll() is not None:
            raise Skip(f"strace: {log.read_text().strip()}")
        yield output
        tracer.send_signal(signal.SIGINT)
        tracer.wait(START_SECONDS)


@dataclass
class Counted:
    """An exporter whose instructions in user mode are counted, from `begin` to `end`."""

    server: Server
    output: Path
    instructions: int = 0

    def begin(self) -> None:
        self._dump()

    def end(self) -> None:
        self.instructions = self._dump()

    def functions(self) -> list[str]:
        """Those of which an instruction ran until `end`, by the names that the linker knows."""
        dump = self._latest()
        names = dict(re.findall(r"^c?fn=\((\d+)\) (.+)$", dump, re.MULTILINE))
        ran = []
        is_of_callee = False
        for line in dump.splitlines():
            if started := re.match(r"fn=\((\d+)\)", line):
                name = names[started[1]]
            elif line.startswith("calls="):
                is_of_callee = True
            elif re.match(r"[-+*\d]", line):
                if not is_of_callee:
                    ran.append(name)
                is_of_callee = False
        # Callgrind tells apart how deep a function has called itself, and puts other things where there is no name.
        return list(dict.fromkeys(name.partition("'")[0] for name in ran if re.match(r"[$_a-z]", name, re.IGNORECASE)))

    def _dump(self) -> int:
        """What was counted since the last time."""
        subprocess.run(["callgrind_control", "--dump", str(self.server.pid)], check=True, capture_output=True)
        return int(re.search(r"^totals: (\d+)$", self._latest(), re.MULTILINE)[1])

    def _latest(self) -> str:
        dumps = self.output.parent.glob(f"{self.output.name}.*")
        return max(dumps, key=lambda path: int(path.suffix[1:])).read_text()


@contextmanager
def counted_exporter(workshop: Workshop, tree: Path, *options: str) -> Iterator[Counted]:
    """The exporter under callgrind. Without its debugging information, which valgrind cannot read, and without its
    sandbox, which does not let valgrind work; everything else is the program as it is."""
    need("valgrind")
    binary = workshop.directory / "exporter"
    if not binary.exists():
        subprocess.run([need("objcopy"), "--strip-debug", BINARY, binary], check=True)
    output = workshop.new_directory("callgrind") / "out"
    launcher = ["valgrind", "--tool=callgrind", "--quiet", "--demangle=no", f"--callgrind-out-file={output}"]
    with exporter(tree, "--no-sandbox", *options, binary=binary, launcher=launcher) as server:
        yield Counted(server, output)


def _publish_gpus(directory: Path, count: int, start: float) -> None:
    """One publication of GPUs that use 300 W each, with 50 samples."""
    now = time.monotonic()
    lines = ["pyjoules-feed 1", "reader name=gpus period=1"]
    for number in range(count):
        name = f"id=GPU-{number:08d}-76fa-985f-0000-000000000000"
        lines.append(
            f"counter {name} domain=gpu_{number} kind=gpu unit=1000 raw={int((now - start) * 300_000)} at={now:.9f}"
            f" spread=0.003 update=0.1 bound=1400 vendor=nvidia pci_bus_id=00000000:{number:02d}:00.0"
        )
        lines.append(f"samples {name} every=0.02 until={now:.9f} watts={','.join(['300.125'] * 50)}")
    temporary = directory / ".gpus.feed.tmp"
    temporary.write_text("\n".join([*lines, "end", ""]))
    temporary.rename(directory / "gpus.feed")


def _add_cgroup(directory: Path) -> None:
    directory.mkdir()
    (directory / "cpu.stat").write_text("usage_usec 123456\nuser_usec 123456\nsystem_usec 0\n")


class MallocCount:
    """The number of allocations in a process that runs with the preloaded counter."""

    def __init__(self, workshop: Workshop) -> None:
        self._library = workshop.compile("malloc_counter", "-shared", "-fPIC")
        self._file = workshop.new_directory("malloc") / "count"
        self.environment = {"LD_PRELOAD": str(self._library), "MALLOC_COUNTER_FILE": str(self._file)}

    def read(self) -> int:
        """Allocations so far; none at all means that the counter is not in the process."""
        return self._read()[0]

    def read_own(self) -> int:
        """Those of the program itself, and not of a shared library."""
        return self._read()[1]

    def _read(self) -> tuple[int, int]:
        count, own = struct.unpack("QQ", self._file.read_bytes()) if self._file.exists() else (0, 0)
        if own == 0:
            raise Failure("the malloc counter counts nothing: is the binary linked to glibc dynamically?")
        return count, own


class Manager:
    """A stand-in for the service manager: takes notifications from a socket, so that sending them never blocks."""

    def __init__(self, workshop: Workshop, watchdog_seconds: int = 1) -> None:
        path = workshop.new_directory("manager") / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._watchdogs = 0
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(watchdog_seconds * 1_000_000)}
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    @property
    def watchdogs(self) -> int:
        """How often the watchdog has been fed."""
        return self._watchdogs

    def _drain(self) -> None:
        while message := self._socket.recv(4096):
            self._watchdogs += b"WATCHDOG=1" in message

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RD)  # ends the thread: it receives nothing
        self._thread.join()
        self._socket.close()
