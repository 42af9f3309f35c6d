#!/bin/sh
# NixOS's nixos-version: the version, one of its parts, or all as JSON.
values=@out@/share/nixos-version

known() {
    value=$(cat "$values/$1")
    if [ -z "$value" ]; then
        echo "$0: $2 is unknown" >&2
        exit 1
    fi
    printf '%s\n' "$value"
}

case ${1-} in
--hash | --revision) known revision "Nixpkgs commit hash" ;;
--configuration-revision) known configuration-revision "configuration revision" ;;
--json) cat "$values/json" ;;
*) echo "$(cat "$values/version") ($(cat "$values/code-name"))" ;;
esac
