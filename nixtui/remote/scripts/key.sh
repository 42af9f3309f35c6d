#!/bin/sh
# Puts a secret where it belongs, as Colmena does it (colmena: src/nix/host/key_uploader.template.sh); remote/keys.py is
# the other half.
#
#   key BYTES DESTINATION USER GROUP PERMISSIONS STRICT   as root; the secret, in base64, comes on standard input
#
# The file has its owner and its permissions before anything is in it, and its name only when all of it is there. One
# that is the same already is left alone: services that wait for it would be restarted for nothing. Unless STRICT is
# `yes` an owner that is not there yet is passed over: the system that makes the user is only about to be activated.
#
# Answers are lines: `unowned WHO`, `ready` for the secret, then `uploaded` or `same`; or `failed WHY`.
set -u

fail() {
    rm -f "$tmp"
    printf 'failed %s\n' "$1"
    exit 0
}

# receive: standard input up to a line with a dot alone; all of it by the shell itself, so that it is no argument
receive() {
    while IFS= read -r line && [ "$line" != . ]; do printf '%s\n' "$line"; done
}

main() {
    bytes=$1 destination=$R$2 user=$3 group=$4 permissions=$5 strict=$6
    tmp=$destination.nixtui
    umask 022
    mkdir -p "${destination%/*}" 2>/dev/null || fail "${destination%/*} cannot be made"
    umask 077
    rm -f "$tmp"
    set -C # a link that somebody puts there meanwhile is not followed
    exec 4>"$tmp" || fail "${destination%/*} cannot be written to"
    if id -u "$user" >/dev/null 2>&1 && getent group "$group" >/dev/null 2>&1; then
        chown "$user:$group" "$tmp" || fail "it cannot be made $user:$group's"
    elif [ "$strict" = yes ]; then
        fail "there is no user $user or no group $group"
    else
        printf 'unowned %s:%s\n' "$user" "$group"
    fi
    chmod "$permissions" "$tmp" || fail "$permissions are no permissions"
    echo ready # what came before this, the shell may have read itself
    receive | base64 -d >&4 || fail "it could not be written"
    [ "$(wc -c <"$tmp")" -eq "$bytes" ] || fail "it did not arrive whole"
    if [ -f "$destination" ] && [ ! -L "$destination" ] && cmp -s "$tmp" "$destination" &&
        [ "$(stat -c '%u %g %a' "$tmp")" = "$(stat -c '%u %g %a' "$destination")" ]; then
        rm -f "$tmp"
        printf 'same\n'
    else
        mv -f "$tmp" "$destination" || fail "it could not be put in its place"
        printf 'uploaded\n'
    fi
}

main "$@"
