#!/bin/sh
# Entries of the journal, read or followed; remote/journal.py is the other half.
#
# usage: journal.sh [OPTION...]
#
# The options are journalctl's own. Prints the host's clock (Unix seconds), then entries as JSON, one a line. What
# journalctl says besides (that this login may not read everything) is on standard error. Following ends when nobody
# listens any more: journalctl watches its output for that.
set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/run/current-system/sw/bin:/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH

main() {
    if ! command -v journalctl >/dev/null; then
        echo "there is no journalctl on this host" >&2
        exit 127
    fi
    echo "#nixtui-journal clock $(date +%s)"
    exec journalctl --no-pager --output=json "$@" </dev/null
}

main "$@"
