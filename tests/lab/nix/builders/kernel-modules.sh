# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out/lib/modules/VERSION, the place where tools read the kernel's version.
mkdir -p "$out/lib/modules/$version/kernel"
: >"$out/lib/modules/$version/modules.order"
