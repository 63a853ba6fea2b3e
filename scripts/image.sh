#!/bin/sh
# Build the image of the Dockerfile without a Docker engine and try it: as its user, with nothing writable but /tmp and /data.
# Usage: scripts/image.sh [DIRECTORY], as root, with Debian's buildah; everything is kept below DIRECTORY (.run/image).
# The base image is pulled where a registry can be reached; else one of the same Debian release stands in for it
# (with mmdebstrap), which proves the Dockerfile and the programs, not the base.
set -eu
cd "$(dirname "$0")/.."
here=${1:-.run/image}
image=hoptrail:check
mkdir -p "$here"
here=$(cd "$here" && pwd)

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "run it as root: buildah's chroot isolation needs that"
command -v buildah >/dev/null || fail "there is no buildah; on Debian and Ubuntu: apt-get install buildah"

build() {
    buildah --root "$here/storage" --runroot "$here/run" --storage-driver vfs "$@"
}

# Behind a proxy that speaks TLS itself, pip has to know its certificate: that of this machine.
certificates=/etc/ssl/certs/ca-certificates.crt
trust=
[ ! -r "$certificates" ] || trust="--volume $certificates:$certificates:ro"

base=docker.io/library/$(sed -n 's/^ARG PYTHON_IMAGE=//p' Dockerfile)
if build inspect --type image "$base" >/dev/null 2>&1; then
    echo "base: $base, as it is in $here"
elif build pull --quiet "$base" >/dev/null 2>&1; then
    echo "base: $base, pulled"
else
    release=${base##*-}
    echo "base: no registry answers; Debian $release with its own Python stands in for $base"
    command -v mmdebstrap >/dev/null || fail "there is no mmdebstrap; on Debian and Ubuntu: apt-get install mmdebstrap"
    [ -s "$here/root.tar" ] || mmdebstrap --quiet --variant=minbase \
        --include=python3,python3-venv,ca-certificates "$release" "$here/root.tar"
    printf '%s\n' 'FROM scratch' 'ADD root.tar /' \
        'RUN ln -s /usr/bin/python3 /usr/local/bin/python3' \
        'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' >"$here/Containerfile"
    build bud --quiet --isolation=chroot --tag "$base" --file "$here/Containerfile" "$here"
fi

# shellcheck disable=SC2086 # no option at all when there is nothing to trust
build bud --isolation=chroot --format docker $trust --tag "$image" .

container=$(build from "$image")
root=$(build mount "$container")
trap 'build rm "$container" >/dev/null' EXIT

# With `unshare -m` the mounts are the command's own and go with it.
inside() {
    ROOT=$root unshare --mount --fork --pid --kill-child sh -c '
        set -eu
        mount --make-rprivate /
        mount --bind "$ROOT" "$ROOT"
        mount -t proc proc "$ROOT/proc"
        mount --rbind /dev "$ROOT/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
        mount -t tmpfs -o uid=10001,gid=10001,mode=0750 tmpfs "$ROOT/data"
        mount -o remount,bind,ro "$ROOT"
        exec chroot --userspec=10001:10001 "$ROOT" /usr/bin/env -i \
            PATH=/opt/hoptrail/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
            HOPTRAIL_STORE=sqlite:////data HOPTRAIL_HTTP=127.0.0.1:28652 \
            HOPTRAIL_AMQP_URL=amqp://nobody@127.0.0.1:28653/ \
            sh -eu -c "$1"
    ' sh "$1"
}

expect() {
    wanted=$1
    what=$2
    code=0
    inside "$what" >"$here/output" 2>&1 || code=$?
    if [ "$code" != "$wanted" ]; then
        cat "$here/output" >&2
        fail "in the image: $what: ended with $code instead of $wanted"
    fi
    echo "in the image: $what: $code as it should, $(grep -m 1 '[^ ]' "$here/output" || echo 'no output')"
}

config=$(build inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}' "$image")
[ "$config" = "10001:10001 [hoptrail]" ] || fail "the image runs as and with: $config"
echo "the image runs as and with: $config"

expect 0 'hoptrail --version'
expect 0 'hoptrail --help'
expect 0 'test "$(id -u)" = 10001'
expect 0 'test -w /data && test -w /tmp'
expect 2 'touch /var/tmp/written 2>/dev/null || exit 2' # everybody may write there, but for the read-only root
expect 0 '! command -v gcc && ! command -v make && ! test -e /opt/hoptrail/bin/pip'
expect 0 'test ! -e /source && test ! -e /opt/hoptrail/.env'
expect 4 'hoptrail doctor'
expect 4 'hoptrail health serve'
expect 4 'hoptrail health collect'
expect 0 'hoptrail health log'
expect 0 'python -c "import dashboards, store.elastic.log"'
expect 0 'test -s "$(python -c "import api; print(api.__path__[0])")/static/index.html"'
expect 0 '! command -v node && ! command -v npm'
expect 0 'python -m examples.image_pipeline --help'
expect 0 'python -m examples.demo_broker --help'
expect 0 'hoptrail serve 2>/tmp/serve & tries=0
    until hoptrail health serve 2>/tmp/health; do tries=$((tries + 1)); test $tries -lt 20; sleep 1; done; kill $!'
echo "$image is in $here/storage"
