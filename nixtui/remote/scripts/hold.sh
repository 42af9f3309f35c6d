#!/bin/sh
# Keeps a system that was copied here from being collected until its turn comes; remote/holding.py is the other half.
#
#   hold keep ID SYSTEM   as root; the guard of operation ID takes this root over and removes it at its end
#   hold let-go ID        its turn does not come
#
# Needs parts/links.sh before it. What a crash leaves is swept away by the next guard on this host.
set -u

main() {
    root=$R/nix/var/nix/gcroots/nixtui-$2-new
    case $1 in
    keep) ln -sfn "$R$3" "$root" ;;
    let-go) rm -f "$root" ;;
    esac && echo held
}

main "$@"
