#!/bin/sh
# Rebooting: what a host runs, would boot and fails now, and the reboot itself.
#
#   reboot look                      needs no rights
#   reboot go BOOT_ID BOOT_DEFAULT   reboots in a second, unless the host is not as the operator was shown
#
# Answers are lines, `word value…`. Needs parts/{links,boot}.sh and parts/guard/ground.sh before it.
# shellcheck disable=SC2154 # `run` is from ground.sh

look() {
    say "boot_id $(boot_id)"
    say "current $(current_system)"
    say "profile $(system_of "$(resolved "$SYSTEM_PROFILE")")"
    say "boot_default $(boot_default)"
    say "lock $(lock_holder)"
    systemctl show -p SystemState | while IFS='=' read -r _ state_; do say "state $state_"; done
    failed_units | while read -r unit_; do say "failed $unit_"; done
    say "looked"
}

# lock_holder: the operation and the operator whose nixtui is changing this host
lock_holder() {
    [ -e "$run/lock" ] || return 0
    operation_=unknown operator_=somebody
    while read -r key_ value_; do
        case $key_ in
        operation) operation_=$value_ ;;
        operator) operator_=$value_ ;;
        esac
    done <"$run/lock"
    say "$operation_ $operator_"
}

go() {
    if [ -e "$run/lock" ]; then
        say "refused locked $(lock_holder)"
    elif [ "$(boot_id)" != "$1" ]; then
        say "refused moved it was rebooted meanwhile"
    elif [ -n "$2" ] && [ "$(boot_default)" != "$2" ]; then
        say "refused moved its boot default is another one by now: $(boot_default)"
    else
        # In the background and a moment later, so that the answer still gets out before sshd goes.
        (
            sleep 1
            systemctl reboot
        ) >/dev/null 2>&1 </dev/null &
        say "going"
    fi
}

case $1 in
look | go) "$@" ;;
esac
