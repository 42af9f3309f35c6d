#!/bin/sh
# What a garbage collection would free, found out without deleting anything; remote/store.py is the other half.
#
# usage: garbage.sh [NUMBER…]      generations of the system profile that would be deleted first
#
# Prints "dead PATHS BYTES" for what is garbage already, and "going PATHS BYTES" for what would be without those
# generations. Sizes are NAR sizes: hard links that an optimised store shares are counted once for each path, so what is
# freed is that much at most. Wants root: only root sees all roots.
#
# The cost is that of a collection that deletes nothing: Nix finds all roots and walks all of its database, holding the
# lock that also starts of builds wait for. Some seconds for 50,000 paths; each command is stopped after a minute.
#
# Needs parts/facts.sh before it.
# shellcheck disable=SC2154 # root is of that part

profile=/nix/var/nix/profiles/system

bounded() {
    if command -v timeout >/dev/null; then
        timeout 60 "$@"
    else
        "$@"
    fi
}

# without: of two lists of lines with an empty line between, those of the second that are not in the first
without() { awk 'NF == 0 { second = 1; next } !second { first[$0]; next } !($0 in first)'; }

# weigh WORD: how many valid paths are on standard input, and the sum of their sizes
weigh() {
    paths_=$(cat)
    [ -n "$paths_" ] || {
        echo "$1 0 0"
        return
    }
    invalid_=$(printf '%s\n' "$paths_" | bounded xargs nix-store --check-validity --print-invalid 2>/dev/null)
    { printf '%s\n\n' "${invalid_:-none}" && printf '%s\n' "$paths_"; } | without |
        bounded xargs nix-store --query --size 2>/dev/null |
        awk -v word="$1" '{ sum += $1 } END { printf "%s %d %.0f\n", word, NR, sum }'
}

# closure: of the paths on standard input
closure() { sort -u | bounded xargs nix-store --query --requisites 2>/dev/null | sort -u; }

# is_going LINK NUMBER…: whether a root is one of those generations
is_going() {
    link_=$1
    shift
    for number_; do
        [ "$link_" != "$root$profile-$number_-link" ] || return 0
        [ "$link_" != "$profile-$number_-link" ] || return 0
    done
    return 1
}

going() {
    roots_=$(bounded nix-store --gc --print-roots </dev/null 2>/dev/null) || return
    after_=$(printf '%s\n' "$roots_" | while read -r link_ _ path_; do
        is_going "$link_" "$@" || printf '%s\n' "$path_"
    done | closure)
    for number_; do
        readlink "$root$profile-$number_-link"
    done | sed "s|^$root||" | closure | { printf '%s\n\n' "${after_:-none}" && cat; } | without | weigh going
}

main() {
    echo '#nixtui-garbage begin'
    dead_=$(bounded nix-store --gc --print-dead </dev/null 2>/dev/null) || {
        echo "nix-store --gc --print-dead: no answer (exit $?)" >&2
        exit 1
    }
    printf '%s' "$dead_" | weigh dead
    [ $# = 0 ] || going "$@"
    echo '#nixtui-garbage end'
}

main "$@"
