# shellcheck shell=sh
# The guard: record, arm, start the activation, follow it.

STC_LOCK_TRIES_REVERT=90 # where going back is at stake, see STC_LOCK_TRIES_TEST
TRANSCRIPT_BLOCKS=4096 # of 1 KiB at most; /run is memory

begin() {
    mode=live number='' reference='' lasts='' confirm=yes failing=revert
    for each_; do
        case $each_ in
        operator=*) operator=$(printf '%s' "${each_#*=}" | one_line) ;;
        mode=*) mode=${each_#*=} ;;
        new=*) new=${each_#*=} ;;
        lasts=*) lasts=${each_#*=} ;;
        number=*) number=${each_#*=} ;;
        link=*) link=${each_#*=} ;;
        owner=*) owner=${each_#*=} ;;
        pull=*) pull=${each_#*=} ;;
        confirm=*) confirm=${each_#*=} ;;
        failing=*) failing=${each_#*=} ;;
        expect_current=*) expect_current=${each_#*=} ;;
        expect_profile=*) expect_profile=${each_#*=} ;;
        revert_after=*) revert_after=${each_#*=} ;;
        activation_timeout=*) activation_timeout=${each_#*=} ;;
        guard=*) reference=${each_#*=} ;;
        esac
    done
    lasts=${lasts:-$new}
    take_lock "$operator" || {
        rm -rf "${dir:?}"
        return 0
    }
    sweep
    check || return 0
    record || refuse room "the record in $dir could not be written" || return 0
    say "locked $(boot_id)"
    if is_for_boot_; then
        commit
        return
    fi
    arm || refuse unsupported "systemd-run did not take the timer: $armed_" || return 0
    activate || return
    follow 0
}

record() {
    put "$dir/guard" "$reference" || return
    previous=$expect_current
    on_profile && previous=$expect_profile
    failed_units >"$dir/failed-before" || return
    put "$dir/record" "operation $id
operator $operator
mode $mode
new $new
lasts $lasts
number $number
previous $previous
profile $expect_profile
link $link
link_was $(on_profile && readlink -- "$R$link")
newest $(newest_generation "${link:-/nix/var/nix/profiles/system}")
owner $owner
pull $pull
confirm $confirm
failing $failing
profile_number $(profile_number)
boot_default $(boot_default)
boot_id $(boot_id)
revert_after $revert_after
activation_timeout $activation_timeout" || return
    put "$dir/sequence" 0 || return
    # Both ways must stay open while the window is: `nix-collect-garbage -d` would close either.
    [ -z "$lasts" ] || ln -sfn "$R$lasts" "$roots/nixtui-$id-new" || return
    [ -z "$previous" ] || ln -sfn "$R$previous" "$roots/nixtui-$id-previous"
}

# arm: from here on the host goes back by itself. The new timer stands before the old one goes.
arm() {
    seconds_=$(recall revert_after)
    before_=$(cat "$dir/sequence")
    sequence_=$((before_ + 1))
    armed_=$(in_unit "nixtui-revert-$id-$sequence_" \
        --on-active="${seconds_}s" --timer-property=AccuracySec=200ms --timer-property=RemainAfterElapse=no \
        --property=Restart=on-failure --property=RestartSec=2 --property=StartLimitIntervalSec=0 \
        /bin/sh "$dir/guard" reverting "$id" "$sequence_" "no sign of life from the operator for $seconds_ s") || return
    put "$dir/sequence" "$sequence_" || return
    put "$dir/deadline" "$(($(uptime_s) + seconds_))" || return
    [ "$before_" = 0 ] || systemctl stop "nixtui-revert-$id-$before_.timer" >/dev/null 2>&1
    say "armed $seconds_"
}

activate() {
    put "$dir/started" "$(uptime_s)"
    said_=$(in_unit "nixtui-activate-$id" --property=RuntimeMaxSec="$(recall activation_timeout)" \
        /bin/sh "$dir/guard" activating "$id") || {
        say "died its unit could not be started: $said_"
        return 1
    }
    say "started"
}

