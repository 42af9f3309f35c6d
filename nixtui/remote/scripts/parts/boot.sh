# What the host would boot next, read from the boot loader's own files. Needs links.sh before it.

# boot_default: the system that boots by default; nothing where that cannot be read
boot_default() {
    for esp_ in "$R/boot" "$R/efi" "$R/boot/efi"; do
        if [ -r "$esp_/loader/loader.conf" ]; then
            systemd_boot_default_ "$esp_"
            return
        fi
    done
    # GRUB's first entry is NixOS's default one (install-grub.pl writes it before the submenu of all the others).
    for menu_ in "$R/boot/grub/grub.cfg" "$R/boot/extlinux/extlinux.conf"; do
        if [ -r "$menu_" ]; then
            init_of_ "$menu_"
            return
        fi
    done
}

# The default of loader.conf is a pattern; of the entries that match, systemd-boot takes that of the highest version.
# A name may end in a boot counter, `+3-1.conf`.
systemd_boot_default_() {
    pattern_=
    while read -r key_ value_; do
        [ "$key_" = default ] && pattern_=$value_
    done <"$1/loader/loader.conf"
    [ -n "$pattern_" ] || return 0
    entry_='' highest_=-1
    # shellcheck disable=SC2231 # the pattern is one on purpose
    for each_ in "$1/loader/entries"/$pattern_ "$1/loader/entries"/${pattern_%.conf}.conf \
        "$1/loader/entries"/${pattern_%.conf}+*.conf; do
        number_=${each_##*-generation-}
        number_=${number_%%[!0-9]*}
        if [ -r "$each_" ] && [ "${number_:-0}" -gt "$highest_" ]; then
            entry_=$each_ highest_=${number_:-0}
        fi
    done
    [ -n "$entry_" ] && init_of_ "$entry_"
}

# init_of_ FILE: the system of the first init= in it
init_of_() {
    sed -n 's|.*[[:space:]]init=\(/nix/store/[^/[:space:]]*\)/init.*|\1|p' "$1" | head -n 1
}
