# What a NixOS host's links say. Meant to be put before a script, after which `R` is the root prefix (empty on a
# real host, a directory in the embedded demo fleet) and every path printed is without it.

R=${NIXTUI_ROOT-}
LC_ALL=C
export LC_ALL
PATH=$PATH:/run/current-system/sw/bin:/run/wrappers/bin:/nix/var/nix/profiles/default/bin:/usr/bin:/bin:/usr/sbin:/sbin
export PATH
SYSTEM_PROFILE=$R/nix/var/nix/profiles/system

# resolved PATH: where it finally leads; nothing when it leads nowhere
resolved() {
    resolved_=$(readlink -f -- "$1" 2>/dev/null) || return
    [ -e "$resolved_" ] && printf '%s\n' "${resolved_#"$R"}"
}

current_system() { resolved "$R/run/current-system"; }
booted_system() { resolved "$R/run/booted-system"; }

# system_of PATH: the system that runs when PATH is activated: another one where PATH wraps it, as profiles of deploy-rs do
system_of() {
    if [ -L "$R$1/nixos-version" ]; then
        system_=$(resolved "$R$1/nixos-version")
        printf '%s\n' "${system_%/nixos-version}"
    else
        printf '%s\n' "$1"
    fi
}

# profile_number: 155 for a profile that points to system-155-link; nothing for any other
profile_number() {
    number_=$(readlink -- "$SYSTEM_PROFILE" 2>/dev/null) || return
    number_=${number_##*/}
    case $number_ in
    system-*-link)
        number_=${number_#system-}
        number_=${number_%-link}
        ;;
    *) return ;;
    esac
    case $number_ in
    *[!0-9]* | '') ;;
    *) printf '%s\n' "$number_" ;;
    esac
}

# one_line: standard input as one line without control characters
one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177'; }
