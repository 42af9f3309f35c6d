# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: the host's own systemd under the path that NixOS's has.
mkdir -p "$out/lib/systemd" "$out/bin"
ln -s /usr/lib/systemd/systemd "$out/lib/systemd/systemd"
ln -s /usr/bin/systemctl "$out/bin/systemctl"
printf '%s\n' "$version" >"$out/version"
