#!/bin/sh
# What switching to a system would do; remote/preview.py is the other half.
#
# usage: preview.sh PATH
#
# Prints what NixOS does not tell, then all that dry-activate does, between marks. Exits with 66 (EX_NOINPUT) when there
# is no such system. dry-activate wants root, and NixOS's lock for as long as it takes.
#
# Needs parts/facts.sh, parts/links.sh and parts/inhibitors.sh before it.
# shellcheck disable=SC2154 # root, line, kernel and stale are of the first of them

init_interface() {
    first_line "$(current_system)/init-interface-version"
    running=$line
    first_line "$1/init-interface-version"
    if [ -n "$running" ] && [ -n "$line" ] && [ "$running" != "$line" ]; then
        echo "the init interface would change from version $running to $line"
    fi
}

main() {
    if [ ! -x "$root$1/bin/switch-to-configuration" ]; then
        echo "$1 is no system on this host" >&2
        exit 66
    fi
    echo '#nixtui-preview begin'
    booted=$(booted_system)
    if [ -n "$booted" ]; then
        kernel_of "$1"
        first_line /proc/sys/kernel/osrelease
        stale_parts "$booted" "$1"
        echo "reboot_for $stale ${line:--} ${kernel:--}"
    fi
    { init_interface "$1" && inhibitors "$1"; } | while read -r line; do
        without_controls "$line"
        echo "inhibitor $harmless"
    done
    echo '#nixtui-preview dry-activate'
    set -- "$root$1/bin/switch-to-configuration" dry-activate
    command -v timeout >/dev/null && set -- timeout 110 "$@"
    "$@" </dev/null 2>&1
    printf '\n#nixtui-preview end %s\n' $?
}

main "$@"
