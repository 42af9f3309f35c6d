# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: one package with the programs in $programs, "NAME FILE" a line, that refers to $dependencies.
mkdir -p "$out/bin" "$out/share/$pname"
while read -r name file; do
    [ -z "$name" ] || install -m 755 "$file" "$out/bin/$name"
done <<EOF
$programs
EOF
# "NAME TARGET" a line: programs that the host's Debian has, under the package's path.
while read -r name target; do
    [ -z "$name" ] || ln -s "$target" "$out/bin/$name"
done <<EOF
$borrowed
EOF
for file in "$out"/bin/*; do
    [ -h "$file" ] || [ ! -e "$file" ] || sed -i -e "s|@out@|$out|g" -e "s|@pname@|$pname|g" -e "s|@version@|$version|g" "$file"
done
printf '%s\n' "$dependencies" >"$out/share/$pname/dependencies"
head -c "$bytes" /dev/zero >"$out/share/$pname/payload"
printf "%s %s\n" "$pname" "$version" >"$out/share/$pname/index.html"
