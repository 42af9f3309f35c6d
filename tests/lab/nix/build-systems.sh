#!/bin/sh
# build-systems.sh HOST NUMBER:SYSTEM...: runs inside a host's root that is not booted; fills its store, its profile
# and its /boot. Prints the systems' store paths as JSON, {"generation": {...}, "variant": {...}}.
set -eu
host=$1
shift
expression=/root/nix
profiles=/nix/var/nix/profiles

nix-build "$expression" -A generation -A variant --argstr hostName "$host" --no-out-link >&2

for pair; do
    number=${pair%%:*}
    toplevel=$(nix-build "$expression" -A "generation.${pair#*:}" --argstr hostName "$host" --no-out-link)
    ln -s "$toplevel" "$profiles/system-$number-link"
done
ln -s "system-$number-link" "$profiles/system"
ln -s "$toplevel/etc" /etc/static
"$toplevel/bin/switch-to-configuration" boot >&2

nix-instantiate --eval --strict --json \
    --expr "let all = import $expression { hostName = \"$host\"; }; in { inherit (all) generation variant; }"
