#!/bin/sh
# What a host has of the secrets that it should have; remote/secrets.py is the other half.
#
#   secrets KEY PRIVATE-KEY… -- PATH…   as root
#
# Values stay on the host: for each file there is a keyed hash, SHA-256(KEY SHA-256(KEY CONTENT)), whose KEY is new in
# every run, as a plain hash of something short can be guessed. With an empty KEY there is none.
#
# Needs parts/links.sh before it. Answers are lines: `generation KIND NUMBER`, `public KEY`, and in the order of the
# paths `file MODE OWNER GROUP UID GID HASH` or `missing`; then `end`. Changes nothing.
set -u

main() {
    key=$1
    shift
    generation sops "$R/run/secrets"
    generation agenix "$R/run/agenix"
    while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
        public "$R$1.pub"
        shift
    done
    shift
    for path; do told "$R$path"; done
    printf 'end\n'
}

# generation KIND LINK: sops-nix and agenix number what they decrypt: /run/secrets leads to /run/secrets.d/12
generation() {
    to=$(readlink -- "$2" 2>/dev/null) || return
    case ${to##*/} in
    *[!0-9]* | '') ;;
    *) printf 'generation %s %s\n' "$1" "${to##*/}" ;;
    esac
}

public() {
    [ -r "$1" ] && printf 'public %s\n' "$(head -c 4096 -- "$1" | one_line)"
}

told() {
    if [ ! -f "$1" ] || ! owner=$(stat -Lc '%a %U %G %u %g' -- "$1"); then
        printf 'missing\n'
        return
    fi
    printf 'file %s %s\n' "$owner" "$(keyed "$1")"
}

# keyed FILE: the key goes through pipes, printf being a builtin
keyed() {
    if [ -z "$key" ] || ! inner=$({ printf %s "$key" && cat -- "$1"; } 2>/dev/null | sha256sum); then
        printf '-'
        return
    fi
    outer=$(printf '%s%s' "$key" "${inner%% *}" | sha256sum)
    printf %s "${outer%% *}"
}

main "$@"
