#!/bin/sh
# Every timer with what it starts, and backup jobs that no timer starts; remote/timers.py is the other half.
#
# usage: timers.sh
#
# Two questions to systemd. The human table of list-timers is cut and differs from version to version; properties do
# not. With TZ=UTC every version of systemctl prints points in time alike. Needs no root.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # line is of that part
SYSTEMD_BUS_TIMEOUT=10
TZ=UTC
export SYSTEMD_BUS_TIMEOUT TZ

of_timers=Id,Unit,Description,ActiveState,LastTriggerUSec,NextElapseUSecRealtime,NextElapseUSecMonotonic
of_units=Id,Description,LoadState,ActiveState,SubState,Result,ExecMainStatus,ExecMainCode
of_units=$of_units,ExecMainStartTimestamp,ExecMainExitTimestamp

main() {
    echo '#nixtui-timers begin'
    first_line /proc/uptime
    printf 'clock %s\nuptime %s\n' "$(date +%s)" "${line%% *}"
    echo '#nixtui-timers timers'
    timers=$(systemctl show --property=$of_timers -- '*.timer' </dev/null) || exit
    printf '%s\n' "$timers"
    echo '#nixtui-timers units'
    # shellcheck disable=SC2046 # names of units have no blanks
    set -- $(printf '%s\n' "$timers" | sed -n 's/^Unit=//p')
    systemctl show --property=$of_units -- "$@" 'borgbackup-job-*.service' </dev/null
    echo '#nixtui-timers end'
}

main "$@"
