#!/bin/sh
# supervise.sh CGROUP MACHINE ROOT BOOT NETNS ADDRESS: run a host until it powers off, and again when it reboots.
# Killing the cgroup is pulling the plug: everything of the host, this program included, is gone at once.
set -eu
cgroup=$1 machine=$2 root=$3 boot=$4 netns=$5 address=$6

if [ "${7-}" != --inside ]; then
    mkdir -p "$cgroup"
    echo $$ >"$cgroup/cgroup.procs"
    exec unshare --mount --propagation slave -- sh "$0" "$@" --inside
fi

# systemd 257 wants a pure cgroup2 at /sys/fs/cgroup. Mounted here, in a mount namespace of its own, it is that for
# nspawn and the host, while the machine's own hierarchies stay as they are and are not written to.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# nspawn removes only folders on a tmpfs, and not every machine has one at /run.
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd

# /tmp lies on the host's disk, as on NixOS.
export SYSTEMD_NSPAWN_TMPFS_TMP=0

while :; do
    # What a network card is after power on, whatever the last system did to it.
    ip -netns "$netns" address replace "$address" dev eth0
    ip -netns "$netns" link set eth0 up

    code=0
    systemd-nspawn --quiet --directory="$root" --bind="$boot:/boot" --machine="$machine" \
        --network-namespace-path="/run/netns/$netns" --capability=CAP_NET_ADMIN \
        --register=no --keep-unit --settings=no --link-journal=no --resolv-conf=off --timezone=off \
        --console=pipe -- /usr/local/sbin/lab-firmware || code=$?
    # 133 is a reboot from inside.
    [ "$code" = 133 ] || exit "$code"
done
