# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out/$unitName: a unit file.
mkdir "$out"
printf '%s' "$text" >"$out/$unitName"
