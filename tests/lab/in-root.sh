#!/bin/sh
# in-root.sh ROOT PROGRAM...: run a program in a root directory that is not booted, with /proc, /dev and a tmpfs /run.
# Its own mount and process namespaces make sure that nothing stays behind, whatever way it ends.
set -eu

if [ "${1-}" = --inside ]; then
    root=$2
    shift 2
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    exec chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
fi
exec unshare --mount --propagation private --pid --fork --kill-child -- sh "$0" --inside "$@"
