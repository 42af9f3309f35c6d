# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out/bin: the programs of all packages, as symbolic links.
mkdir -p "$out/bin"
for package in $packages; do
    for file in "$package"/bin/*; do
        [ ! -e "$file" ] || ln -s "$file" "$out/bin/"
    done
done
install -m 755 "$nixosVersion" "$out/bin/nixos-version"
mkdir -p "$out/share/nixos-version"
printf '%s' "$version" >"$out/share/nixos-version/version"
printf '%s' "$codeName" >"$out/share/nixos-version/code-name"
printf '%s' "$revision" >"$out/share/nixos-version/revision"
printf '%s' "$configurationRevision" >"$out/share/nixos-version/configuration-revision"
printf '%s\n' "$json" >"$out/share/nixos-version/json"
printf '%s\n' "$packages" >"$out/share/nixos-version/packages"
sed -i "s|@out@|$out|g" "$out/bin/nixos-version"
