# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: what deploy-rs's lib makes of a package (its flake.nix): links to all of it, and two programs.
mkdir -p "$out"
for each in "$base"/*; do ln -s "$each" "$out/${each##*/}"; done
cat >"$out/deploy-rs-activate" <<END
#!/bin/sh
set -eu
if [ "\${DRY_ACTIVATE:-}" = 1 ]; then
    $dryActivate
elif [ "\${BOOT:-}" = 1 ]; then
    $boot
else
    $activate
fi
END
printf '#!/bin/sh\nexec activate "$@"\n' >"$out/activate-rs"
chmod 755 "$out/deploy-rs-activate" "$out/activate-rs"
