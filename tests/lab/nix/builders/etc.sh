# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out/etc: what /etc/static leads to on the host.
mkdir -p "$out/etc/systemd"
ln -s "$systemUnits" "$out/etc/systemd/system"
cp "$osRelease" "$out/etc/os-release"
mkdir "$out/etc/dbus-1"
ln -s "$dbus/share/dbus" "$out/etc/dbus-1/system.d"
