#!/usr/bin/env python3
"""Tests `reader nvidia` on a real GPU, in about a minute: `make test-gpu`. Where there is none it says SKIP and why.

It needs nothing but Python and the driver. While it loads the GPU in bursts, it reads the GPU's counter by itself,
in its own process, and compares what the reader publishes with that. It changes nothing on the GPU.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BURST_SECONDS, REST_SECONDS = 0.2, 0.8
# What the reader may cost of one processor for each GPU: see docs/gpu.md.
MOST_CPU = 1.0
# The counter has a new value each 100 ms, so that two readings of it may be that far apart.
UPDATE_SECONDS = 0.1

# Multiplies and adds in registers, as long as it is told to.
KERNEL = b"""
.version 6.0
.target sm_50
.address_size 64
.visible .entry burn(.param .u64 result, .param .u32 turns) {
    .reg .f32 %f<5>; .reg .u32 %r<2>; .reg .u64 %rd<3>; .reg .pred %p<2>;
    ld.param.u64 %rd1, [result]; ld.param.u32 %r1, [turns]; cvta.to.global.u64 %rd2, %rd1;
    mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f3F7FFFFF; mov.f32 %f3, 0f3F000000; mov.f32 %f4, 0f3F800000;
again:
    fma.rn.f32 %f1, %f1, %f2, %f3; fma.rn.f32 %f4, %f4, %f2, %f3;
    fma.rn.f32 %f1, %f1, %f2, %f3; fma.rn.f32 %f4, %f4, %f2, %f3;
    fma.rn.f32 %f1, %f1, %f2, %f3; fma.rn.f32 %f4, %f4, %f2, %f3;
    fma.rn.f32 %f1, %f1, %f2, %f3; fma.rn.f32 %f4, %f4, %f2, %f3;
    sub.u32 %r1, %r1, 1; setp.ne.u32 %p1, %r1, 0; @%p1 bra again;
    add.f32 %f1, %f1, %f4; st.global.f32 [%rd2], %f1;
    ret;
}
\0"""


class Skip(Exception):
    """There is nothing to be tested here."""


class Failure(Exception):
    """Something is not as it should be."""


def check(condition: bool, text: str) -> None:
    """Says what holds, and ends with what does not."""
    if not condition:
        raise Failure(text)
    print(f"ok: {text}", flush=True)


class Counter:
    """The GPU's own counter, read by this process."""

    def __init__(self, library: str) -> None:
        try:
            self._library = ctypes.CDLL(library)
        except OSError as error:
            raise Skip(f"NVIDIA's library cannot be loaded: {error}") from None
        if code := self._library.nvmlInit_v2():
            raise Skip(f"NVIDIA's library finds no driver (code {code})")
        count = ctypes.c_uint()
        self._library.nvmlDeviceGetCount_v2(ctypes.byref(count))
        if count.value == 0:
            raise Skip("NVIDIA's library finds no GPU")
        self.count = count.value
        self._device = ctypes.c_void_p()
        self._library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self._device))
        text = ctypes.create_string_buffer(96)
        self._library.nvmlDeviceGetUUID(self._device, text, len(text))
        self.uuid = text.value.decode()
        energy = ctypes.c_ulonglong()
        if code := self._library.nvmlDeviceGetTotalEnergyConsumption(self._device, ctypes.byref(energy)):
            raise Skip(f"{self.uuid} has no energy counter (code {code})")

    def joules(self) -> float:
        """Energy since its driver was loaded."""
        energy = ctypes.c_ulonglong()
        if code := self._library.nvmlDeviceGetTotalEnergyConsumption(self._device, ctypes.byref(energy)):
            raise Failure(f"the counter cannot be read any more (code {code})")
        return energy.value / 1000


@dataclass
class Publication:
    """What the reader says of the GPU."""

    at: float
    joules: float
    most_watts: float


def publication(feed: Path, uuid: str) -> Publication | None:
    """What the feed shows of a GPU; nothing while it shows none."""
    try:
        text = feed.read_text()
    except FileNotFoundError:
        return None
    if refused := re.search(rf'^unreadable id={uuid} .*text="([^"]*)"', text, re.MULTILINE):
        raise Failure(f"the reader cannot read {uuid}: {refused[1]}")
    counter = re.search(rf"^counter id={uuid} .*", text, re.MULTILINE)
    if counter is None:
        return None
    values = dict(pair.split("=", 1) for pair in counter[0].split() if "=" in pair)
    samples = re.search(rf"^samples id={uuid} .*watts=(\S+)", text, re.MULTILINE)
    watts = [float(value) for value in samples[1].split(",")] if samples else []
    joules = int(values["raw"]) * float(values["unit"]) / 1e6
    return Publication(float(values["at"]), joules, max(watts, default=0))


