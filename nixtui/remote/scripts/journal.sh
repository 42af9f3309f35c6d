#!/bin/sh
# Entries of the journal, read or followed; remote/journal.py is the other half.
#
# usage: journal.sh [OPTION...]
#
# The options are journalctl's own. Prints the host's clock (Unix seconds), whether this login may read only a part
# (journalctl keeps silent about that as soon as there is a journal of the login's own), then entries as JSON, one a
# line. Following ends when nobody listens any more: journalctl watches its output for that.
set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/run/current-system/sw/bin:/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH

root=${NIXTUI_ROOT-}

is_partial() {
    for file in "$root"/var/log/journal/*/system.journal "$root"/run/log/journal/*/system.journal; do
        if [ -e "$file" ] && [ ! -r "$file" ]; then
            return 0
        fi
    done
    return 1
}

main() {
    if ! command -v journalctl >/dev/null; then
        echo "there is no journalctl on this host" >&2
        exit 127
    fi
    echo "#nixtui-journal clock $(date +%s)"
    if is_partial; then
        echo '#nixtui-journal partial'
    fi
    exec journalctl --no-pager --output=json "$@" </dev/null
}

main "$@"
