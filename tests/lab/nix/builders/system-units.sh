# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: the unit directory. $units has "FILE NAME" a line, $wants "TARGET UNIT" a line.
# NAME comes last because read leaves the rest of the line, whatever it has, to it.
mkdir "$out"
while read -r file name; do
    [ -z "$file" ] || ln -s "$file" "$out/$name"
done <<EOF
$units
EOF
while read -r target name; do
    [ -n "$target" ] || continue
    mkdir -p "$out/$target.wants"
    ln -s "../$name" "$out/$target.wants/$name"
done <<EOF
$wants
EOF
