# shellcheck shell=sh
# Systems that somebody pinned: garbage collector roots of our own, one a system, named as the system is in the store.
# They are in a folder of their own, so that nothing of the guard's (nixtui-ID-new, nixtui-ID-previous) is like them.

PINS=${NIXTUI_ROOT-}/nix/var/nix/gcroots/nixtui-pins

# pinned: every pinned system that is there, one path a line
pinned() {
    for pin_ in "$PINS"/*; do
        [ -L "$pin_" ] || continue
        pin_=$(readlink "$pin_") && [ -e "$pin_" ] && printf '%s\n' "${pin_#"${NIXTUI_ROOT-}"}"
    done
}
