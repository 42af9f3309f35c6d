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
        say "current $(current_system)"
        say "profile $(resolved "$SYSTEM_PROFILE")"
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
    if [ -e "$dir/outcome" ]; then
        tail_ commit-transcript
        tail_ revert-transcript
        while IFS= read -r line_; do say "$line_"; done <"$dir/outcome"
    elif [ -e "$run/ended/$id" ]; then
        while IFS= read -r line_; do say "$line_"; done <"$run/ended/$id"
    elif [ -d "$dir" ]; then
        say "outcome open"
        say "code $(cat "$dir/code" 2>/dev/null)"
        say "verdict $(cat "$dir/verdict" 2>/dev/null)"
        [ -e "$dir/deadline" ] && say "left $(($(cat "$dir/deadline") - $(uptime_s)))"
        say "current $(current_system)"
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
