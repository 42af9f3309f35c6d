#!/bin/sh
# What this host is, told again as it changes; remote/probe.py is the other half.
#
# usage: probe.sh NONCE
#
# Tells everything it knows, then waits on standard input. Each line there is answered, at once, by a block of the
# values that changed or by one line saying that none did:
#
#   tick   what is cheap: one fork (busctl, or systemctl); everything else is read by the shell itself
#   slow   also disks and the clock, a fork each; about once a minute
#   full   everything again, changed or not
#
# The interval is the operator's: a host that nobody asks does nothing, and the end of standard input ends it.
# Answers are framed, and the frame carries NONCE, so that no banner and no half line is taken for a value:
#
#   #nixtui-probe NONCE hello 1
#   #nixtui-probe NONCE begin N news     ("all" instead of "news" where nothing is left out)
#   KEY VALUE                          a value that is gone has its key alone
#   #nixtui-probe NONCE end N LINES
#   #nixtui-probe NONCE alive N
#
# What cannot be read is not told: unknown is neither an error nor a zero. Needs no root.
#
# Needs parts/facts.sh and parts/meters.sh before it.
# shellcheck disable=SC2154 # root, resolved, line, harmless, kernel, stale and newline are of those parts
#
# sd-bus would wait 25 s for a systemd that hangs; the operator's patience ends before that.
SYSTEMD_BUS_TIMEOUT=4
export SYSTEMD_BUS_TIMEOUT

profile_link=/nix/var/nix/profiles/system
most_failed_units=32

all=''        # "yes" while answering full
slow=''       # "yes" while disks and the clock are wanted
block=''      # the answer so far
lines=0
answers=0
seen_links='' # all links at the last answer
asked_system=none # the system whose version, kernel and revision are known
revision=''
dated_units=''    # the failed units for which failed_at is known
failed_at=''
lock_holder=''

# tell KEY VALUE: one more line of the answer, when it is news. An empty value is an unknown one.
tell() {
    told=''
    eval "told=\${was_$1-}"
    if [ "$2" = "$told" ] && { [ -z "$all" ] || [ -z "$2" ]; }; then
        return
    fi
    eval "was_$1=\$2"
    without_controls "$2"
    block="$block$1${harmless:+ $harmless}$newline"
    lines=$((lines + 1))
}

links() {
    resolve /run/current-system
    current=$resolved
    resolve /run/booted-system
    booted=$resolved
    resolve "$profile_link"
    profile=$resolved
    set -- "$root$profile_link"-[0-9]*-link
    now_links="$current $booted $profile $*"
    [ "$now_links" = "$seen_links" ] || slow=yes
    [ -n "$slow" ] || return 0
    seen_links=$now_links
    tell current_system "$current"
    tell booted_system "$booted"
    tell profile_system "$profile"
    wrapped_by "$profile"
    tell profile_wraps "$wrapped"
    if [ -n "$profile" ] && [ -L "$1" ]; then
        tell generations $#
    else
        tell generations ''
    fi
    generation
    system
    reboot_due
}

generation() {
    number='' switched=''
    if [ -L "$root$profile_link" ]; then
        number=$(number_of "$profile_link")
        switched=$(exec stat -c %Y "$root$profile_link" </dev/null 2>/dev/null)
        is_number "$switched" || switched=''
    fi
    tell generation "$number"
    tell switched_at "$switched"
}

# What is written in the current system: it cannot change while the link stays, so "full" only tells it again, too. A
# revision that could not be read may have been bad luck.
system() {
    if [ "$current" != "$asked_system" ] || { [ -n "$all" ] && [ -z "$revision" ]; }; then
        asked_system=$current
        version='' revision='' kernel=''
        if [ -n "$current" ]; then
            first_line "$current/nixos-version"
            version=$line
            revision=$(revision_of "$current")
            kernel_of "$current"
        fi
    fi
    tell nixos_version "$version"
    tell configuration_revision "$revision"
    tell kernel_current "$kernel"
}

reboot_due() {
    stale=''
    [ -n "$current" ] && [ -n "$booted" ] && stale_parts "$booted" "$current"
    first_line /proc/sys/kernel/osrelease
    tell kernel_running "$line"
    tell reboot_for "${stale:+$stale ${line:--} ${kernel:--}}"
}

boot() {
    first_line /proc/sys/kernel/random/boot_id
    tell boot_id "$line"
    first_line /proc/uptime
    tell uptime_s "${line%%.*}"
}

# The one fork of an idle tick; a second one while units are failed, or while only systemctl gets through to systemd, and
# a third when other units are failed than before.
systemd() {
    state='' failed='' count=''
    command -v systemctl >/dev/null || return 0
    if ! ask_bus && ! ask_systemctl && [ -d "$root/run/systemd/system" ]; then
        state=unresponsive
    fi
    case $count in
    '') ;;
    0) failed=none ;;
    *) failed_units ;;
    esac
    case $failed in
    "$dated_units") ;;
    none | '') dated_units=$failed failed_at='' ;;
    *) first_failure ;;
    esac
    tell systemd_state "$state"
    tell failed_units "$failed"
    tell failed_at "$failed_at"
}

