# shellcheck shell=sh
# Upkeep: starting, stopping or restarting a unit, and seeing what became of it.

# state_of UNIT: on one line
state_of() {
    systemctl show --property=LoadState,ActiveState,SubState,Result,NRestarts -- "$1" 2>/dev/null | tr '\n' ' '
}

# is_settled UNIT: it failed, it is done, or systemd is about to start it again: waiting longer tells nothing new
is_settled() {
    case $(state_of "$1") in
    *ActiveState=failed* | *ActiveState=inactive* | *SubState=auto-restart*) ;;
    *) return 1 ;;
    esac
}

# work_unit VERB UNIT SECONDS SETTLE: systemd is given so many seconds; then the unit is watched for SETTLE more, because
# a program that dies of its configuration does so a moment after systemd called it started
work_unit() {
    verb_=$1 unit_=$2
    failed_units >"$dir/failed-before"
    since_=$(date +%s)
    say "before $(state_of "$unit_")"
    say "step $verb_"
    if command -v timeout >/dev/null; then
        status_of timeout "$3" systemctl --no-pager "$verb_" -- "$unit_" | told
    else
        status_of systemctl --no-pager "$verb_" -- "$unit_" | told
    fi
    exit_=$(cat "$dir/exit")
    say "exit $exit_"
    say "step watch"
    if [ "$verb_" != stop ]; then
        rounds_=$(($4 * 2))
        while [ "$rounds_" -gt 0 ] && ! is_settled "$unit_"; do
            rounds_=$((rounds_ - 1))
            sleep 0.5
        done
    fi
    after_=$(state_of "$unit_")
    say "after $after_"
    failed_units | while read -r each_; do
        grep -qxF -- "$each_" "$dir/failed-before" || say "newly_failed $each_"
    done
    case "$exit_ $after_" in
    '0 '*ActiveState=failed* | '0 '*SubState=auto-restart* | [!0]*) last_words "$unit_" "$since_" ;;
    esac
    return 0
}

# last_words UNIT SINCE
last_words() {
    journalctl --unit="$1" --since="@$2" --lines=20 --no-pager --quiet 2>/dev/null </dev/null |
        while IFS= read -r line_; do say "said $line_"; done
}
