#!/bin/sh
# What systems are made of besides packages; remote/anatomy.py is the other half.
#
# usage: anatomy.sh PATH…
#
# Lines of "KEY VALUE" after "system PATH" for each system, between two marks. Units are compared by what is in their
# files, as NixOS does, and not by their names in the store: another systemd renames the files of hundreds of units that
# stay the same. `unit CRC SIZE NAME`, or of a drop-in `NAME.d/FILE`; one fork for all units of a system.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # root, line, harmless and kernel are of that part

most_units=5000

tell() {
    without_controls "$2"
    [ -z "$harmless" ] || printf '%s %s\n' "$1" "$harmless"
}

# part NAME: where a link of the system finally leads
part() {
    path=$(exec readlink -f "$root$system/$1" </dev/null 2>/dev/null)
    [ -n "$path" ] && [ -e "$path" ] && tell part "$1 ${path#"$root"}"
}

units() {
    cd "$root$system/etc/systemd/system" 2>/dev/null || return 0
    set --
    for each in ./*.* ./*.d/*.conf; do
        [ -f "$each" ] && set -- "$@" "$each"
        if [ $# -ge "$most_units" ]; then
            echo 'units too many'
            cd /
            return
        fi
    done
    echo 'units listed'
    [ $# -eq 0 ] || cksum -- "$@" 2>/dev/null </dev/null | while read -r crc size name; do
        tell unit "$crc $size ${name#./}"
    done
    cd /
}

anatomy() {
    system=$1
    if [ ! -e "$root$system/nixos-version" ]; then
        echo gone yes
        return
    fi
    first_line "$system/nixos-version"
    tell version "$line"
    kernel_of "$system"
    tell kernel "$kernel"
    tell revision "$(revision_of "$system")"
    for each in "$root$system"/specialisation/*; do
        [ -d "$each" ] && tell specialisation "${each##*/}"
    done
    for each in kernel initrd kernel-modules systemd; do part "$each"; done
    units
}

main() {
    echo '#nixtui-anatomy begin'
    for each_system; do
        tell system "$each_system"
        anatomy "$each_system"
    done
    echo '#nixtui-anatomy end'
}

main "$@"
