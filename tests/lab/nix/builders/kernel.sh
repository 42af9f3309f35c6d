# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: NAME, a file of $bytes, as a kernel's bzImage or an initrd is.
mkdir "$out"
head -c "$bytes" /dev/zero >"$out/$file"
printf '%s\n' "$version" >>"$out/$file"
