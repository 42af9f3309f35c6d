#!/bin/sh
# switch-to-configuration switch|boot|test|dry-activate|check
#
# A small stand-in for NixOS's switch-to-configuration-ng with its order of steps, its lines on standard error and
# its exit codes: 0, 1 (checks, boot loader), 2 (activate failed), 4 (units failed), 11 (locked), 100 (reboot needed).
# The unit rules are its rules: what the running systemd has active is compared with the new system's unit files.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
OUT=@out@
TOPLEVEL=$OUT
INSTALL_BOOTLOADER=@installBootLoader@
PRE_SWITCH_CHECK=@preSwitchCheck@
export OUT TOPLEVEL INSTALL_BOOTLOADER PRE_SWITCH_CHECK
new_units=$OUT/etc/systemd/system
current_units=/etc/systemd/system
lists=/run/nixos

say() { printf '%s\n' "$*" >&2; }

action=${1-}
case $action in
switch | boot | test | dry-activate | check) ;;
*)
    say "Usage: ${0##*/} [check|switch|boot|test|dry-activate]"
    exit 1
    ;;
esac
export NIXOS_ACTION="$action"

if [ "$(id -u)" != 0 ]; then
    say "switch-to-configuration must be run as the root user"
    exit 1
fi
if [ ! -f /etc/NIXOS ]; then
    say "This is not a NixOS installation!"
    exit 1
fi

# The lock dies with this process, as the descriptor is closed for everything that could outlive it.
mkdir -p "$lists"
exec 9>>"$lists/switch-to-configuration.lock"
if ! flock --exclusive --nonblock 9; then
    say "Could not acquire lock"
    exit 11
fi
if [ -e "$OUT/quirks/ignores-sigterm" ]; then
    trap '' TERM
fi

if [ "${NIXOS_NO_CHECK-}" != 1 ] && ! "$PRE_SWITCH_CHECK" "$OUT" "$action" 9>&-; then
    say "Pre-switch checks failed"
    exit 1
fi
[ "$action" != check ] || exit 0

case $action in
switch | boot)
    if ! "$INSTALL_BOOTLOADER" "$OUT" 9>&-; then
        say "Failed to install bootloader"
        exit 1
    fi
    ;;
esac
[ "${NIXOS_NO_SYNC-}" = 1 ] || sync -f /nix/store
[ "$action" != boot ] || exit 0

if [ "$(cat /run/current-system/init-interface-version 2>/dev/null)" != "$(cat "$OUT/init-interface-version")" ]; then
    say "Warning: the new NixOS configuration has an ‘init’ that is
incompatible with the current configuration.  The new configuration
will not take effect until you reboot the system."
    exit 100
fi

# ---- which units change ------------------------------------------------------------------------------------------

