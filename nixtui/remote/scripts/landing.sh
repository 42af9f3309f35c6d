#!/bin/sh
# What a host has, lacks and has room for before a system is copied to it; remote/landing.py is the other half.
#
#   landing BOOT-FILE… -- PATH…   BOOT-FILE is STORE-BASE-NAME as boot loaders name their copies of kernel and initrd
#
# Needs parts/links.sh before it. Answers are lines, `word value`. Needs no rights, changes nothing.
set -u

main() {
    printf 'machine %s\n' "$(uname -m)"
    free_of store "$R/nix/store"
    [ ! -d "$R/boot" ] || free_of boot "$R/boot"
    while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
        lacks_boot_file "$1" && printf 'boot_lacks %s\n' "$1"
        shift
    done
    shift
    held_off
    command -v nix-store >/dev/null || {
        printf 'no_nix\n'
        return
    }
    # The old interface is the same from Nix 2.3 to 2.34; it fails as soon as one path is not valid, and lists those.
    [ "$#" = 0 ] || printf '%s\n' "$@" | xargs nix-store --check-validity --print-invalid 2>/dev/null |
        while IFS= read -r path; do printf 'missing %s\n' "$path"; done
    printf 'end\n'
}

# held_off: what systemd-inhibit holds off, as logind says it: [[[what, who, why, mode, uid, pid]…]]
held_off() {
    [ -z "$R" ] && command -v busctl >/dev/null || return
    timeout 5 busctl --json=short call org.freedesktop.login1 /org/freedesktop/login1 \
        org.freedesktop.login1.Manager ListInhibitors 2>/dev/null | head -c 65536 |
        sed -n '1s/^/inhibitors /p'
}

# free_of WORD DIRECTORY: KiB that are left
free_of() {
    df -Pk "$2" 2>/dev/null | while read -r _ _ _ free _; do
        case $free in
        *[!0-9]* | '') ;;
        *) printf '%s_kib %s\n' "$1" "$free" ;;
        esac
    done
}

# lacks_boot_file NAME: only boot loaders that copy to /boot need room there
lacks_boot_file() {
    [ -d "$R/boot/EFI/nixos" ] || [ -d "$R/boot/kernels" ] || return
    [ ! -e "$R/boot/EFI/nixos/$1.efi" ] && [ ! -e "$R/boot/kernels/$1" ]
}

main "$@"