def next_publication(feed: Path, uuid: str, after: float = -1, seconds: float = 30) -> Publication:
    """The first that was read after a moment."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = publication(feed, uuid)
        if found is not None and found.at > after:
            return found
        time.sleep(0.005)
    raise Failure(f"the reader has published nothing of {uuid} for {seconds} s")


class Load:
    """Work for the GPU in a process of its own."""

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.text = self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def burn(seconds: float, rest: float) -> None:
    """Loads the GPU until it is ended, or for so long: all its processors for a burst, then a rest."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        print("no load: CUDA's library is not here, so that the GPU idles", flush=True)
        time.sleep(seconds)
        return

    def call(name: str, *arguments: object) -> None:
        if code := getattr(cuda, name)(*arguments):
            raise SystemExit(f"{name} of CUDA's library gives {code}")

    context, module, function, memory = (ctypes.c_void_p() for _ in range(4))
    device = ctypes.c_int()
    call("cuInit", 0)
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuCtxCreate_v2", ctypes.byref(context), 0, device)
    call("cuModuleLoadData", ctypes.byref(module), KERNEL)
    call("cuModuleGetFunction", ctypes.byref(function), module, b"burn")
    call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(4))
    turns = ctypes.c_uint(100_000)
    arguments = (ctypes.c_void_p * 2)(
        ctypes.cast(ctypes.pointer(memory), ctypes.c_void_p), ctypes.cast(ctypes.pointer(turns), ctypes.c_void_p)
    )
    print("loads the GPU", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stop = min(end, time.monotonic() + BURST_SECONDS)
        while time.monotonic() < stop:
            call("cuLaunchKernel", function, 2048, 1, 1, 256, 1, 1, 0, None, arguments, None)
            call("cuCtxSynchronize")
        time.sleep(rest)


def processor_seconds(process: int) -> float:
    """What a process has used of processors up to now."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(counter: Counter, feed: Path, reader: subprocess.Popen[str], seconds: float, most_share: float) -> None:
    """The reader's joules over some time of bursts against those of the counter itself, and what the reader costs."""
    load = Load("--load", str(seconds + 60), "--rest", str(REST_SECONDS))
    print(load.text)
    first = next_publication(feed, counter.uuid, next_publication(feed, counter.uuid).at)
    begin, used = (time.monotonic(), counter.joules()), processor_seconds(reader.pid)
    last, most = first, first.most_watts
    while last.at < first.at + seconds:
        before = last
        last = next_publication(feed, counter.uuid, before.at)
        most = max(most, last.most_watts, (last.joules - before.joules) / (last.at - before.at))
    end, cost = (time.monotonic(), counter.joules()), processor_seconds(reader.pid) - used
    load.end()
    published, direct, span = last.joules - first.joules, end[1] - begin[1], end[0] - begin[0]
    # Each reading has a value that may be one update old, and is some milliseconds after what it is compared with.
    late = abs((end[0] - last.at) - (begin[0] - first.at))
    print(f"in {span:.2f} s the reader published {published:.3f} J and the counter itself moved {direct:.3f} J")
    check(published > 0, "the reader's counter moves")
    check(
        abs(published - direct) <= most * (UPDATE_SECONDS + late),
        f"they are {abs(published - direct):.3f} J apart: at most 100 ms of the {most:.0f} W that it used at most",
    )
    share = cost / span
    text = f"the reader used {100 * share:.2f} % of one processor for {counter.count} GPUs"
    check(share <= most_share * counter.count, text)


def measure(exporter: Path, feeds: Path, counter: Counter, seconds: float) -> None:
    """`measure` of a command that loads the GPU."""
    before = counter.joules()
    # What is published when it begins is up to a second old.
    time.sleep(1.2)
    command = [sys.executable, __file__, "--load", str(seconds), "--rest", "0"]
    report = feeds.parent / "report.csv"
    options = ["--source", "feeds", "--path.feeds", str(feeds), "--format", "csv", "--output", str(report)]
    done = subprocess.run([exporter, "measure", *options, "--", *command], capture_output=True, text=True, timeout=120)
    most = counter.joules() - before
    if done.returncode != 0:
        raise Failure(f"measure ends with {done.returncode}: {done.stderr.strip()}")
    rows = [line.split(",") for line in report.read_text().splitlines()]
    head = next((row for row in rows if "joules" in row), None)
    gpu = next((row for row in rows if "nvidia_gpu_0" in row), None)
    check(head is not None and gpu is not None, "measure shows the GPU")
    assert head is not None and gpu is not None
    joules = float(gpu[head.index("joules")])
    check(0 < joules <= most * 1.01, f"measure gives it {joules:.1f} J, of {most:.1f} J from before to after")


def test(options: argparse.Namespace) -> None:
    counter = Counter(options.library)
    print(f"{counter.count} GPUs; {counter.uuid} is tested")
    with tempfile.TemporaryDirectory() as name:
        feeds = Path(name) / "feeds"
        feeds.mkdir(mode=0o755)
        words = [options.exporter, "reader", "nvidia", "--path.feeds", str(feeds), *options.reader]
        log = Path(name) / "log"
        with log.open("w") as output, subprocess.Popen(words, stderr=output, text=True) as reader:
            try:
                feed = feeds / "nvidia.feed"
                next_publication(feed, counter.uuid)
                status = Path(f"/proc/{reader.pid}/status").read_text()
                check("\nSeccomp:\t2\n" in status, "the reader that reads is in its sandbox")
                compare(counter, feed, reader, options.seconds, options.most_cpu / 100)
                measure(Path(options.exporter), feeds, counter, min(options.seconds, 5))
            finally:
                reader.terminate()
                reader.wait()
                print(log.read_text(), file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exporter", default=str(ROOT / ".build/release/pyjoules-exporter"))
    parser.add_argument("--library", default="libnvidia-ml.so.1", help="NVIDIA's library, for readings of our own")
    parser.add_argument("--seconds", type=float, default=20, help="how long bursts last")
    parser.add_argument("--most-cpu", type=float, default=MOST_CPU, help="of one processor, in percent for each GPU")
    parser.add_argument("--load", type=float, help="only load the GPU for so many seconds")
    parser.add_argument("--rest", type=float, default=0, help="seconds between two bursts")
    parser.add_argument("reader", nargs="*", help="further options of the reader, after --")
    options = parser.parse_args()
    if options.load is not None:
        burn(options.load, options.rest)
        return 0
    try:
        test(options)
    except Skip as reason:
        print(f"SKIP: {reason}")
    except Failure as failure:
        print(f"FAIL: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
