#!/bin/sh
# The last lines of the journal of this host; remote/units.py is the other half.
#
# usage: recent.sh LINES
#
# Who may not read the journal gets what journalctl says about that. Needs no root.
#
# Needs parts/facts.sh before it.

bounded() {
    if command -v timeout >/dev/null; then
        timeout 15 "$@"
    else
        "$@"
    fi
}

main() {
    TZ=UTC
    export TZ
    echo '#nixtui-recent begin'
    echo "clock $(date +%s)"
    echo '#nixtui-recent journal'
    bounded journalctl --lines="$1" --no-pager --quiet </dev/null 2>&1
    echo '#nixtui-recent end'
}

main "$@"
