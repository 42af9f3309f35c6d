#!/bin/sh
# pre-switch-check TOPLEVEL ACTION: refuse a live switch across a change of the packages listed as switch inhibitors.
set -u
incoming=$1
action=$2

if [ "$action" = boot ]; then
    echo "Not checking switch inhibitors (action = $action)"
    exit 0
fi

if [ -e "$incoming/quirks/pre-switch" ]; then
    sh "$incoming/quirks/pre-switch" || exit 1
fi

printf 'Checking switch inhibitors...'
booted=$(readlink -f /run/booted-system)/switch-inhibitors
new=$(readlink -f "$incoming")/switch-inhibitors
if [ ! -f "$booted" ]; then
    printf '\nThe previous configuration did not specify switch inhibitors, nothing to check.\n'
elif [ ! -f "$new" ]; then
    printf '\nThe new configuration does not specify switch inhibitors, nothing to check.\n'
elif cmp -s "$booted" "$new"; then
    echo " done"
else
    printf '\nFound diff in switch inhibitors:\n\n'
    diff "$booted" "$new"
    cat <<EOF

The new configuration contains changes to packages that were
listed as switch inhibitors.

If you really want to switch into this configuration directly, then
you can set NIXOS_NO_CHECK=1 to ignore these pre-switch checks.

WARNING: doing so might cause the switch to fail or your system to become unstable.

EOF
    exit 1
fi
