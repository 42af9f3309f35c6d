#!/bin/sh
# Every path of a closure with its size; remote/closures.py is the other half.
#
# usage: closure.sh PATH
#
# Prints all paths, then their sizes (NAR, bytes) in the same order, between marks. Exits with 66 (EX_NOINPUT) when the
# path is not there. nix-store's old interface is the one that is the same from Nix 2.3 to 2.34, needs no experimental
# feature, and takes 0.2 s for 2,000 paths; xargs keeps the order.
set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH

main() {
    if [ ! -e "${NIXTUI_ROOT-}$1" ]; then
        echo "$1 is not there" >&2
        exit 66
    fi
    paths=$(nix-store --query --requisites "$1" </dev/null) || exit
    echo '#nixtui-closure paths'
    printf '%s\n' "$paths"
    echo '#nixtui-closure sizes'
    printf '%s\n' "$paths" | xargs nix-store --query --size || exit
    echo '#nixtui-closure end'
}

main "$@"
