# shellcheck shell=sh
# The guard: a system that the host fetches and switches to by itself, with a command that does all of it at once.
# Needs owner.sh before it.
#
# Such a command sets profile and boot entry before anybody has seen the new system, so going back means those as well.
# Its exit status is no proof: `fh apply` ends with 0 whatever switch-to-configuration said (fh: src/cli/cmd/apply/mod.rs).

# pulls: whether this operation is such a command
pulls() { [ -n "$pull" ]; }

# run_pull TRANSCRIPT: sets stc_code
run_pull() {
    # shellcheck disable=SC2016 # the inner shell is to see them
    transcribed "$1" as_owner root sh -c \
        'cd /; [ ! -r /etc/set-environment ] || . /etc/set-environment; eval "$1"' sh "$pull"
}

# profile_runs: the system that the profile leads to
profile_runs() { system_of "$(resolved "$SYSTEM_PROFILE")"; }

# accept_pulled: prints what is wrong with what the command left, if anything is
accept_pulled() {
    if [ "$(recall mode)" = pull-boot ]; then
        run_pull "$dir/commit-transcript"
        [ "$stc_code" = 0 ] || {
            say "the command failed (exit $stc_code): $(tail -n 1 "$dir/commit-transcript")"
            return
        }
    elif [ "$(current_system)" != "$(profile_runs)" ]; then
        say "it runs $(current_system), and its profile leads to $(profile_runs)"
        return
    fi
    boots_=$(boot_default)
    [ -z "$boots_" ] || [ "$boots_" = "$(profile_runs)" ] || say "the boot default is $boots_"
}

# is_untouched: the command has changed nothing
is_untouched() {
    [ "$(current_system)" = "$(recall previous)" ] && [ "$(resolved "$SYSTEM_PROFILE")" = "$(recall profile)" ] &&
        [ "$(profile_number)" = "$(recall profile_number)" ]
}

# take_pulled_back: profile and boot entry as they were; the system is for the caller
take_pulled_back() {
    # nixos-rebuild switches in a unit of its own, which does not end with it.
    systemctl stop nixos-rebuild-switch-to-configuration.service >/dev/null 2>&1
    lasts=$(resolved "$SYSTEM_PROFILE")
    put_back
}
