# shellcheck shell=sh
# The guard: refusing, and whether anybody else is changing this host with other means.

# How long somebody else's switch-to-configuration may hold its lock before we give up, in tries one second apart:
# an ordinary activation settles within NixOS's own 90 s; at the start we would rather tell than wait.
STC_LOCK_TRIES_TEST=10

# refuse WORD DETAIL: nothing was done; leave nothing behind
refuse() {
    say "refused $*"
    unlock
    rm -rf "${dir:?}"
    rm -f "$roots/nixtui-$id-new" "$roots/nixtui-$id-previous"
    return 1
}

# is_idle: no other activation is running
is_idle() {
    stc_lock_=$R/run/nixos/switch-to-configuration.lock
    [ -e "$stc_lock_" ] && command -v flock >/dev/null || return 0
    tries_=0
    until flock -n "$stc_lock_" true 2>/dev/null; do
        tries_=$((tries_ + 1))
        [ "$tries_" -lt "$STC_LOCK_TRIES_TEST" ] ||
            refuse busy "another activation holds $stc_lock_ (somebody's switch-to-configuration is running)" || return
        sleep 1
    done
}
