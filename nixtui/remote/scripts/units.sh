#!/bin/sh
# Every unit that systemd has loaded, and more of those that need somebody; remote/units.py is the other half.
#
# usage: units.sh
#
# Three questions to systemd whatever the number of units (0.05 s for 300): the list, the names of those that failed or
# are being restarted, and the properties of at most 32 of these. Needs no root.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # line is of that part
SYSTEMD_BUS_TIMEOUT=10
TZ=UTC
export SYSTEMD_BUS_TIMEOUT TZ

most=32
types=service,socket,timer,mount,automount,path,swap,target
properties=Id,ActiveState,SubState,Result,StateChangeTimestampMonotonic,NRestarts,ExecMainStatus

in_trouble() {
    systemctl list-units --state=failed,auto-restart --plain --no-legend --no-pager --full </dev/null 2>/dev/null |
        while read -r unit _ && [ $most -gt 0 ]; do
            most=$((most - 1))
            printf '%s\n' "$unit"
        done
}

main() {
    echo '#nixtui-units begin'
    first_line /proc/uptime
    printf 'clock %s\nuptime %s\n' "$(date +%s)" "${line%% *}"
    echo '#nixtui-units list'
    systemctl list-units --all --plain --no-legend --no-pager --full --type=$types </dev/null || exit
    echo '#nixtui-units trouble'
    # shellcheck disable=SC2046 # names of units have no blanks
    set -- $(in_trouble)
    [ $# = 0 ] || systemctl show --property=$properties -- "$@" </dev/null
    echo '#nixtui-units end'
}

main "$@"
