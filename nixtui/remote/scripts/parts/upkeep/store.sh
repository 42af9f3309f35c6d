# shellcheck shell=sh
# Upkeep: the Nix store.

# free_kib: of the file system with the store
free_kib() {
    df -Pk "$R/nix/store" 2>/dev/null | while read -r _ _ _ free_ _; do
        case $free_ in *[!0-9]* | '') ;; *) say "$free_" ;; esac
    done
}

# why_protected NUMBER: the reason why this generation is not to be deleted; looked at again at the last moment
why_protected() {
    path_=$(resolved "$SYSTEM_PROFILE-$1-link")
    if [ "$1" = "$(profile_number)" ]; then
        say "it is the profile"
    elif [ -n "$path_" ] && [ "$path_" = "$(current_system)" ]; then
        say "it runs"
    elif [ -n "$path_" ] && [ "$path_" = "$(booted_system)" ]; then
        say "it was booted"
    elif [ -n "$path_" ] && [ "$path_" = "$(boot_default)" ]; then
        say "it boots next"
    fi
}

# work_gc NUMBER…: these generations, then their boot entries, then whatever nothing needs any more
work_gc() {
    say "free_before $(free_kib)"
    for number_; do
        why_=$(why_protected "$number_")
        [ -z "$why_" ] || {
            say "protected $number_ $why_"
            return 1
        }
    done
    if [ $# != 0 ]; then
        delete_generations "$@" || return
        boot_menu || return
    fi
    say "step collect"
    status_of nix-collect-garbage | told "deleting '*"
    say "free_after $(free_kib)"
    return "$(cat "$dir/exit")"
}

delete_generations() {
    say "step delete"
    status_of nix-env --profile "$SYSTEM_PROFILE" --delete-generations "$@" | told "removing *"
    [ "$(cat "$dir/exit")" = 0 ] || return
    say "deleted $*"
}

# boot_menu: without entries that lead nowhere. A default that is not the profile is somebody's decision: left alone.
boot_menu() {
    profile_=$(resolved "$SYSTEM_PROFILE")
    default_=$(boot_default)
    if [ -n "$default_" ] && [ "$default_" != "$profile_" ]; then
        say "log the boot default is not the profile; the boot menu is left as it is"
        return 0
    fi
    say "step menu"
    status_of "$R$profile_/bin/switch-to-configuration" boot | told
    [ "$(cat "$dir/exit")" = 0 ] || {
        say "menu_failed $(cat "$dir/exit")"
        return 1
    }
}

work_optimise() {
    say "free_before $(free_kib)"
    say "step optimise"
    status_of nix-store --optimise | told
    say "free_after $(free_kib)"
    return "$(cat "$dir/exit")"
}

# work_verify [--repair]: reads all of the store
work_verify() {
    say "step verify"
    # shellcheck disable=SC2010,SC2012 # counted, never used as names
    say "total $(ls -f "$R/nix/store" 2>/dev/null | grep -c -v '^\.')"
    status_of nix-store --verify --check-contents "$@" -v | told "checking contents of *"
    return "$(cat "$dir/exit")"
}
