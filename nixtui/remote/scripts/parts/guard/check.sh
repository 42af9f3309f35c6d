# shellcheck shell=sh
# The guard: what must be true before anything is done.

check() {
    # Asking Nix takes longer than all the rest, so it goes on meanwhile.
    nix-store --query --requisites "$lasts" >"$dir/closure" 2>/dev/null &
    asking=$!
    command -v systemd-run >/dev/null && [ -d "$R/run/systemd/system" ] ||
        refuse unsupported "this host has no systemd-run: nothing would bring it back by itself" || return
    if on_profile; then
        check_profile && has_room && is_complete "$new"
        return
    fi
    now_=$(current_system)
    [ "$now_" = "$expect_current" ] ||
        refuse moved "it runs ${now_:-nothing known} now, not what was shown" || return
    now_=$(resolved "$SYSTEM_PROFILE")
    [ "$now_" = "$expect_profile" ] ||
        refuse moved "its profile points to ${now_:-nothing} now, not to what was shown" || return
    if pulls; then
        has_room && is_idle
        return
    fi
    is_system "$new" && is_system "$lasts" || return
    has_room || return
    is_idle || return
    if [ "$mode" != boot ]; then
        found_=$(inhibitors "$new" | as_clauses_)
        [ -z "$found_" ] || refuse inhibited "$found_" || return
    fi
    is_complete "$lasts"
}

# as_clauses_: lines as one line, with "; " between
as_clauses_() {
    separator_=
    while IFS= read -r line_; do
        printf '%s%s' "$separator_" "$line_"
        separator_='; '
    done | one_line
}

is_system() {
    if [ ! -x "$R$1/bin/switch-to-configuration" ] || [ ! -e "$R$1/nixos-version" ]; then
        refuse missing "$1 is not there, or is no NixOS system"
    fi
}

# Valid to Nix and there with everything it needs: a half deleted closure is found before it is started, not after.
is_complete() {
    wait "$asking" || refuse missing "$1 is not valid in the Nix store" || return
    while read -r each_; do
        [ -e "$R$each_" ] || [ -L "$R$each_" ] || refuse missing "$each_, which it needs, is gone" || return
    done <"$dir/closure"
}

# available_kib PATH
available_kib() {
    df -Pk "$1" 2>/dev/null | while read -r _ _ _ free_ _; do
        case $free_ in *[!0-9]* | '') ;; *) printf '%s\n' "$free_" ;; esac
    done
}

has_room() {
    for each_ in "$R/nix/var/nix/profiles" "$R/run"; do
        free_=$(available_kib "$each_")
        [ "${free_:-1024}" -ge 256 ] || refuse room "the disk of $each_ is full" || return
    done
    [ -d "$R/boot" ] && ! on_profile || return 0
    need_=$(boot_need_kib)
    free_=$(available_kib "$R/boot")
    [ "${free_:-$need_}" -ge "$need_" ] ||
        refuse room "/boot needs $need_ KiB for its kernel and initrd and has $free_ KiB left"
}

# boot_need_kib: what the boot loader will copy to /boot for $lasts. systemd-boot and GRUB both name the copies after the
# store path; kernels that are there already (the usual rollback) need nothing but the entry itself.
boot_need_kib() {
    sum_=16
    [ -d "$R/boot/EFI/nixos" ] || [ -d "$R/boot/kernels" ] || {
        echo 4
        return
    }
    for each_ in kernel initrd; do
        file_=$(resolved "$R$lasts/$each_")
        [ -n "$file_" ] || continue
        base_=${file_%/*}
        base_=${base_##*/}-${file_##*/}
        [ -e "$R/boot/EFI/nixos/$base_.efi" ] || [ -e "$R/boot/kernels/$base_" ] ||
            sum_=$((sum_ + ($(wc -c <"$R$file_") + 1023) / 1024))
    done
    echo "$sum_"
}
