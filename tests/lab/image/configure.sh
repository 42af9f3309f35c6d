#!/bin/sh
# Runs inside the new base, after the packages and the files of rootfs/: users, and what of Debian must not run.
set -eu

for user in deploy ops run0er plain; do
    useradd --create-home --shell /bin/bash "$user"
done
echo 'ops:opspw' | chpasswd
chmod 440 /etc/sudoers.d/lab

# On NixOS /etc/systemd/system is the current system's unit directory and nothing else, so what Debian enabled goes.
rm -rf /etc/systemd/system
ln -s /etc/static/systemd/system /etc/systemd/system
ln -sf /etc/static/os-release /etc/os-release
touch /etc/NIXOS

mask() {
    directory=$1
    shift
    mkdir -p "$directory"
    for name; do
        ln -sf /dev/null "$directory/$name"
    done
}

# A container has no use for these, and every one of them would be a failed unit or a slower boot.
mask /usr/local/lib/systemd/system \
    dev-hugepages.mount sys-fs-fuse-connections.mount tmp.mount getty.target console-getty.service \
    ldconfig.service systemd-firstboot.service systemd-update-done.service systemd-journal-catalog-update.service \
    systemd-tmpfiles-clean.timer
mask /etc/systemd/system-generators systemd-getty-generator systemd-ssh-generator systemd-gpt-auto-generator

# No message of the day and no mail notice before a command's own output.
sed -i -e '/pam_motd/d' -e '/pam_mail/d' /etc/pam.d/sshd

mkdir -p /boot /var/log/journal /etc/lab /nix/var/nix/profiles /nix/var/nix/gcroots
ln -sfn /run/current-system /nix/var/nix/gcroots/current-system
ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system
: >/etc/machine-id
rm -f /etc/hostname /etc/resolv.conf /etc/ssh/ssh_host_*