# In /run, because a switch must work on a full disk. A dry run uses lists of its own and leaves none.
work=$(mktemp -d "$lists/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
[ "$action" != dry-activate ] || lists=$work
: >"$work/stop"
: >"$work/skip"
: >"$work/filtered"
touch "$lists/start-list" "$lists/restart-list" "$lists/reload-list"

# add FILE UNIT, once
add() { has "$1" "$2" || printf '%s\n' "$2" >>"$1"; }
has() { grep -qxF -- "$2" "$1"; }
drop() {
    grep -vxF -- "$2" "$1" >"$work/dropped"
    cat "$work/dropped" >"$1"
}

# "a, b", sorted without regard to case; with a second file, without the units in it
joined() { sort -f "$1" | { grep -vxF -f "${2:-/dev/null}" || true; } | sed -e ':a' -e N -e '$!ba' -e 's/\n/, /g'; }

# report TEXT FILE [WITHOUT]: one line on standard error, if there is a unit to name
report() {
    names=$(joined "$2" "${3-}")
    [ -z "$names" ] || say "$1 $names"
}

active_units() {
    systemctl list-units --all --plain --no-legend --no-pager --full |
        while read -r unit _ state substate _; do
            [ "$state" = inactive ] || printf '%s %s %s\n' "$state" "$substate" "$unit"
        done
}

# The settings of a unit with its drop-ins, "Section/Key=value" a line.
settings() {
    cat "$1" "$1".d/*.conf 2>/dev/null | awk '
        /^[[:space:]]*([#;]|$)/ { next }
        /^\[/ { section = $0; gsub(/[][]/, "", section); next }
        section != "Install" { print section "/" $0 }'
}

# is_set FILE SECTION/KEY DEFAULT: a unit's yes-or-no setting, read without a single process as it is asked for often
is_set() {
    value=$3
    for part in "$1" "$1".d/*.conf; do
        [ -f "$part" ] || continue
        section=
        while IFS= read -r line; do
            case $line in
            "["*) section=$line ;;
            "${2#*/}="*) [ "$section" != "[${2%%/*}]" ] || value=${line#*=} ;;
            esac
        done <"$part"
    done
    case $value in
    1 | yes | true | on) return 0 ;;
    *) return 1 ;;
    esac
}

# Keys whose change neither restarts nor reloads.
ignored='^Unit/(Description|Documentation|OnFailure|OnSuccess|OnFailureJobMode|IgnoreOnIsolate|StopWhenUnneeded|RefuseManualStart|RefuseManualStop|AllowIsolate|CollectMode|SourcePath)='
# Keys whose change reloads.
reloading='^(Unit/X-Reload-Triggers|Service/ExecReload|Mount/Options)='

# equal | reload | restart
difference() {
    if cmp -s "$1" "$2" && [ ! -e "$1.d" ] && [ ! -e "$2.d" ]; then
        echo equal
        return
    fi
    settings "$1" | grep -vE "$ignored" | sort >"$work/current"
    settings "$2" | grep -vE "$ignored" | sort >"$work/new"
    if cmp -s "$work/current" "$work/new"; then
        echo equal
        return
    fi
    for side in current new; do
        grep -vE "$reloading" "$work/$side" >"$work/$side-rest"
    done
    if cmp -s "$work/current-rest" "$work/new-rest"; then echo reload; else echo restart; fi
}

changed() {
    unit=$1
    file=$2
    case $unit in
    sysinit.target | basic.target | multi-user.target | graphical.target) return ;;
    *.slice | *.path) return ;;
    *.mount)
        add "$lists/reload-list" "$unit"
        return
        ;;
    esac
    if is_set "$file" Service/X-ReloadIfChanged no; then
        add "$lists/reload-list" "$unit"
    elif ! is_set "$file" Service/X-RestartIfChanged yes || is_set "$file" Unit/RefuseManualStop no ||
        is_set "$file" Unit/X-OnlyManualStart no; then
        add "$work/skip" "$unit"
    elif ! is_set "$file" Service/X-StopIfChanged yes || [ "${unit%.service}" = "$unit" ]; then
        add "$lists/restart-list" "$unit"
        drop "$lists/reload-list" "$unit"
    else
        socket=${unit%.service}.socket
        if [ -e "$new_units/$socket" ] && systemctl --quiet is-active "$socket"; then
            # The new socket starts the service again when somebody asks for it.
            add "$work/stop" "$socket"
            add "$lists/start-list" "$socket"
        else
            add "$lists/start-list" "$unit"
        fi
        add "$work/stop" "$unit"
        drop "$lists/reload-list" "$unit"
    fi
}

# The unit's own file, or that of the template it is an instance of, in $unit_file.
find_unit() {
    unit_file=$1/$2
    case $2 in
    *@*) [ -e "$unit_file" ] || unit_file=$1/${2%%@*}@.${2##*.} ;;
    esac
}

compare() {
    state=$1
    unit=$2
    find_unit "$current_units" "$unit"
    current_file=$unit_file
    [ -e "$current_file" ] || return 0
    case $state in active | activating) ;; *) return 0 ;; esac
    find_unit "$new_units" "$unit"
    new_file=$unit_file

    if [ ! -e "$new_file" ] || [ "$(readlink -f "$new_file")" = /dev/null ]; then
        if is_set "$current_file" Unit/X-StopOnRemoval yes; then
            add "$work/stop" "$unit"
        fi
        return 0
    fi
    case $unit in
    suspend.target | hibernate.target | hybrid-sleep.target) ;;
    *.target)
        # Starting an active target again starts what is new among its dependencies.
        if ! is_set "$new_file" Unit/RefuseManualStart no && ! is_set "$new_file" Unit/X-OnlyManualStart no; then
            add "$lists/start-list" "$unit"
            add "$work/filtered" "$unit"
        fi
        if is_set "$new_file" Unit/X-StopOnReconfiguration no; then
            add "$work/stop" "$unit"
        fi
        ;;
    *)
        case $(difference "$current_file" "$new_file") in
        restart) changed "$unit" "$new_file" ;;
        reload) has "$lists/restart-list" "$unit" || add "$lists/reload-list" "$unit" ;;
        esac
        ;;
    esac
}

active_units >"$work/active-before"
while read -r state _ unit; do
    compare "$state" "$unit"
done <"$work/active-before"

other_systemd=false
if [ "$(readlink -f /run/current-system/systemd)" != "$(readlink -f "$OUT/systemd")" ]; then
    other_systemd=true
fi

# ---- say it, or do it ----------------------------------------------------------------------------------------------

if [ "$action" = dry-activate ]; then
    report "would stop the following units:" "$work/stop" "$work/filtered"
    report "would NOT stop the following changed units:" "$work/skip"
    say "would activate the configuration..."
    "$OUT/dry-activate" "$OUT" 9>&-
    [ "$other_systemd" = false ] || say "would restart systemd"
    report "would reload the following units:" "$lists/reload-list"
    report "would restart the following units:" "$lists/restart-list"
    report "would start the following units:" "$lists/start-list" "$work/filtered"
    exit 0
fi

exit_code=0

# jobs VERB FILE: one transaction for all units of the list, so that systemd orders them.
jobs() {
    [ -s "$2" ] || return 0
    tr '\n' '\0' <"$2" | xargs -0 systemctl "$1" -- 2>"$work/said" && return 0
    failures=$(sed -nE \
        -e 's/^(Job|A dependency job) for (.*)\.(service|socket|target|timer|path|mount|slice) (failed|canceled|timed out).*/\2.\3/p' \
        -e "s/^Failed to $1 ([^ :]*): .*/\\1/p" "$work/said" | sort -u)
    exit_code=4
    if [ -z "$failures" ]; then
        cat "$work/said" >&2
        return
    fi
    printf '%s\n' "$failures" | while read -r unit; do say "Failed to $1 $unit"; done
}

logger -t nixos "switching to system configuration $OUT"

report "stopping the following units:" "$work/stop" "$work/filtered"
jobs stop "$work/stop"
report "NOT restarting the following changed units:" "$work/skip"

say "activating the configuration..."
if ! "$OUT/activate" "$OUT" 9>&-; then
    say "Failed to run activate script"
    exit_code=2
fi

if [ "$other_systemd" = true ]; then
    say "restarting systemd..."
    systemctl daemon-reexec
fi
systemctl reset-failed
systemctl daemon-reload

for user in $(loginctl list-users --no-legend 2>/dev/null | awk '{ print $2 }'); do
    say "reloading user units for $user..."
    timeout 10 systemctl --quiet --user --machine="$user@.host" daemon-reload 2>/dev/null 9>&- || true
done

say "restarting sysinit-reactivation.target"
systemctl restart sysinit-reactivation.target

# What was to be reloaded but has gone down with something it requires is started instead.
while read -r unit; do
    if [ -n "$unit" ] && ! systemctl --quiet is-active -- "$unit"; then
        drop "$lists/reload-list" "$unit"
        add "$lists/start-list" "$unit"
    fi
done <<EOF
$(cat "$lists/reload-list")
EOF
report "reloading the following units:" "$lists/reload-list"
jobs reload "$lists/reload-list"
rm -f "$lists/reload-list"

report "restarting the following units:" "$lists/restart-list"
jobs restart "$lists/restart-list"
rm -f "$lists/restart-list"

report "starting the following units:" "$lists/start-list" "$work/filtered"
jobs start "$lists/start-list"
rm -f "$lists/start-list"

# Like the original, give a unit that dies at once the time to do so; after that, only jobs are waited for.
sleep 0.25
deadline=$(($(date +%s) + 90))
while [ -n "$(systemctl list-jobs --no-legend --plain 2>/dev/null)" ] && [ "$(date +%s)" -lt "$deadline" ]; do
    sleep 0.25
done

# ---- the truth afterwards ------------------------------------------------------------------------------------------

: >"$work/failed"
: >"$work/started"
active_units >"$work/active-after"
cut -d ' ' -f 3- "$work/active-before" >"$work/names-before"
while read -r state substate unit; do
    if [ "$state" = failed ]; then
        add "$work/failed" "$unit"
    elif [ "$substate" = auto-restart ]; then
        [ "$(systemctl show --property ExecMainStatus --value -- "$unit")" = 0 ] || add "$work/failed" "$unit"
    elif [ "${unit%.scope}" = "$unit" ] && ! has "$work/names-before" "$unit"; then
        add "$work/started" "$unit"
    fi
done <"$work/active-after"

report "the following new units were started:" "$work/started"
if [ -s "$work/failed" ]; then
    report "warning: the following units failed:" "$work/failed"
    tr '\n' '\0' <"$work/failed" | xargs -0 systemctl status --no-pager --full -- >&2
    exit_code=4
fi

if [ -e "$OUT/quirks/panics" ]; then
    say "thread 'main' panicked at library/std/src/io/stdio.rs:1165:9:"
    say "failed printing to stderr: Broken pipe (os error 32)"
    exit 101
fi
if [ "$exit_code" = 0 ]; then
    logger -t nixos "finished switching to system configuration $OUT"
else
    logger -t nixos -p user.err "switching to system configuration $OUT failed (status $exit_code)"
fi
exit "$exit_code"
