#!/bin/sh
# Profiles that are not the system's, as deploy-rs has them; remote/profiles.py is the other half.
#
#   profiles look [OWNER NAME LINK]…   as root; where each leads. LINK may be empty: then it is where it belongs
#   profiles dry OWNER PATH            as root; what activating PATH would do, in its own words
#
# Answers of `look` are lines, `word value`, three a profile. Needs parts/{links,owner}.sh before it.
set -u

look() {
    while [ "$#" -ge 3 ]; do
        if ! id -u "$1" >/dev/null 2>&1; then
            printf 'nobody %s\n' "$1"
        else
            link=${3:-$(link_of "$1" "$2")}
            printf 'name %s\nlink %s\nleads %s\n' "$2" "$link" "$(resolved "$R$link")"
        fi
        shift 3
    done
    printf 'looked\n'
}

# As deploy-rs does it with --dry-activate: the program itself is asked to do nothing.
dry() {
    # shellcheck disable=SC2016 # the owner's shell is to see them
    as_owner "$1" sh -c 'cd -P "$1" && exec env PROFILE="$1" DRY_ACTIVATE=1 BOOT=0 ./deploy-rs-activate' sh "$2" </dev/null 2>&1
}

case $1 in
look | dry) "$@" ;;
esac
