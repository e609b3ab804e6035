#!/usr/bin/env bash
# Builds the image with buildah and tries it with podman, without an engine or a registry: `make container`.
#
#   container.sh build BINARY    from a base that is made of Debian's packages on the first run
#   container.sh check           runs it without root on a tree of counters, scrapes it, asks for its health, weighs it; and with a
#                                second container beside it, which reads GPUs by a library of our own in NVIDIA's place
#
# Everything lies under .build/container, images too. Both need root.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/.build/container
image=localhost/pyjoules-exporter
limit_bytes=$((40 * 1000 * 1000))
port=19091

export BUILDAH_ISOLATION=chroot
export CONTAINERS_STORAGE_CONF=$work/storage.conf
export CONTAINERS_CONF=$work/containers.conf

# In a mount namespace of its own, so that no layer stays mounted when this ends.
if [ -z "${CONTAINER_SCRIPT_IS_INSIDE:-}" ] && [ "$(id -u)" -eq 0 ]; then
    exec unshare --mount --propagation private env CONTAINER_SCRIPT_IS_INSIDE=yes "$0" "$@"
fi

fail() {
    echo "container.sh: $1" >&2
    exit 1
}

# Storage and policies of our own, so that nothing of the machine's is touched.
prepare() {
    [ "$(id -u)" -eq 0 ] || fail "buildah and podman need root here"
    command -v buildah podman mmdebstrap >/dev/null || fail "buildah, podman or mmdebstrap is missing: scripts/deps.sh container"
    mkdir -p "$work"
    cat > "$work/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$work/images"
runroot = "$work/run"
CONF
    cat > "$work/containers.conf" <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
CONF
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' > "$work/policy.json"
}

# The base: a minimal Debian 12, as its image has it.
base() {
    if buildah images --quiet localhost/debian:12 >/dev/null 2>&1; then return; fi
    TMPDIR=$work mmdebstrap --variant=minbase bookworm "$work/base.tar"
    local container
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/base.tar" /
    buildah commit --quiet --signature-policy "$work/policy.json" "$container" localhost/debian:12
    buildah rm "$container" >/dev/null
    rm "$work/base.tar"
}

build() {
    prepare
    base
    install -D --strip "$1" .build/image/pyjoules-exporter
    local version
    version=$("$1" --version | cut -d' ' -f2)
    # Docker's format, since OCI's has no health check.
    buildah build --pull-never --format docker --signature-policy "$work/policy.json" \
        --file deploy/container/Dockerfile --tag "$image" \
        --build-arg DEBIAN_IMAGE=localhost/debian:12 --build-arg BINARY_STAGE=prebuilt \
        --build-arg VERSION="$version" --build-arg REVISION="${PYJOULES_REVISION:-unknown}" .
}

# inside COMMAND...: in a mount namespace with a pure cgroup tree, which podman wants; the network is this machine's.
inside() {
    unshare --mount --propagation private sh -c '
        umount --lazy /sys/fs/cgroup 2>/dev/null || true
        mount -t cgroup2 none /sys/fs/cgroup
        exec "$@"' - "$@"
}

# start NAME OPTIONS...: runs a container as hard as deploy/compose.yaml wants it.
start() {
    local name=$1
    shift
    inside podman run --detach --name "$name" --no-healthcheck --cgroups=disabled \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --read-only --cap-drop=ALL --security-opt=no-new-privileges \
        "$@" >/dev/null
}

# with_exporter COMMAND OPTIONS...: runs a container with these options of podman, and the command while it serves.
with_exporter() {
    local command=$1
    shift
    start "$container" --network=host --env EXPORTER_PORT=$port --env SCRAPE_INTERVAL_SECONDS=0.05 --volume "$work/sys:/host/sys:ro" "$@" \
        "$image" --path.sysfs /host/sys
    curl --silent --output /dev/null --retry 20 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/-/ready" ||
        fail "the container does not answer"
    "$command"
    remove "$container"
}

remove() {
    inside podman rm --force --time 5 --ignore "$@" >/dev/null
}

# until_shows SECONDS PATTERN: a page has such a line soon.
until_shows() {
    local tries=0
    until shows "$2"; do
        tries=$((tries + 1))
        [ $tries -le $(($1 * 10)) ] || return 1
        sleep 0.1
    done
}

# shows PATTERN: a page of metrics has such a line. Through a file, since grep closes a pipe as soon as it knows.
shows() {
    curl --silent --fail --max-time 10 --output "$work/page" "http://127.0.0.1:$port/metrics" &&
        grep --extended-regexp "$1" "$work/page"
}

