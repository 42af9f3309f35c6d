#!/bin/sh
# What NixOS's activation script does as far as a lab host has it. Like there, a failing snippet does not
# stop the rest: the system becomes the current one, and the exit status tells.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
systemConfig=@out@
status=0

failed() {
    echo "Activation script snippet '$1' failed ($2)"
    status=1
}

# A system puts right what another one's quirk did, as a real one's network and tmpfiles setup would.
echo "setting up the network..."
ip link set eth0 up
rm -rf /var/lib/lab/ballast

echo "setting up /etc..."
ln -sfn "$systemConfig/etc" /etc/static.tmp
mv -T /etc/static.tmp /etc/static

quirk=$systemConfig/quirks/activate
if [ -e "$quirk" ]; then
    sh "$quirk" || failed lab $?
fi

echo "setting up tmpfiles"
mkdir -p /run/nixos /var/lib/lab

ln -sfn "$systemConfig" /run/current-system
exit $status
