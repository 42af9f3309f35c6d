# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: $text.
printf '%s' "$text" >"$out"
