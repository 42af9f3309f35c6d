# shellcheck shell=sh
# The guard: deleting generations, under the same lock as activations and in a unit that nobody's leaving ends.
# Needs pins.sh before it.

prune() {
    numbers=''
    for each_; do
        case $each_ in
        operator=*) operator=$(printf '%s' "${each_#*=}" | one_line) ;;
        numbers=*) numbers=${each_#*=} ;;
        expect_current=*) expect_current=${each_#*=} ;;
        expect_profile=*) expect_profile=${each_#*=} ;;
        guard=*) reference=${each_#*=} ;;
        esac
    done
    take_lock "$operator" || {
        rm -rf "${dir:?}"
        return 0
    }
    sweep
    check_prune_ || return 0
    record_prune_ || refuse room "the record in $dir could not be written" || return 0
    claim commit # there is nothing to revert to: breaking the lock waits for the end instead
    said_=$(in_unit "nixtui-prune-$id" --property=Restart=on-failure --property=RestartSec=1 \
        --property=StartLimitIntervalSec=0 --property=RuntimeMaxSec=900 /bin/sh "$dir/guard" pruning "$id") ||
        refuse unsupported "its unit could not be started: $said_" || return 0
    say "started"
    await_outcome
}

# Whatever was true when somebody decided: a generation that matters by now is not deleted, nor is any other then.
check_prune_() {
    command -v systemd-run >/dev/null && [ -d "$R/run/systemd/system" ] ||
        refuse unsupported "this host has no systemd-run: nothing would see it to its end" || return
    now_=$(current_system)
    [ "$now_" = "$expect_current" ] ||
        refuse moved "it runs ${now_:-nothing known} now, not what was shown" || return
    now_=$(resolved "$SYSTEM_PROFILE")
    [ "$now_" = "$expect_profile" ] ||
        refuse moved "its profile points to ${now_:-nothing} now, not to what was shown" || return
    kept_=$(
        current_system
        booted_system
        resolved "$SYSTEM_PROFILE"
        boot_default
        pinned
    )
    for each_ in $numbers; do
        link_=$SYSTEM_PROFILE-$each_-link
        [ -L "$link_" ] || refuse moved "generation $each_ is not there any more" || return
        path_=$(resolved "$link_")
        if [ "$each_" = "$(profile_number)" ] || printf '%s\n' "$kept_" | grep -qxF -e "${path_:-none}" -e "$(system_of "${path_:-none}")"; then
            refuse moved "generation $each_ is in use: it runs, booted, boots next, is the profile or is pinned" || return
        fi
    done
    is_idle
}

record_prune_() {
    put "$dir/guard" "$reference" && put "$dir/record" "operation $id
operator $operator
mode prune
numbers $numbers
profile $expect_profile
boot_default $(boot_default)
boot_id $(boot_id)"
}

# Runs as nixtui-prune-ID.service; killed in the middle, systemd starts it again, and all of it may be done twice.
pruning() {
    [ ! -e "$dir/outcome" ] || return 0
    if attempt prune; then problem_=$(delete_generations_); else problem_="it was cut off three times"; fi
    if [ -z "$problem_" ]; then finish committed ''; else finish failed "$problem_"; fi
}

# delete_generations_: the links, then the boot entries; prints what went wrong, if anything did
delete_generations_() {
    # shellcheck disable=SC2046 # numbers
    said_=$(nix-env --profile "$SYSTEM_PROFILE" --delete-generations $(recall numbers) 2>&1) || {
        say "nix-env could not delete them: $(printf '%s' "$said_" | tail -n 1)"
        return
    }
    for each_ in $(recall numbers); do
        [ ! -L "$SYSTEM_PROFILE-$each_-link" ] || {
            say "generation $each_ is still there"
            return
        }
    done
    # The system that writes the entries becomes the default one: what boots next has to stay that.
    boots_=$(recall boot_default)
    is_generation_ "$boots_" || boots_=$(resolved "$SYSTEM_PROFILE")
    NIXOS_NO_CHECK=1 # about switching to it, which nobody does
    export NIXOS_NO_CHECK
    run_stc "$boots_" boot "$dir/commit-transcript" "$STC_LOCK_TRIES_REVERT"
    [ "$stc_code" = 0 ] || {
        say "they are deleted, but the boot entries could not be written (exit $stc_code):" \
            "$(tail -n 1 "$dir/commit-transcript")"
        return
    }
    now_=$(boot_default)
    [ -z "$now_" ] || [ "$now_" = "$boots_" ] || say "they are deleted, but now $now_ boots next"
}

is_generation_() {
    [ -n "$1" ] || return
    for link_ in "$SYSTEM_PROFILE"-*-link; do
        link_=$(resolved "$link_")
        [ "$link_" != "$1" ] && [ "$(system_of "$link_")" != "$1" ] || return 0
    done
    return 1
}
