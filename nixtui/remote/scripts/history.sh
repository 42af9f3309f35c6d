#!/bin/sh
# What happened on a host lately: for the incident timeline; remote/history.py is the other half.
#
# usage: history.sh SECONDS   (how far back)
#
# Lines of "KEY VALUE" between two marks; a value never has a newline or another control character in it. What cannot
# be read is left out, and a line "incomplete WHY" says so. Asks the journal by indexed fields alone, so that a journal
# of gigabytes answers in milliseconds; nothing is asked as root.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # root, resolved, line, harmless and kernel are of that part

most_links=40 most_activations=40 most_failures=400 most_boots=30 most_units=24 most_ended=40
asked='|'

# tell KEY VALUE: nothing when the value is empty, that is unknown
tell() {
    without_controls "$2"
    [ -z "$harmless" ] || printf '%s %s\n' "$1" "$harmless"
}

# told KEY: every line of standard input under that key; control characters have no business in journalctl's JSON
told() {
    tr -d '\000-\010\013-\037\177' | while IFS= read -r said || [ -n "$said" ]; do printf '%s %s\n' "$1" "$said"; done
}

now() { exec date +%s </dev/null 2>/dev/null; }

# journal ARGUMENT…: entries, or nothing; a journal that hangs must not keep us
journal() {
    if command -v timeout >/dev/null; then
        timeout 20 journalctl --no-pager --quiet "$@" </dev/null 2>/dev/null
    else
        journalctl --no-pager --quiet "$@" </dev/null 2>/dev/null
    fi
}

# ---- the profile's links -----------------------------------------------------------------------------------------

# The newest by number: what was before a window is told by the generation before it.
links() {
    profile=/nix/var/nix/profiles/system
    set --
    for link in "$root$profile"-[0-9]*-link; do
        number=${link#"$root$profile"-}
        is_number "${number%-link}" && [ -L "$link" ] && set -- "$@" "$link"
    done
    [ $# -gt 0 ] || return 0
    stat -c '%Y %n' "$@" </dev/null 2>/dev/null | while read -r created link; do
        number=${link#"$root$profile"-}
        printf '%s %s\n' "${number%-link}" "$created"
    done | sort -n | tail -n "$most_links" | while read -r number created; do
        generation "$number" "$created"
    done
}

generation() {
    tell generation "$1"
    tell created_at "$2"
    resolve "$profile-$1-link"
    if [ -z "$resolved" ]; then
        path=$(exec readlink "$root$profile-$1-link" </dev/null 2>/dev/null)
        tell path "${path#"$root"}"
        return
    fi
    path=$resolved
    tell path "$path"
    case $asked in
    *"|$path|"*) ;;
    *)
        asked="$asked$path|"
        first_line "$path/nixos-version"
        tell version "$line"
        kernel_of "$path"
        tell kernel "$kernel"
        tell revision "$(revision_of "$path")"
        ;;
    esac
}

# ---- the journal -------------------------------------------------------------------------------------------------

# journal_access: says what of the journal this login does not see
journal_access() {
    if ! command -v journalctl >/dev/null; then
        tell incomplete 'the host has no journalctl'
        return 1
    fi
    # journalctl gives the reason as a hint on standard error, unless it is quiet, which -o cat and -o json make it
    hint=$(journalctl --no-pager -n 1 -o short 2>&1 >/dev/null </dev/null)
    case $hint in
    *'not seeing messages'* | *'insufficient permissions'* | *'Permission denied'*)
        tell incomplete "the journal is not readable by $(id -un 2>/dev/null || echo this login)"
        ;;
    *'No journal files were'*)
        tell incomplete 'the host keeps no journal'
        ;;
    esac
}

# switch-to-configuration writes them as root (nixpkgs, switch-to-configuration-ng): any other user could as well.
activations() {
    journal -o json --output-fields=MESSAGE,_BOOT_ID -n "$most_activations" SYSLOG_IDENTIFIER=nixos _UID=0 |
        told activation
}

# Of systemd itself (PID 1): a unit failed (SD_MESSAGE_UNIT_FAILURE_RESULT), a start or stop job did
# (SD_MESSAGE_UNIT_FAILED); and of those units, that they were started again (SD_MESSAGE_UNIT_STARTED).
failures() {
    failed=$(journal -o json --output-fields=MESSAGE_ID,UNIT,UNIT_RESULT,JOB_RESULT -n "$most_failures" --since="@$1" \
        _PID=1 MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c MESSAGE_ID=be02cf6855d2428ba40df7e9d022f03d)
    [ -n "$failed" ] || return 0
    printf '%s\n' "$failed" | told failure
    [ "$(printf '%s\n' "$failed" | wc -l)" -lt "$most_failures" ] ||
        tell incomplete "only the newest $most_failures failures of units"
    set -- "$1"
    set -f
    for unit in $(printf '%s\n' "$failed" | sed -n 's/.*"UNIT" *: *"\([^"]*\)".*/\1/p' | sed 's/\\\\/\\/g' | sort -u |
        tail -n "$most_units"); do
        set -- "$@" "UNIT=$unit"
    done
    set +f
    [ $# -gt 1 ] || return 0
    since=$1
    shift
    journal -o json --output-fields=UNIT -n "$most_failures" --since="@$since" \
        _PID=1 MESSAGE_ID=39f53479d3a045ac8e11786248231fbf "$@" | told recovery
}

boots() {
    first_line /proc/uptime
    tell uptime "${line%% *}"
    first_line /proc/sys/kernel/random/boot_id
    tell boot_id "$line"
    first_line /proc/sys/kernel/osrelease
    tell kernel_running "$line"
    [ -n "$1" ] || return 0
    listed=$(journal --utc --list-boots | tail -n "$most_boots")
    printf '%s\n' "$listed" | told boot
    # the kernel of a boot is the first word of its log; asked of the last few, which is where a night's reboots are
    printf '%s\n' "$listed" | tail -n 4 | while read -r index boot _; do
        case $index in -[0-9]*)
            journal -o cat "_BOOT_ID=$boot" _TRANSPORT=kernel | {
                IFS= read -r said && case $said in 'Linux version '*)
                    said=${said#Linux version }
                    tell boot_kernel "$boot ${said%% *}"
                    ;;
                esac
            }
            ;;
        esac
    done
}

# ---- nixtui's own records ----------------------------------------------------------------------------------------

# What the guard left of operations that ended (parts/guard/ending.sh); they are gone with the next boot.
ended() {
    count=0
    for record in "$root"/run/nixtui/ended/*; do
        case $record in *.new) continue ;; esac
        if [ ! -r "$record" ] || [ $count -ge $most_ended ]; then
            continue
        fi
        count=$((count + 1))
        tell ended "${record##*/}"
        while read -r key value; do
            case $key in outcome | at | current) tell "ended_$key" "$value" ;; esac
        done <"$record"
    done
}

main() {
    is_number "${1-}" || exit 2
    echo '#nixtui-history begin'
    clock=$(now)
    since=$((clock - $1))
    [ "$since" -ge 0 ] || since=0
    tell clock "$clock"
    tell since "$since"
    resolve /run/current-system
    tell current "$resolved"
    tell switched_at "$(exec stat -c %Y "$root/nix/var/nix/profiles/system" </dev/null 2>/dev/null)"
    ended
    if journal_access; then
        activations
        failures "$since"
        boots journal
    else
        boots ''
    fi
    links
    echo '#nixtui-history end'
}

main "$@"