# Runs as nixtui-activate-ID.service.
activating() {
    if on_profile; then
        try_profile
    elif pulls; then
        run_pull "$dir/transcript"
    else
        run_stc "$(recall new)" test "$dir/transcript" "$STC_LOCK_TRIES_TEST"
    fi
    put "$dir/code" "$stc_code"
}

# run_stc SYSTEM ACTION TRANSCRIPT TRIES: sets stc_code. 11 is a held lock (EAGAIN), with nothing done: try again.
run_stc() {
    tries_=0
    while :; do
        transcribed "$3" "$R$1/bin/switch-to-configuration" "$2" || return
        tries_=$((tries_ + 1))
        [ "$stc_code" = 11 ] && [ "$tries_" -lt "$4" ] || return 0
        sleep 1
    done
}

# transcribed TRANSCRIPT COMMAND…: sets stc_code. Whatever it prints is kept up to a bound and drained beyond it, because
# a broken pipe would kill it (NixOS #462179).
transcribed() {
    transcript_=$1
    shift
    rm -f "$transcript_.pipe" "$transcript_.drained"
    mkfifo "$transcript_.pipe" || return
    {
        dd bs=1024 count="$TRANSCRIPT_BLOCKS" 2>/dev/null >>"$transcript_"
        cat >/dev/null
        : >"$transcript_.drained"
    } <"$transcript_.pipe" &
    "$@" >"$transcript_.pipe" 2>&1 </dev/null
    stc_code=$?
    drain_ "$transcript_.drained"
    rm -f "$transcript_.pipe"
}

# A daemon that the activation started may keep the pipe open for ever; its first words are not worth waiting for.
drain_() {
    for each_ in 0.01 0.02 0.05 0.1 0.3; do
        [ -e "$1" ] && return
        sleep "$each_"
    done
}

# breathe: between two looks; most activations take a second or two, and somebody is waiting
breathe() {
    if [ "$polls_" -lt 100 ]; then sleep 0.02; else sleep 0.2; fi
}

# follow LINES: the activation's output from there on, until it or the whole operation ends
follow() {
    skip_=$1
    rest_=
    polls_=0
    [ -e "$dir/transcript" ] || : >>"$dir/transcript"
    exec 3<"$dir/transcript"
    while :; do
        over_=$(is_over_) # asked before reading, so that what was written by then is read
        read_transcript_
        [ -z "$over_" ] || break
        polls_=$((polls_ + 1))
        breathe
    done
    [ -z "$rest_" ] || say "log $rest_"
    exec 3<&-
    say "$over_"
}

read_transcript_() {
    while IFS= read -r line_ <&3; do
        line_=$rest_$line_
        rest_=
        if [ "$skip_" -gt 0 ]; then skip_=$((skip_ - 1)); else say "log $line_"; fi
    done
    rest_=$rest_$line_
}

is_over_() {
    if [ -e "$dir/outcome" ]; then
        say "ended"
    elif [ -e "$dir/code" ]; then
        say "tested $(cat "$dir/code")"
    elif [ $((polls_ % 10)) = 9 ] && is_gone_; then
        sleep 0.2 # its last act is to write its code
        if [ -e "$dir/code" ]; then
            say "tested $(cat "$dir/code")"
        elif is_gone_; then
            say "died $(how_it_died_)"
        fi
    fi
}

# is_gone_: systemd itself says that the activation does not run; no answer is none
is_gone_() {
    case $(systemctl is-active "nixtui-activate-$id.service" 2>/dev/null) in
    inactive | failed) ;;
    *) return 1 ;;
    esac
}

how_it_died_() {
    if [ $(($(uptime_s) - $(cat "$dir/started"))) -ge "$(recall activation_timeout)" ]; then
        say "it did not end within $(recall activation_timeout) s"
    else
        say "somebody stopped it"
    fi
}