# Energy that the counter moves is served; the health check says that all is well; there is nothing else to run.
serves_as_nobody() {
    local uid
    uid=$(ps -o uid= -p "$(inside podman inspect --format '{{.State.Pid}}' "$container")" | tr -d ' ')
    [ "$uid" = 65532 ] || fail "the container runs as user $uid"
    shows '^pyjoules_sample_interval_seconds 0\.05' || fail "SCRAPE_INTERVAL_SECONDS is not heeded"
    echo 43000000 > "$counter"
    until_shows 5 '^pyjoules_energy_joules_total\{domain="package_0".* 42\.000000$' || fail "42 J were not counted"
    local check
    mapfile -t check < <(buildah inspect --type image --format '{{range .Docker.Config.Healthcheck.Test}}{{println .}}{{end}}' \
        "$image" | sed '1d;/^$/d')
    inside podman exec "$container" "${check[@]}" || fail "the health check says $?"
    if inside podman exec "$container" /bin/sh -c true 2>/dev/null; then fail "there is a shell"; fi
}

reads_the_counter() {
    shows '^pyjoules_source_up\{source="powercap"\} 1' || fail "the counter is not read"
}

is_forbidden() {
    shows '^pyjoules_source_up\{source="powercap"\} 0' || fail "the counter is read without the right"
}

# A GPU that does not exist, and uses 70 W.
make_gpu() {
    rm -rf "$gpu"
    mkdir -p "$gpu/feeds"
    PYTHONPATH=Tests/EndToEnd python3 - "$gpu" <<'PYTHON'
import sys
from pathlib import Path
from support.fake_nvml import FakeNVML, compile_library

directory = Path(sys.argv[1])
FakeNVML(compile_library(directory), directory).run_at(0, 70_000)
PYTHON
}

# As deploy/compose-gpu.yaml and deploy/kubernetes/gpu.yaml have it: a container of the same image, root without capabilities, no network,
# and a directory that the exporter can only read.
with_reader() {
    make_gpu
    start "$reader" --network=none --user 0:0 --env FAKE_NVML=/gpu/nvml --volume "$gpu:/gpu" \
        --volume "$gpu/feeds:/run/pyjoules-exporter/feeds" "$image" reader nvidia --interval 200ms \
        --path.library /gpu/libnvidia-ml.so.1 --path.procfs /gpu/proc --path.sysfs /gpu/sys
    with_exporter counts_the_gpu --volume "$gpu/feeds:/run/pyjoules-exporter/feeds:ro"
    remove "$reader"
}

counts_the_gpu() {
    until_shows 20 '^pyjoules_energy_joules_total\{domain="nvidia_gpu_0",kind="gpu".* [1-9]' || {
        inside podman logs "$reader" >&2
        fail "the GPU of the other container is not counted"
    }
    shows '^pyjoules_gpu_info\{domain="nvidia_gpu_0",uuid="GPU-76faf985' || fail "its card is not known"
}

weigh() {
    local bytes root programs builder
    bytes=$(podman image inspect --format '{{.Size}}' "$image")
    echo "size: $bytes bytes"
    [ "$bytes" -le "$limit_bytes" ] || fail "the image is larger than $limit_bytes bytes"
    builder=$(buildah from --pull-never "$image")
    root=$(buildah mount "$builder")
    programs=$(cd "$root" && find . -type f -perm /111 ! -name '*.so*')
    echo "files: $(cd "$root" && find . -type f | wc -l)"
    buildah rm "$builder" >/dev/null
    [ "$programs" = ./usr/bin/pyjoules-exporter ] || fail "the image has programs of others: $programs"
}

check() {
    prepare
    weigh
    container=pyjoules-exporter-check-$$
    reader=pyjoules-reader-check-$$
    gpu=$work/gpu
    trap 'remove "$container" "$reader"' EXIT
    local gid=54321 zone=$work/sys/class/powercap/intel-rapl:0
    counter=$zone/energy_uj
    rm -rf "$work/sys"
    mkdir -p "$zone"
    echo package-0 > "$zone/name"
    echo 262143328850 > "$zone/max_energy_range_uj"
    echo 1000000 > "$counter"
    chgrp $gid "$counter"
    chmod 0440 "$counter"
    with_exporter serves_as_nobody --group-add $gid
    with_exporter is_forbidden
    chmod 0400 "$counter"
    with_exporter reads_the_counter --user 0:0
    with_reader
    echo "container.sh: all well"
}

case "${1:-}" in
build) build "$2" ;;
check) check ;;
*) echo "container.sh: '${1:-}' is not one of build, check" >&2; exit 64 ;;
esac
