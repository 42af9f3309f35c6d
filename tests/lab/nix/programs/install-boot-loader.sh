#!/bin/sh
# install-boot-loader TOPLEVEL: NixOS's systemd-boot builder. One entry for every generation of the system profile
# and of its specialisations; TOPLEVEL's becomes the default, if it is a generation. Any file that cannot be written
# is an error, and what was written before it stays.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
default=$1
boot=/boot
profiles=/nix/var/nix/profiles

if [ -e "$default/quirks/boot-loader" ]; then
    sh "$default/quirks/boot-loader"
fi

# "NUMBER TOPLEVEL" a line, oldest first. Which system a generation is stands in its bootspec: it may be wrapped.
generations() {
    for link in "$profiles"/system-*-link; do
        number=${link##*/system-}
        echo "${number%-link} $(sed -n 's|.*"init":"\([^"]*\)/init".*|\1|p' "$link/boot.json")"
    done | sort -n
}

# The name under which a file of the store is copied to /boot.
efi_name() {
    file=$(readlink -f "$1")
    package=${file#/nix/store/}
    echo "${package%%/*}-${file##*/}.efi"
}

copy_unless_there() {
    target=$boot/EFI/nixos/$(efi_name "$1")
    [ -e "$target" ] || {
        cp "$1" "$target.tmp"
        mv "$target.tmp" "$target"
    }
}

# write_entry NAME TOPLEVEL TITLE NUMBER
write_entry() {
    copy_unless_there "$2/kernel"
    copy_unless_there "$2/initrd"
    built=$(date -d "@$(stat -c %Z "$(readlink -f "$2")")" +%F)
    kernel=$(basename "$(readlink -f "$2"/kernel-modules/lib/modules/*)")
    entry="$boot/loader/entries/$1.conf"
    cat >"$entry.tmp" <<EOF
title $3
sort-key nixos
version Generation $4 NixOS $(cat "$2/nixos-version") (Linux $kernel), built on $built
linux /EFI/nixos/$(efi_name "$2/kernel")
initrd /EFI/nixos/$(efi_name "$2/initrd")
options init=$(readlink -f "$2")/init $(cat "$2/kernel-params")
machine-id $(cat /etc/machine-id)
EOF
    mv "$entry.tmp" "$entry"
}

write_loader_conf() {
    cat >"$boot/loader/loader.conf.tmp" <<EOF
timeout 5
default $1.conf
editor 0
console-mode keep
EOF
    mv "$boot/loader/loader.conf.tmp" "$boot/loader/loader.conf"
}

remove_old() {
    kept=$(generations | while read -r _ toplevel; do
        efi_name "$toplevel/kernel"
        efi_name "$toplevel/initrd"
    done)
    for file in "$boot"/EFI/nixos/*; do
        case "
$kept
" in
        *"
${file##*/}
"*) ;;
        *) rm -f "$file" ;;
        esac
    done
    for file in "$boot"/loader/entries/nixos-generation-*; do
        number=${file##*/nixos-generation-}
        number=${number%.conf}
        number=${number%%-specialisation-*}
        [ -h "$profiles/system-$number-link" ] || rm -f "$file"
    done
}

mkdir -p "$boot/EFI/nixos" "$boot/loader/entries"
remove_old
generations | while read -r number toplevel; do
    name=nixos-generation-$number
    write_entry "$name" "$toplevel" NixOS "$number"
    for specialisation in "$toplevel"/specialisation/*; do
        [ -e "$specialisation" ] || continue
        write_entry "$name-specialisation-${specialisation##*/}" "$specialisation" \
            "NixOS (${specialisation##*/})" "$number"
    done
    if [ "$toplevel" = "$(readlink -f "$default")" ]; then
        write_loader_conf "$name"
    fi
done
