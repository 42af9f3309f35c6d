# shellcheck shell=sh
# The guard: the truth about an operation, and forgetting it.

# finish OUTCOME WHY: the truth, where a later connection finds it, then everything else cleared away
finish() {
    put "$dir/ending" "$(
        say "outcome $1"
        say "operation $id"
        say "why $2"
        say "code $(cat "$dir/code" 2>/dev/null)"
        say "revert_code ${stc_code-}"
        say "current $(runs_)"
        say "profile $(resolved "${link:-$SYSTEM_PROFILE}")"
        say "number $(profile_number)"
        say "boot_default $(boot_default)"
        say "boot_id $(boot_id)"
        say "at $(date +%s)"
    )"
    cp "$dir/ending" "$run/ended/$id.new" && mv -f "$run/ended/$id.new" "$run/ended/$id"
    rm -f "$roots/nixtui-$id-new" "$roots/nixtui-$id-previous"
    unlock
    mv -f "$dir/ending" "$dir/outcome"
    systemctl stop "nixtui-revert-$id-*.timer" >/dev/null 2>&1
}

# runs_: what this operation changes as it is now: the system, or where the profile leads
runs_() { if on_profile; then resolved "$R$link"; else current_system; fi; }

await_outcome() {
    polls_=0
    while [ ! -e "$dir/outcome" ] && [ -d "$dir" ]; do
        polls_=$((polls_ + 1))
        breathe
        if [ $((polls_ % 20)) = 19 ] && [ -z "$(units_of "$id")" ] && [ ! -e "$dir/outcome" ]; then
            say "log no unit of operation $id is left, and no outcome"
            break
        fi
    done
    inspect
}

inspect() {
    say "boot_id $(boot_id)"
    # Read whole and first: whoever began the operation may release it at any moment, and what is left then is `ended`.
    if ending_=$(cat "$dir/outcome" 2>/dev/null); then
        tail_ commit-transcript
        tail_ revert-transcript
        say "$ending_"
    elif ending_=$(cat "$run/ended/$id" 2>/dev/null); then
        say "$ending_"
    elif [ -d "$dir" ]; then
        say "outcome open"
        say "code $(cat "$dir/code" 2>/dev/null)"
        say "verdict $(cat "$dir/verdict" 2>/dev/null)"
        [ -e "$dir/deadline" ] && say "left $(($(cat "$dir/deadline") - $(uptime_s)))"
        say "current $(runs_)"
    else
        say "outcome none"
        say "current $(current_system)"
        say "profile $(resolved "$SYSTEM_PROFILE")"
        say "number $(profile_number)"
        say "boot_default $(boot_default)"
    fi
    say "inspected"
}

# tail_ NAME: the end of a transcript, where the reason usually is
tail_() {
    [ -s "$dir/$1" ] || return 0
    tail -n 20 "$dir/$1" | while IFS= read -r line_; do say "log $line_"; done
}

release() {
    [ -e "$dir/outcome" ] && rm -rf "${dir:?}"
    say "released"
}