# Asks for two values where systemctl asks for all that systemd has: 5 ms of the host's CPU and not 7.5, 0.5 ms of that
# in systemd and not 2.4. Says, in two lines: s "running", u 0.
ask_bus() {
    [ -S "$root/run/dbus/system_bus_socket" ] && command -v busctl >/dev/null || return 1
    said=$(exec busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 \
        org.freedesktop.systemd1.Manager SystemState NFailedUnits </dev/null 2>/dev/null)
    case $said in
    's "'?*'"'"$newline"'u '[0-9]*) ;;
    *) return 1 ;;
    esac
    state=${said#*\"}
    state=${state%%\"*}
    count=${said##*u }
}

ask_systemctl() {
    said=$(exec systemctl show -p SystemState -p NFailedUnits </dev/null 2>/dev/null)
    case $said in
    *NFailedUnits=*)
        count=${said#*NFailedUnits=}
        count=${count%%"$newline"*}
        ;;
    esac
    case $said in
    *SystemState=*)
        state=${said#*SystemState=}
        state=${state%%"$newline"*}
        ;;
    *) return 1 ;;
    esac
}

failed_units() {
    units=$(exec systemctl list-units --state=failed --plain --no-legend --no-pager --full </dev/null 2>/dev/null)
    found=0
    while [ -n "$units" ] && [ $found -lt $most_failed_units ]; do
        unit=${units%%"$newline"*}
        case $units in
        *"$newline"*) units=${units#*"$newline"} ;;
        *) units='' ;;
        esac
        unit=${unit%% *}
        [ -n "$unit" ] || continue
        failed="$failed${failed:+ }$unit"
        found=$((found + 1))
    done
}

# The uptime at which the first of them failed.
first_failure() {
    dated_units=$failed failed_at=''
    # shellcheck disable=SC2086 # one word each
    stamps=$(exec systemctl show --value -p StateChangeTimestampMonotonic -- $failed </dev/null 2>/dev/null)
    for stamp in $stamps; do
        is_number "$stamp" || continue
        [ "$stamp" -ge 1000000 ] || continue
        stamp=${stamp%??????}
        if [ -z "$failed_at" ] || [ "$stamp" -lt "$failed_at" ]; then
            failed_at=$stamp
        fi
    done
}

# Which nixtui is changing this host: lines of "operation ID", "operator NAME", "since SECONDS"; and the uptime at which
# the host goes back by itself.
lock() {
    lock_holder='' operator='' since='' deadline=''
    if [ -e "$root/run/nixtui/lock" ]; then
        if [ -r "$root/run/nixtui/lock" ]; then
            while read -r key value; do
                case $key in
                operation) lock_holder=$value ;;
                operator) operator=$value ;;
                since) since=$value ;;
                esac
            done <"$root/run/nixtui/lock"
        fi
        is_number "$since" || since=0
        is_id "$lock_holder" || lock_holder=unknown
        if [ -r "$root/run/nixtui/$lock_holder/deadline" ]; then
            read -r deadline <"$root/run/nixtui/$lock_holder/deadline"
        fi
        is_number "$deadline" || deadline=''
    fi
    tell lock "${lock_holder:+$lock_holder $since ${operator:-unknown}}"
    tell lock_deadline "$deadline"
}

is_id() {
    case $1 in
    '' | *[!A-Za-z0-9._-]*) return 1 ;;
    esac
}

# What a nixtui that died left behind: records of operations, and roots without a record.
leftovers() {
    left=''
    for record in "$root"/run/nixtui/*/; do
        id=${record%/}
        id=${id##*/}
        if is_id "$id" && [ "$id" != ended ] && [ "$id" != "$lock_holder" ]; then
            left="$left $id"
        fi
    done
    for link in "$root"/nix/var/nix/gcroots/nixtui-*-new "$root"/nix/var/nix/gcroots/nixtui-*-previous; do
        id=${link##*/nixtui-}
        id=${id%-*}
        if is_id "$id" && [ ! -d "$root/run/nixtui/$id" ]; then
            case "$left " in
            *" $id "*) ;;
            *) left="$left $id" ;;
            esac
        fi
    done
    tell leftovers "${left# }"
}

# sops-nix and agenix both number what they decrypt: /run/secrets leads to /run/secrets.d/12.
secrets() {
    decrypted=''
    resolve /run/secrets
    case $resolved in
    /run/secrets.d/?*) decrypted="sops:${resolved##*/}" ;;
    esac
    resolve /run/agenix
    case $resolved in
    /run/agenix.d/?*) decrypted="$decrypted${decrypted:+ }agenix:${resolved##*/}" ;;
    esac
    tell secrets_generation "$decrypted"
}

answer() {
    block='' lines=0
    links
    load
    memory
    systemd
    lock
    leftovers
    secrets
    if [ -n "$slow" ]; then
        boot
        disks
    fi
    answers=$((answers + 1))
    scope=news
    [ -n "$all" ] && scope=all
    if [ $lines -eq 0 ]; then
        printf '#nixtui-probe %s alive %s\n' "$nonce" $answers
    else
        printf '#nixtui-probe %s begin %s %s\n%s#nixtui-probe %s end %s %s\n' \
            "$nonce" $answers "$scope" "$block" "$nonce" $answers $lines
    fi
}

main() {
    nonce=${1-0}
    printf '#nixtui-probe %s hello 1\n' "$nonce"
    all=yes slow=yes
    answer
    while read -r request; do
        all='' slow=''
        case $request in
        full) all=yes slow=yes ;;
        slow) slow=yes ;;
        esac
        answer
    done
    exit 0
}

# One line, and the last: dash reads its script ahead from standard input, so nothing may follow but requests.
main "$@"
