# shellcheck shell=sh
# The guard: one operation at a time, and what crashed ones left behind.

holder_() { # KEY: from the lock file
    while read -r key_ value_; do
        [ "$key_" = "$1" ] && printf '%s\n' "$value_"
    done <"$run/lock" 2>/dev/null
}

# take_lock OPERATOR: a hard link is made whole or not at all, so the lock always names its holder
take_lock() {
    mkdir -p "$run/ended"
    mkdir "$dir" || {
        say "refused room $dir could not be made, or is there already"
        exit 0
    }
    put "$dir/holder" "operation $id
operator $1
since $(date +%s)
uptime $(uptime_s)"
    ln "$dir/holder" "$run/lock" 2>/dev/null && return
    take_over_stale_ && ln "$dir/holder" "$run/lock" 2>/dev/null && return
    say "refused locked $(holder_ operation) $(holder_ since) $(holder_ operator)"
    return 1
}

# A lock without any unit of its operation is what a crash left: from arming on, systemd always has a unit of it.
# Between taking the lock and arming there is none for a moment, hence the half minute.
take_over_stale_() {
    other_=$(holder_ operation)
    taken_=$(holder_ uptime)
    [ -n "$other_" ] && [ -z "$(units_of "$other_")" ] && [ $(($(uptime_s) - ${taken_:-0})) -ge 30 ] || return
    # Whoever moves it has it; and if it is another one by now, it goes back where it was.
    mv "$run/lock" "$dir/stale" 2>/dev/null || return
    if grep -qx "operation $other_" "$dir/stale"; then
        bury "$other_" abandoned
    else
        ln "$dir/stale" "$run/lock"
        return 1
    fi
}

unlock() { [ "$(holder_ operation)" = "$id" ] && rm -f "$run/lock"; }

# bury ID OUTCOME: clear away what an operation left, but for one line that says what became of it
bury() {
    [ -e "$run/ended/$1" ] || put "$run/ended/$1" "outcome $2"
    [ "$(holder_ operation)" = "$1" ] && rm -f "$run/lock"
    systemctl stop "nixtui-revert-$1-*.timer" >/dev/null 2>&1
    rm -rf "${run:?}/$1"
    rm -f "$roots/nixtui-$1-new" "$roots/nixtui-$1-previous"
    say "swept $1 $2"
}

# sweep: what crashed operators left here, now that we hold the lock ourselves
sweep() {
    for each_ in "$run"/*/; do
        other_=${each_%/}
        other_=${other_##*/}
        case $other_ in "${id%%-*}"* | ended | '*') continue ;; esac # other parts of the same operation are not over
        [ -z "$(units_of "$other_")" ] || continue
        if [ -e "$run/ended/$other_" ]; then bury "$other_" ended; else bury "$other_" abandoned; fi
    done
    for each_ in "$roots"/nixtui-*-new "$roots"/nixtui-*-previous; do
        [ -L "$each_" ] || continue
        other_=${each_##*/nixtui-}
        other_=${other_%-*}
        case $other_ in "${id%%-*}"*) continue ;; esac
        if [ ! -d "$run/$other_" ]; then
            rm -f "$each_"
            say "swept $other_ root"
        fi
    done
}

# break_lock WHO: end the operation that holds the lock, the way its own timer would have
break_lock() {
    id=$(holder_ operation)
    [ -n "$id" ] || {
        say "outcome none"
        return
    }
    dir=$run/$id
    if [ -n "$(units_of "$id")" ]; then
        revert "the lock was broken by $1"
    else
        bury "$id" abandoned
        inspect
    fi
}
