# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: what config.system.build.toplevel is on NixOS, file by file.
mkdir -p "$out/bin" "$out/specialisation"
ln -s "$kernel/bzImage" "$out/kernel"
ln -s "$initrd/initrd" "$out/initrd"
ln -s "$kernelModules" "$out/kernel-modules"
ln -s "$systemd" "$out/systemd"
ln -s "$etc/etc" "$out/etc"
ln -s "$systemPath" "$out/sw"
printf '%s' "$kernelParams" >"$out/kernel-params"
printf '%s' "$version" >"$out/nixos-version"
printf '%s' "$initInterfaceVersion" >"$out/init-interface-version"
printf '%s' "$system" >"$out/system"
printf '%s\n' "$bootspec" >"$out/boot.json"
[ -z "$switchInhibitors" ] || printf '%s\n' "$switchInhibitors" >"$out/switch-inhibitors"

# "TOPLEVEL NAME" a line; the name of a specialisation may have blanks.
while read -r toplevel name; do
    [ -z "$toplevel" ] || ln -s "$toplevel" "$out/specialisation/$name"
done <<EOF
$specialisations
EOF

for program in activate dry-activate init switch-to-configuration; do
    case $program in
    switch-to-configuration) target=$out/bin/$program ;;
    *) target=$out/$program ;;
    esac
    sed -e "s|@out@|$out|g" -e "s|@installBootLoader@|$installBootLoader|g" \
        -e "s|@preSwitchCheck@|$preSwitchCheck|g" "$programs/$program.sh" >"$target"
    chmod 755 "$target"
done

# "FILE PLACE" a line: what this system does wrong on purpose, and where.
while read -r file place; do
    [ -n "$file" ] || continue
    mkdir -p "$out/quirks"
    cp "$file" "$out/quirks/$place"
done <<EOF
$quirks
EOF
