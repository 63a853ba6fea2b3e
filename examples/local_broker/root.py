"""Run a program of another root file system, such as a newer Debian's, beside those of this one.

It sees the directories it is given under their own paths, and this machine's network, host
names, processes and users. What is mounted for it is seen by nobody else and vanishes with it. Needs root.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

ENTER: Final = """
set -e
root=$1
PATH=$PATH:/usr/sbin:/sbin
shift
# chroot alone would leave Java without the mount point that its files are on.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/var/tmp"
# Some Debians come without the file that says what localhost is.
[ -e "$root/etc/hosts" ] || : > "$root/etc/hosts"
mount --bind /etc/hosts "$root/etc/hosts"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" "$@"
"""


def inside(root: Path, command: Sequence[str], *, shared: Sequence[Path]) -> list[str]:
    """Return the command that runs *command* in *root*; it keeps the process id it is started with.

    *shared* are directories of this machine that it reads and writes under the same paths.
    """
    paths = [str(directory.absolute()) for directory in shared]
    return ["unshare", "--mount", "/bin/sh", "-c", ENTER, "sh", str(root), *paths, "--", *command]
