# shellcheck shell=sh
# The guard: making it last, or undoing that. Commit and revert exclude each other.

# claim WHO: commit and revert exclude each other; whoever is first has it, for good, and may come back to it
claim() {
    put "$dir/claim-$1" "$1"
    ln "$dir/claim-$1" "$dir/verdict" 2>/dev/null
    [ "$(cat "$dir/verdict")" = "$1" ]
}

extend() {
    if [ -e "$dir/verdict" ] || [ ! -d "$dir" ]; then
        inspect
    else
        arm || {
            say "log the deadline could not be put off: $armed_"
            inspect
        }
    fi
}

verify() {
    say "current $(runs_)"
    say "profile $(profile_runs)"
    say "code $(cat "$dir/code" 2>/dev/null)"
    failed_units | while read -r unit_; do
        if grep -qxF -- "$unit_" "$dir/failed-before" 2>/dev/null; then
            say "still_failed $unit_"
        else
            say "newly_failed $unit_"
            systemctl status --no-pager --full --lines=8 -- "$unit_" 2>&1 |
                while IFS= read -r line_; do say "log $line_"; done
        fi
    done
    say "verified"
}

commit() {
    if [ ! -e "$dir/verdict" ]; then
        said_=$(in_unit "nixtui-commit-$id" --property=Restart=on-failure --property=RestartSec=1 \
            --property=StartLimitIntervalSec=0 --property=RuntimeMaxSec="$(recall activation_timeout)" \
            /bin/sh "$dir/guard" committing "$id") || {
            if is_for_boot_; then
                finish failed "the commit could not be started: $said_"
            else
                revert "the commit could not be started: $said_"
                return
            fi
        }
    fi
    await_outcome
}

# is_for_boot_: nothing is active before the next boot
is_for_boot_() {
    case $(recall mode) in boot | profile-boot | pull-boot) ;; *) return 1 ;; esac
}

# Runs as nixtui-commit-ID.service; killed in the middle, systemd starts it again and it goes on where it was.
committing() {
    claim commit || return 0
    [ ! -e "$dir/outcome" ] || return 0
    systemctl stop "nixtui-revert-$id-*.timer" >/dev/null 2>&1
    if [ "$(recall mode)" = test ] || [ "$(recall mode)" = pull-test ]; then
        # Nothing lasts: profile and boot entry were never touched, so the next boot is what takes it back.
        finish tested ''
        return
    fi
    if [ ! -e "$dir/undo" ]; then
        if ! attempt commit; then problem_="the commit was cut off three times"; elif on_profile; then
            problem_=$(make_profile_last)
        elif pulls; then
            problem_=$(accept_pulled)
        else
            problem_=$(make_it_last)
        fi
        if [ -z "$problem_" ]; then
            finish committed ''
            return
        fi
        put "$dir/undo" "$problem_"
    fi
    undo_commit "$(cat "$dir/undo")"
}

# attempt NAME: counts; false from the fourth time on
attempt() {
    count_=$(($(cat "$dir/attempts-$1" 2>/dev/null || echo 0) + 1))
    put "$dir/attempts-$1" "$count_"
    [ "$count_" -le 3 ]
}

# make_it_last: profile, boot entry, and a look at both; prints what went wrong, if anything did
make_it_last() {
    now_=$(resolved "$SYSTEM_PROFILE")
    if [ "$now_" != "$lasts" ] && [ "$now_" != "$(recall profile)" ]; then
        say "somebody else pointed the profile to $now_ meanwhile"
        return
    fi
    number_=$(recall number)
    if [ -n "$number_" ] && [ "$(resolved "$SYSTEM_PROFILE-$number_-link")" = "$lasts" ]; then
        said_=$(nix-env --profile "$SYSTEM_PROFILE" --switch-generation "$number_" 2>&1)
    else
        said_=$(nix-env --profile "$SYSTEM_PROFILE" --set "$lasts" 2>&1)
    fi || {
        say "the profile could not be set: $(printf '%s' "$said_" | tail -n 1)"
        return
    }
    run_stc "$lasts" boot "$dir/commit-transcript" "$STC_LOCK_TRIES_REVERT"
    if [ "$stc_code" != 0 ]; then
        say "the boot entry could not be written (exit $stc_code): $(tail -n 1 "$dir/commit-transcript")"
        return
    fi
    [ "$(resolved "$SYSTEM_PROFILE")" = "$lasts" ] || {
        say "the profile does not point to the new system"
        return
    }
    boots_=$(boot_default)
    # Entries name the system that starts, which is inside of what a profile of deploy-rs is.
    [ -z "$boots_" ] || [ "$boots_" = "$lasts" ] || [ "$boots_" = "$(system_of "$lasts")" ] ||
        say "the boot default is still $boots_"
}

# undo_commit WHY: profile and boot entry as they were, then the system as it was
undo_commit() {
    if on_profile; then put_link_back; elif pulls; then take_pulled_back; else put_back; fi || say "log profile or boot entry could not be put back"
    if is_for_boot_; then
        finish failed "$1"
    else
        go_back "$1"
    fi
}

put_back() {
    old_=$(recall profile_number)
    made_=$(profile_number)
    if [ "$(resolved "$SYSTEM_PROFILE")" = "$lasts" ] && [ "$made_" != "$old_" ]; then
        if [ -n "$old_" ]; then
            nix-env --profile "$SYSTEM_PROFILE" --switch-generation "$old_"
        else
            nix-env --profile "$SYSTEM_PROFILE" --set "$(recall profile)"
        fi >/dev/null 2>&1 || return
        # A generation that only our --set made, not the one we were asked to go to.
        [ "$made_" = "$(recall number)" ] || [ "$made_" -le "$(recall newest)" ] ||
            nix-env --profile "$SYSTEM_PROFILE" --delete-generations "$made_" >/dev/null 2>&1
    fi
    old_=$(recall boot_default)
    [ -z "$old_" ] || [ "$(boot_default)" = "$old_" ] || {
        run_stc "$old_" boot "$dir/commit-transcript" "$STC_LOCK_TRIES_REVERT"
        [ "$stc_code" = 0 ]
    }
}
