"""The protobuf format read back by classes that are generated from Prometheus' own description of it."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, proto

# Where the package golang-github-prometheus-client-model-dev has it.
METRICS_PROTO = Path("/usr/share/gocode/src/github.com/prometheus/client_model/io/prometheus/client/metrics.proto")
LATER_FIELDS_PROTO = Path(__file__).with_name("later_fields.proto")


def missing() -> str | None:
    """What reading protobuf needs and this machine lacks."""
    if shutil.which("protoc") is None:
        return "protoc is not installed (Debian packages protobuf-compiler and libprotobuf-dev)"
    if not METRICS_PROTO.is_file():
        return f"{METRICS_PROTO} is missing (Debian package golang-github-prometheus-client-model-dev)"
    return None


class Messages:
    """The classes of both descriptions, made by protoc in `directory`."""

    def __init__(self, directory: Path) -> None:
        pool = descriptor_pool.DescriptorPool()
        for source in (METRICS_PROTO, LATER_FIELDS_PROTO):
            for description in _compiled(source, directory / f"{source.stem}.descriptors"):
                pool.Add(description)
        self._family = message_factory.GetMessageClass(pool.FindMessageTypeByName("io.prometheus.client.MetricFamily"))
        self._later = message_factory.GetMessageClass(pool.FindMessageTypeByName("pyjoules.later.MetricFamily"))

    def families(self, body: bytes) -> list[Any]:
        """The page's families as `io.prometheus.client.MetricFamily`."""
        return _read(self._family, body)

    def later_fields(self, body: bytes) -> list[Any]:
        """The same families with the fields that came later: their units, and since when their metrics count."""
        return _read(self._later, body)


def native_buckets(histogram: Any) -> Mapping[int, int]:
    """How many values lie in each bucket of a native histogram, by the bucket's number."""
    counts: dict[int, int] = {}
    deltas = iter(histogram.positive_delta)
    number, count = 0, 0
    for span in histogram.positive_span:
        number += span.offset
        for _ in range(span.length):
            count += next(deltas)
            counts[number] = count
            number += 1
    assert next(deltas, None) is None, "more counts than the spans have buckets"
    return counts


def _compiled(source: Path, output: Path) -> list[descriptor_pb2.FileDescriptorProto]:
    """A description, after those that it imports."""
    command = ["protoc", f"--proto_path={source.parent}", "--include_imports", f"--descriptor_set_out={output}"]
    subprocess.run([*command, source.name], check=True)
    return list(descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file)


def _read(kind: type[Any], body: bytes) -> list[Any]:
    """Messages, each after its length, to the end of the body."""
    stream = io.BytesIO(body)
    messages = []
    while (message := proto.parse_length_prefixed(kind, stream)) is not None:
        messages.append(message)
    assert stream.tell() == len(body)
    return messages
