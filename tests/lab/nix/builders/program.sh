# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: an executable, whatever the mode of $file in the checkout.
install -m 755 "$file" "$out"
