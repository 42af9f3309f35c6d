#!/bin/sh
# One unit: what systemd knows of it, and the last it said; remote/units.py is the other half.
#
# usage: unit.sh UNIT LINES
#
# LINES of its journal, 0 for none. Who may not read the journal gets what journalctl says about that. Needs no root.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # line is of that part
SYSTEMD_BUS_TIMEOUT=10
TZ=UTC
export SYSTEMD_BUS_TIMEOUT TZ

properties=Id,Description,LoadState,ActiveState,SubState,Result,UnitFileState,FragmentPath,Type,Restart,MainPID
properties=$properties,NRestarts,ExecMainStatus,ExecMainCode,StateChangeTimestampMonotonic,MemoryCurrent,TasksCurrent
properties=$properties,CPUUsageNSec,CanStart,CanStop,RefuseManualStart,RefuseManualStop,RequiredBy,BoundBy,ConsistsOf
properties=$properties,TriggeredBy,Documentation

bounded() {
    if command -v timeout >/dev/null; then
        timeout 15 "$@"
    else
        "$@"
    fi
}

main() {
    echo '#nixtui-unit begin'
    first_line /proc/uptime
    printf 'clock %s\nuptime %s\n' "$(date +%s)" "${line%% *}"
    echo '#nixtui-unit show'
    systemctl show --property=$properties -- "$1" </dev/null || exit
    echo '#nixtui-unit journal'
    [ "$2" = 0 ] || bounded journalctl --unit="$1" --lines="$2" --no-pager --quiet </dev/null 2>&1
    echo '#nixtui-unit end'
}

main "$@"
