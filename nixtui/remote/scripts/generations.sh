#!/bin/sh
# All generations of a profile and what the host runs, booted and would boot; remote/generations.py is the other half.
#
# usage: generations.sh [PROFILE]
#
# Lines of "KEY VALUE" between two marks; a value never has a newline or another control character in it. What cannot
# be read is left out. Only what root alone may read (mostly /boot) is worth asking as root for.
#
# Forks: two for the links, one for each system (its own nixos-version knows the configuration revision), another for
# one that is wrapped.
#
# Needs parts/facts.sh and parts/pins.sh before it.
# shellcheck disable=SC2154 # root, resolved, line, harmless, kernel and wrapped are of the first of them

boot_limit=1000
init='' asked='|'

# tell KEY VALUE: nothing when the value is empty, that is unknown
tell() {
    without_controls "$2"
    [ -z "$harmless" ] || printf '%s %s\n' "$1" "$harmless"
}

links() {
    resolve /run/current-system
    tell current "$resolved"
    resolve /run/booted-system
    tell booted "$resolved"
    resolve "$profile"
    tell profile "$resolved"
    tell switched_at "$(exec stat -c %Y "$root$profile" </dev/null 2>/dev/null)"
    tell profile_generation "$(number_of "$profile")"
}

pins() {
    [ -d "$PINS" ] || return 0
    pinned | while read -r path; do tell pin "$path"; done
}

# The operation that is changing this host. One without any unit, half a minute after it took the lock, is what a crash
# left, and the guard clears it away (parts/guard/lock.sh).
lock() {
    operation='' operator='' since=''
    [ -r "$root/run/nixtui/lock" ] || return 0
    while read -r key value; do
        case $key in
        operation) operation=$value ;;
        operator) operator=$value ;;
        since) since=$value ;;
        esac
    done <"$root/run/nixtui/lock"
    case $operation in
    '' | *[!A-Za-z0-9._-]*) return 0 ;;
    esac
    is_number "$since" || since=0
    [ $(($(date +%s) - since)) -lt 30 ] || [ -n "$(units_of "$operation")" ] || return 0
    tell lock "$operation $since ${operator:-somebody}"
}

# As the guard asks it: where systemd does not answer, somebody may be at it.
units_of() { # OPERATION
    systemctl list-units --all --plain --no-legend --no-pager --state=active,activating,deactivating,reloading \
        "nixtui-*-$1*" </dev/null 2>/dev/null || echo unknown
}

generations() {
    set --
    for link in "$root$profile"-[0-9]*-link; do
        number=${link#"$root$profile"-}
        is_number "${number%-link}" && [ -L "$link" ] && set -- "$@" "$link"
    done
    [ $# -gt 0 ] || return 0
    # A generation may be deleted under our eyes: stat then leaves it out, and so do we.
    stat -c '%Y %n' "$@" </dev/null 2>/dev/null | while read -r created link; do
        number=${link#"$root$profile"-}
        generation "${number%-link}" "$created" "$link"
    done
}

generation() {
    tell generation "$1"
    tell created_at "$2"
    resolve "${3#"$root"}"
    if [ -z "$resolved" ]; then
        path=$(exec readlink "$3" </dev/null 2>/dev/null)
        tell path "${path#"$root"}"
        tell gone yes
        return
    fi
    path=$resolved
    tell path "$path"
    case $asked in
    *"|$path|"*) ;;
    *)
        asked="$asked$path|"
        system
        ;;
    esac
}

system() {
    wrapped_by "$path"
    tell system "$wrapped"
    first_line "$path/nixos-version"
    tell version "$line"
    kernel_of "$path"
    tell kernel "$kernel"
    tell revision "$(revision_of "$path")"
    for each in "$root$path"/specialisation/*; do
        [ -d "$each" ] && tell specialisation "${each##*/}"
    done
}

# The loader whose files were written last: a host that changed its boot loader keeps the old one's.
boot_default() {
    newest=''
    for menu in boot/loader/loader.conf efi/loader/loader.conf boot/efi/loader/loader.conf \
        boot/grub/grub.cfg boot/extlinux/extlinux.conf; do
        menu=$root/$menu
        if [ -r "$menu" ]; then
            # shellcheck disable=SC3013 # in POSIX since 2024, and older in all three shells
            [ -n "$newest" ] && [ "$newest" -nt "$menu" ] || newest=$menu
        fi
    done
    case $newest in
    */loader.conf) systemd_boot "$newest" ;;
    */grub.cfg) grub "$newest" ;;
    */extlinux.conf) extlinux "$newest" ;;
    esac
}

# systemd_boot LOADER-CONF: its default, which may be a pattern, and the entries to choose from
systemd_boot() {
    while read -r key value; do
        [ "$key" = default ] && tell boot_pattern "$value"
    done <"$1"
    count=0
    for entry in "${1%/loader.conf}"/entries/*.conf; do
        if [ -r "$entry" ] && [ $count -lt $boot_limit ]; then
            count=$((count + 1))
            boot_entry "$entry"
        fi
    done
}

boot_entry() {
    while read -r key value; do
        if [ "$key" = options ] && init_of "$value"; then
            tell boot_entry "$init ${1##*/}"
            break
        fi
    done <"$1"
}

# NixOS writes the default entry first, before the submenu of all the others.
grub() {
    while read -r line; do
        if init_of "$line"; then
            tell boot_default "$init"
            break
        fi
    done <"$1"
}

extlinux() {
    default='' label=''
    while read -r key value; do
        case $key in
        DEFAULT) default=$value ;;
        LABEL) label=$value ;;
        APPEND)
            if [ "$label" = "$default" ] && init_of "$value"; then
                tell boot_default "$init"
                break
            fi
            ;;
        esac
    done <"$1"
}

# init_of KERNEL-ARGUMENTS: the system that init= names, in $init
init_of() {
    init=''
    case " $1 " in
    *[[:space:]]init=/nix/store/*)
        init=" $1 "
        init=${init#*[[:space:]]init=}
        init=${init%%[[:space:]]*}
        init=${init%/init}
        ;;
    esac
    [ -n "$init" ]
}

main() {
    profile=${1:-/nix/var/nix/profiles/system}
    echo '#nixtui-generations begin'
    tell clock "$(exec date +%s </dev/null 2>/dev/null)"
    links
    boot_default
    pins
    lock
    generations
    echo '#nixtui-generations end'
}

main "$@"
