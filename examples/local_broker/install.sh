#!/bin/sh
# Install rabbitmq-server, as root, without leaving a broker running on port 5672:
# its service is neither started now nor enabled for the next boot, unless the package
# was there before. An existing policy-rc.d is kept, and asked for every other service.
set -eu

policy=/usr/sbin/policy-rc.d
kept=/usr/sbin/policy-rc.d.kept-by-hoptrail

[ "$(id -u)" = 0 ] || { echo "this needs root: sudo sh $0" >&2; exit 1; }
# One at a time: a second one would take the policy of the first for the machine's own. What apt-get
# starts does not inherit the lock, or a daemon could keep it.
exec 9>/run/hoptrail-install.lock
flock 9
if dpkg-query -W -f='${Status}' rabbitmq-server 2>/dev/null | grep -q 'ok installed'; then
    echo "rabbitmq-server is installed already"
    exit 0
fi

restore() {
    rm -f "$policy"
    if [ -e "$kept" ] || [ -L "$kept" ]; then mv "$kept" "$policy"; fi
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -e "$policy" ] || [ -L "$policy" ]; then
    # A copy kept by an interrupted run is the original; do not overwrite it.
    [ -e "$kept" ] || mv "$policy" "$kept"
fi
cat >"$policy" <<'POLICY'
#!/bin/sh
case "$1" in rabbitmq-server* | epmd*) exit 101 ;; esac
kept=/usr/sbin/policy-rc.d.kept-by-hoptrail
[ ! -x "$kept" ] || exec "$kept" "$@"
exit 0
POLICY
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=120 update 9>&- || echo "apt-get update failed, trying with the lists that are here" >&2
apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends rabbitmq-server 9>&-

if command -v systemctl >/dev/null 2>&1; then
    systemctl disable rabbitmq-server.service || true
elif command -v update-rc.d >/dev/null 2>&1; then
    update-rc.d rabbitmq-server disable || true
fi
