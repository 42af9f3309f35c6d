# shellcheck shell=sh disable=SC2034 # the answers of functions are read by the scripts
# Reading a host's files and links with the shell alone: put before scripts that are asked often, or about much.
#
# `root` is the prefix of every path (empty on a real host, a directory in the embedded demo fleet); what is read has
# links with the prefix, what is printed never has it. What cannot be read is empty, which is unknown.
set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin
export LC_ALL PATH
unset CDPATH
root=${NIXTUI_ROOT-}
root=${root%/}
if [ -n "$root" ]; then
    cd -P "$root" || exit
    root=$PWD
fi
cd /
resolved='' line='' harmless='' kernel='' stale='' wrapped=''

# resolve LINK: the directory that it leads to, in $resolved
resolve() {
    resolved=''
    if cd -P "$root$1" 2>/dev/null; then
        resolved=${PWD#"$root"}
        # To stay would keep the system alive: Nix's collector spares the working directories of processes.
        cd /
    fi
}

# first_line FILE: in $line; often there is no newline at its end, so read's own status says nothing
first_line() {
    line=''
    if [ -r "$root$1" ]; then
        read -r line <"$root$1" || :
    fi
}

# without_controls TEXT: in $harmless, one line whatever it was
without_controls() {
    harmless=$1
    while :; do
        case $harmless in
        *[[:cntrl:]]*) harmless="${harmless%%[[:cntrl:]]*}?${harmless#*[[:cntrl:]]}" ;;
        *) break ;;
        esac
    done
}

# wrapped_by PATH: the system that PATH wraps, in $wrapped; nothing for most. Profiles of deploy-rs are made of links to
# the system's files and its own programs.
wrapped_by() {
    wrapped=''
    if [ -L "$root$1/nixos-version" ]; then
        wrapped=$(exec readlink -f "$root$1/nixos-version" </dev/null 2>/dev/null)
        wrapped=${wrapped#"$root"}
        wrapped=${wrapped%/nixos-version}
    fi
}

# is_number TEXT: one that the shell's arithmetic takes for what it looks like
is_number() {
    case $1 in
    '' | *[!0-9]* | 0?* | ????????????????*) return 1 ;;
    esac
}

# kernel_of SYSTEM: the version of its kernel, in $kernel
kernel_of() {
    kernel=''
    for modules_ in "$root$1"/kernel-modules/lib/modules/*; do
        [ -d "$modules_" ] && kernel=${modules_##*/}
    done
}

# stale_parts BOOTED OTHER: what of the other system takes a reboot, in $stale, or "nothing". These are what NixOS's own
# autoUpgrade compares, and systemd, which PID 1 only takes over in part when it re-executes.
stale_parts() {
    stale=''
    for part_ in kernel initrd kernel-modules systemd; do
        old_=$root$1/$part_ new_=$root$2/$part_
        if [ -e "$old_" ] || [ -e "$new_" ]; then
            # shellcheck disable=SC3013 # in POSIX since 2024, and older in all three shells
            [ "$old_" -ef "$new_" ] || stale="$stale,$part_"
        fi
    done
    stale=${stale#,}
    stale=${stale:-nothing}
}

# revision_of SYSTEM: prints what its own nixos-version says; a fork
revision_of() {
    set -- "$root$1/sw/bin/nixos-version"
    [ -x "$1" ] || exit 0
    if command -v timeout >/dev/null; then
        exec timeout 4 "$1" --configuration-revision </dev/null 2>/dev/null
    fi
    exec "$1" --configuration-revision </dev/null 2>/dev/null
}

# number_of PROFILE: prints which of its generations it points to; a fork
number_of() {
    number_=$(exec readlink "$root$1" </dev/null 2>/dev/null)
    number_=${number_##*/}
    number_=${number_#"${1##*/}"-}
    number_=${number_%-link}
    is_number "$number_" && printf '%s\n' "$number_"
}
