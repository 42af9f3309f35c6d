#!/bin/sh
# What only some systems need, in bytes: what a garbage collection could free once they are no generations any more.
#
# usage: reclaim.sh GOING… -- STAYING…
#
# Prints `bytes N`. Other roots may keep some of it, so it is at most that. Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # root is of that part

main() {
    going='' side=going staying=''
    for each; do
        if [ "$each" = -- ]; then
            side=staying
        elif [ -e "$root$each" ]; then
            case $side in
            going) going="$going $each" ;;
            staying) staying="$staying $each" ;;
            esac
        fi
    done
    if [ -z "$going" ]; then
        echo 'bytes 0'
        return
    fi
    # shellcheck disable=SC2086 # store paths have no blanks
    {
        [ -z "$staying" ] || nix-store --query --requisites $staying </dev/null
        echo --
        nix-store --query --requisites $going </dev/null
    } | awk '
        $0 == "--" { going = 1; next }
        !going { kept[$0] = 1; next }
        !($0 in kept) { kept[$0] = 1; print }
    ' | xargs nix-store --query --size | awk '{ sum += $1 } END { printf "bytes %.0f\n", sum }'
}

main "$@"
