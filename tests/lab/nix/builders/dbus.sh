# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: the message bus's unit file, by whose store path tools tell dbus from dbus-broker.
mkdir -p "$out/bin" "$out/lib/systemd/system" "$out/share/dbus"
ln -s /usr/bin/dbus-daemon "$out/bin/dbus-daemon"
sed "s|@out@|$out|g" "$unit" >"$out/lib/systemd/system/$unitName"
