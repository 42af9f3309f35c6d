#!/bin/sh
# Pins a system, or takes the pin away; remote/pins.py is the other half.
#
# usage: pin.sh add|remove PATH
#
# Prints `pinned`, `unpinned`, or why not after `failed`. Doing it again changes nothing.
#
# Needs parts/pins.sh before it.
# shellcheck disable=SC2154 # PINS is of that part
set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH

main() {
    link=$PINS/${2##*/}
    case $1 in
    add)
        if [ ! -e "${NIXTUI_ROOT-}$2/nixos-version" ]; then
            echo "failed $2 is no system in its store"
            return
        fi
        if mkdir -p "$PINS" && ln -sfn "${NIXTUI_ROOT-}$2" "$link"; then
            echo pinned
        else
            echo "failed the pin could not be written to ${PINS#"${NIXTUI_ROOT-}"}"
        fi
        ;;
    remove)
        if rm -f "$link"; then
            rmdir "$PINS" 2>/dev/null # the last one was it
            echo unpinned
        else
            echo "failed the pin could not be removed from ${PINS#"${NIXTUI_ROOT-}"}"
        fi
        ;;
    esac
}

main "$@"
