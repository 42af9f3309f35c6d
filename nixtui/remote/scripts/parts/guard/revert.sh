# shellcheck shell=sh
# The guard: going back.

# revert WHY: now, rather than when the timer would; in the timer's own unit, so that it runs once
revert() {
    if [ -d "$dir" ] && [ ! -e "$dir/verdict" ]; then
        put "$dir/why" "$1"
        unit_=nixtui-revert-$id-$(cat "$dir/sequence")
        systemctl start --no-block "$unit_.service" 2>/dev/null ||
            in_unit "$unit_-now" /bin/sh "$dir/guard" reverting "$id" now "$1" >/dev/null
    fi
    await_outcome
}

# Runs as nixtui-revert-ID-SEQUENCE.service, from the timer or from `revert`.
reverting() {
    if [ ! -e "$dir/why" ] && [ "$(recall confirm)" = no ]; then
        go_on_alone_ && return
    fi
    claim "revert-$1" || return 0
    [ ! -e "$dir/outcome" ] || return 0
    go_back "$(cat "$dir/why" 2>/dev/null || printf '%s' "$2")"
}

go_back() {
    # A hanging activation holds NixOS's lock: without this, going back dies of "Could not acquire lock".
    systemctl stop "nixtui-activate-$id.service" >/dev/null 2>&1
    if [ "$(cat "$dir/code" 2>/dev/null)" = 11 ] && ! on_profile && ! pulls; then
        # Somebody else's activation held the lock all the time: ours did nothing, and theirs is not ours to undo.
        finish not_begun "$1"
        return
    fi
    if on_profile; then
        go_back_on_profile_ "$1"
        return
    fi
    previous=$(recall previous)
    # Whatever a pre-switch check thinks of it, it ran a moment ago, and it is where we have to go.
    NIXOS_NO_CHECK=1
    PATH=$R$previous/sw/bin:$PATH
    export NIXOS_NO_CHECK PATH
    attempt revert || {
        finish revert_failed "$1"
        return
    }
    if pulls; then
        if is_untouched; then
            finish failed "$1"
            return
        fi
        take_pulled_back || {
            sleep 1
            return 1
        }
    fi
    run_stc "$previous" test "$dir/revert-transcript" "$STC_LOCK_TRIES_REVERT"
    if [ "$(current_system)" = "$previous" ] && [ "$stc_code" != 11 ]; then
        finish reverted "$1"
    else
        sleep 1
        return 1 # systemd starts us again
    fi
}

go_back_on_profile_() {
    attempt revert || {
        finish revert_failed "$1"
        return
    }
    if take_profile_back; then
        finish reverted "$1"
    else
        sleep 1
        return 1
    fi
}

# go_on_alone_: what a host does that hears nothing and was told to need nobody. False where it has to go back.
go_on_alone_() {
    case $(cat "$dir/code" 2>/dev/null) in
    0) committing ;;
    '') ! is_gone_ && arm >/dev/null ;;
    *) [ "$(recall failing)" = stay ] && committing ;;
    esac
}
