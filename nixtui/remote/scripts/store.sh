#!/bin/sh
# The Nix store as far as it costs nothing to know; remote/store.py is the other half.
#
# usage: store.sh
#
# Lines of "KEY VALUE" between two marks. One df and two directory listings: 0.1 s for 100,000 paths. What is garbage is
# another question (garbage.sh), which takes Nix's big lock and reads all of its database.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # root is of that part

# entries FOLDER: how many there are, without those that begin with a dot
entries() {
    [ -d "$root$1" ] || return 0
    # shellcheck disable=SC2010,SC2012 # counted, never used as names; a glob of 100,000 would be sorted first
    ls -f "$root$1" 2>/dev/null | grep -c -v '^\.'
}

# setting NAME: of nix.conf, as it was written last
setting() {
    value_=''
    while read -r key_ is_ rest_; do
        [ "$key_ $is_" = "$1 =" ] && value_=$rest_
    done 2>/dev/null <"$root/etc/nix/nix.conf"
    printf '%s' "${value_%%[[:cntrl:]]*}"
}

main() {
    echo '#nixtui-store begin'
    printf 'clock %s\n' "$(date +%s)"
    df -P -k "$root/nix/store" </dev/null 2>/dev/null | sed -n '$s/^/df /p'
    df -P -i "$root/nix/store" </dev/null 2>/dev/null | sed -n '$s/^/inodes /p'
    printf 'paths %s\n' "$(entries /nix/store)"
    printf 'roots %s\n' "$(entries /nix/var/nix/gcroots/auto)"
    printf 'auto_optimise %s\n' "$(setting auto-optimise-store)"
    printf 'min_free %s\n' "$(setting min-free)"
    echo '#nixtui-store end'
}

main "$@"
