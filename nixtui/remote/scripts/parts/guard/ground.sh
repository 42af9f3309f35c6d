# shellcheck shell=sh
# The guard: what all of it stands on: answering, the record of an operation, and units of its own.

set -u
umask 022
trap '' HUP PIPE

run=$R/run/nixtui
# shellcheck disable=SC2034 # what stands on this ground need not use all of it
roots=$R/nix/var/nix/gcroots

# say WORDS: to the operator, who may be gone; that is never a reason to stop
say() { printf '%s\n' "$*" 2>/dev/null || :; }

uptime_s() {
    read -r up_ _ 2>/dev/null <"$R/proc/uptime" || read -r up_ _ </proc/uptime
    printf '%s\n' "${up_%%.*}"
}

boot_id() { cat "$R/proc/sys/kernel/random/boot_id" 2>/dev/null || cat /proc/sys/kernel/random/boot_id; }

# put FILE TEXT: the whole file or nothing of it, also when we are killed in between
put() {
    printf '%s\n' "$2" >"$1.new" && mv -f "$1.new" "$1"
}

# recall KEY: its value in the operation's record
# shellcheck disable=SC2154 # `dir` is the operation's, set by the script that has one
recall() {
    while read -r key_ value_; do
        if [ "$key_" = "$1" ]; then
            printf '%s\n' "$value_"
            return
        fi
    done <"$dir/record" 2>/dev/null
}

# failed_units: one name a line; a unit that systemd keeps restarting has failed as well
failed_units() {
    systemctl list-units --state=failed,auto-restart --plain --no-legend --no-pager 2>/dev/null |
        while read -r unit_ _; do printf '%s\n' "$unit_"; done
}

# units_of ID: nixtui's own units of an operation that systemd still has something to do with. A systemd that does not
# answer (it may be re-executing itself) proves nothing, so it counts as one.
units_of() {
    systemctl list-units --all --plain --no-legend --no-pager --state=active,activating,deactivating,reloading \
        "nixtui-*-$1*" 2>/dev/null || say unknown
}

# in_unit NAME ARGUMENT…: start the guard's own copy on this host with these arguments, as a unit that nobody's leaving ends
in_unit() {
    name_=$1
    shift
    systemd-run --quiet --collect --unit="$name_" \
        --property=KillMode=control-group --property=TimeoutStopSec=3 --property=SendSIGKILL=yes \
        --setenv=PATH="$PATH" --setenv=NIXTUI_ROOT="$R" --setenv=LOCALE_ARCHIVE="${LOCALE_ARCHIVE-}" \
        "$@" 2>&1
}
