#!/bin/sh
# The guard: takes this host to another system so that it comes back by itself unless the new one proves itself.
#
#   guard begin ID KEY=VALUE…   lock, check, record, arm the revert, start the activation, follow it
#   guard follow ID LINES       go on following, after LINES lines of its output
#   guard extend ID             a sign of life: the revert is put off by revert_after
#   guard verify ID             what runs, and which units fail that did not fail before
#   guard commit ID             make it last: profile and boot entry
#   guard revert ID WHY         go back now
#   guard inspect ID            what is known of an operation, ended or not
#   guard release ID            forget an ended operation
#   guard break WHO             end whatever holds the lock
#
# Answers are lines on standard output, `word value…`; a line of a command's own output comes as `log …`. The exit
# status says only whether the guard itself worked.
#
# Nothing that survives a reboot is changed before the commit. Every verb may be cut off at any point: the timer armed
# by `begin` belongs to systemd, and so do the units that activate, commit and revert.
#
# Needs parts/links.sh, parts/boot.sh and parts/inhibitors.sh before it.

set -u
umask 022
trap '' HUP PIPE

run=$R/run/nixtui
roots=$R/nix/var/nix/gcroots

# How long somebody else's switch-to-configuration may hold its lock before we give up, in tries one second apart:
# an ordinary activation settles within NixOS's own 90 s; at the start we would rather tell than wait.
STC_LOCK_TRIES_TEST=10
STC_LOCK_TRIES_REVERT=90
TRANSCRIPT_BLOCKS=4096 # of 1 KiB at most; /run is memory

# say WORDS: to the operator, who may be gone; that is never a reason to stop
say() { printf '%s\n' "$*" 2>/dev/null || :; }

uptime_s() {
    read -r up_ _ 2>/dev/null <"$R/proc/uptime" || read -r up_ _ </proc/uptime
    printf '%s\n' "${up_%%.*}"
}

boot_id() { cat "$R/proc/sys/kernel/random/boot_id" 2>/dev/null || cat /proc/sys/kernel/random/boot_id; }

# put FILE TEXT: the whole file or nothing of it, also when we are killed in between
put() {
    printf '%s\n' "$2" >"$1.new" && mv -f "$1.new" "$1"
}

# recall KEY: its value in the operation's record
recall() {
    while read -r key_ value_; do
        if [ "$key_" = "$1" ]; then
            printf '%s\n' "$value_"
            return
        fi
    done <"$dir/record" 2>/dev/null
}

# failed_units: one name a line; a unit that systemd keeps restarting has failed as well
failed_units() {
    systemctl list-units --state=failed,auto-restart --plain --no-legend --no-pager 2>/dev/null |
        while read -r unit_ _; do printf '%s\n' "$unit_"; done
}

# units_of ID: nixtui's own units of an operation that systemd still has something to do with
units_of() {
    systemctl list-units --all --plain --no-legend --no-pager --state=active,activating,deactivating,reloading \
        "nixtui-*-$1*" 2>/dev/null
}

# in_unit NAME ARGUMENT…: start the guard's own copy on this host with these arguments, as a unit that nobody's leaving ends
in_unit() {
    name_=$1
    shift
    systemd-run --quiet --collect --unit="$name_" \
        --property=KillMode=control-group --property=TimeoutStopSec=3 --property=SendSIGKILL=yes \
        --setenv=PATH="$PATH" --setenv=NIXTUI_ROOT="$R" --setenv=LOCALE_ARCHIVE="${LOCALE_ARCHIVE-}" \
        "$@" 2>&1
}

# ---------------------------------------------------------------- lock

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
    lock_is_stale_ && bury "$(holder_ operation)" abandoned && ln "$dir/holder" "$run/lock" 2>/dev/null && return
    say "refused locked $(holder_ operation) $(holder_ since) $(holder_ operator)"
    return 1
}

# A lock without any unit of its operation is what a crash left: from arming on, systemd always has a unit of it.
# Between taking the lock and arming there is none for a moment, hence the half minute.
lock_is_stale_() {
    other_=$(holder_ operation)
    taken_=$(holder_ uptime)
    [ -n "$other_" ] && [ -z "$(units_of "$other_")" ] && [ $(($(uptime_s) - ${taken_:-0})) -ge 30 ]
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
        case $other_ in "$id" | ended | '*') continue ;; esac
        [ -z "$(units_of "$other_")" ] || continue
        if [ -e "$run/ended/$other_" ]; then bury "$other_" ended; else bury "$other_" abandoned; fi
    done
    for each_ in "$roots"/nixtui-*-new "$roots"/nixtui-*-previous; do
        [ -L "$each_" ] || continue
        other_=${each_##*/nixtui-}
        other_=${other_%-*}
        if [ "$other_" != "$id" ] && [ ! -d "$run/$other_" ]; then
            rm -f "$each_"
            say "swept $other_ root"
        fi
    done
}

# ---------------------------------------------------------------- check

# refuse WORD DETAIL: nothing was done; leave nothing behind
refuse() {
    say "refused $*"
    unlock
    rm -rf "${dir:?}"
    rm -f "$roots/nixtui-$id-new" "$roots/nixtui-$id-previous"
    return 1
}

check() {
    # Asking Nix takes longer than all the rest, so it goes on meanwhile.
    nix-store --query --requisites "$new" >"$dir/closure" 2>/dev/null &
    asking=$!
    command -v systemd-run >/dev/null && [ -d "$R/run/systemd/system" ] ||
        refuse unsupported "this host has no systemd-run: nothing would bring it back by itself" || return
    now_=$(current_system)
    [ "$now_" = "$expect_current" ] ||
        refuse moved "it runs ${now_:-nothing known} now, not what was shown" || return
    now_=$(resolved "$SYSTEM_PROFILE")
    [ "$now_" = "$expect_profile" ] ||
        refuse moved "its profile points to ${now_:-nothing} now, not to what was shown" || return
    is_system "$new" || return
    has_room || return
    is_idle || return
    if [ "$mode" != boot ]; then
        found_=$(inhibitors "$new" | one_line)
        [ -z "$found_" ] || refuse inhibited "$found_" || return
    fi
    is_complete "$new"
}

is_system() {
    if [ ! -x "$R$1/bin/switch-to-configuration" ] || [ ! -e "$R$1/nixos-version" ]; then
        refuse missing "$1 is not there, or is no NixOS system"
    fi
}

# Valid to Nix and there with everything it needs: a half deleted closure is found before it is started, not after.
is_complete() {
    wait "$asking" || refuse missing "$1 is not valid in the Nix store" || return
    while read -r each_; do
        [ -e "$R$each_" ] || [ -L "$R$each_" ] || refuse missing "$each_, which it needs, is gone" || return
    done <"$dir/closure"
}

# available_kib PATH
available_kib() {
    df -Pk "$1" 2>/dev/null | while read -r _ _ _ free_ _; do
        case $free_ in *[!0-9]* | '') ;; *) printf '%s\n' "$free_" ;; esac
    done
}

has_room() {
    for each_ in "$R/nix/var/nix/profiles" "$R/run"; do
        free_=$(available_kib "$each_")
        [ "${free_:-1024}" -ge 256 ] || refuse room "the disk of $each_ is full" || return
    done
    [ -d "$R/boot" ] || return 0
    need_=$(boot_need_kib)
    free_=$(available_kib "$R/boot")
    [ "${free_:-$need_}" -ge "$need_" ] ||
        refuse room "/boot needs $need_ KiB for its kernel and initrd and has $free_ KiB left"
}

# boot_need_kib: what the boot loader will copy to /boot for $new. systemd-boot and GRUB both name the copies after the
# store path; kernels that are there already (the usual rollback) need nothing but the entry itself.
boot_need_kib() {
    sum_=16
    [ -d "$R/boot/EFI/nixos" ] || [ -d "$R/boot/kernels" ] || {
        echo 4
        return
    }
    for each_ in kernel initrd; do
        file_=$(resolved "$R$new/$each_")
        [ -n "$file_" ] || continue
        base_=${file_%/*}
        base_=${base_##*/}-${file_##*/}
        [ -e "$R/boot/EFI/nixos/$base_.efi" ] || [ -e "$R/boot/kernels/$base_" ] ||
            sum_=$((sum_ + ($(wc -c <"$R$file_") + 1023) / 1024))
    done
    echo "$sum_"
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

# ---------------------------------------------------------------- begin

begin() {
    mode=live number='' reference=''
    for each_; do
        case $each_ in
        operator=*) operator=$(printf '%s' "${each_#*=}" | one_line) ;;
        mode=*) mode=${each_#*=} ;;
        new=*) new=${each_#*=} ;;
        number=*) number=${each_#*=} ;;
        expect_current=*) expect_current=${each_#*=} ;;
        expect_profile=*) expect_profile=${each_#*=} ;;
        revert_after=*) revert_after=${each_#*=} ;;
        activation_timeout=*) activation_timeout=${each_#*=} ;;
        guard=*) reference=${each_#*=} ;;
        esac
    done
    take_lock "$operator" || {
        rm -rf "${dir:?}"
        return 0
    }
    sweep
    check || return 0
    record || refuse room "the record in $dir could not be written" || return 0
    say "locked $(boot_id)"
    if [ "$mode" = boot ]; then
        commit
        return
    fi
    arm || refuse unsupported "systemd-run did not take the timer: $armed_" || return 0
    activate || return
    follow 0
}

record() {
    put "$dir/guard" "$reference" || return
    failed_units >"$dir/failed-before" || return
    put "$dir/record" "operation $id
operator $operator
mode $mode
new $new
number $number
previous $expect_current
profile $expect_profile
profile_number $(profile_number)
boot_default $(boot_default)
boot_id $(boot_id)
revert_after $revert_after
activation_timeout $activation_timeout" || return
    put "$dir/sequence" 0 || return
    # Both ways must stay open while the window is: `nix-collect-garbage -d` would close either.
    ln -sfn "$R$new" "$roots/nixtui-$id-new" && ln -sfn "$R$expect_current" "$roots/nixtui-$id-previous"
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
    put "$dir/sequence" "$sequence_"
    put "$dir/deadline" "$(($(uptime_s) + seconds_))"
    [ "$before_" = 0 ] || systemctl stop "nixtui-revert-$id-$before_.timer" >/dev/null 2>&1
    say "armed $seconds_"
}

activate() {
    in_unit "nixtui-activate-$id" --property=RuntimeMaxSec="$(recall activation_timeout)" \
        /bin/sh "$dir/guard" activating "$id" || {
        say "died the activation unit could not be started"
        return 1
    }
    say "started"
}

# Runs as nixtui-activate-ID.service.
activating() {
    run_stc "$(recall new)" test "$dir/transcript" "$STC_LOCK_TRIES_TEST"
    put "$dir/code" "$stc_code"
}

# run_stc SYSTEM ACTION TRANSCRIPT TRIES: sets stc_code. 11 is a held lock (EAGAIN), with nothing done: try again.
# Whatever it prints is kept up to a bound and drained beyond it, because a broken pipe would kill it (NixOS #462179).
run_stc() {
    tries_=0
    while :; do
        rm -f "$3.pipe" "$3.drained"
        mkfifo "$3.pipe" || return
        {
            dd bs=1024 count="$TRANSCRIPT_BLOCKS" 2>/dev/null >>"$3"
            cat >/dev/null
            : >"$3.drained"
        } <"$3.pipe" &
        "$R$1/bin/switch-to-configuration" "$2" >"$3.pipe" 2>&1 </dev/null
        stc_code=$?
        drain_ "$3.drained"
        rm -f "$3.pipe"
        tries_=$((tries_ + 1))
        [ "$stc_code" = 11 ] && [ "$tries_" -lt "$4" ] || return 0
        sleep 1
    done
}

# A daemon that the activation started may keep the pipe open for ever; its first words are not worth waiting for.
drain_() {
    for each_ in 0.01 0.02 0.05 0.1 0.3; do
        [ -e "$1" ] && return
        sleep "$each_"
    done
}

# ---------------------------------------------------------------- follow

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
    elif [ $((polls_ % 10)) = 9 ] && ! systemctl is-active --quiet "nixtui-activate-$id.service"; then
        sleep 0.2
        if [ -e "$dir/code" ]; then say "tested $(cat "$dir/code")"; else say "died it was stopped"; fi
    fi
}

# ---------------------------------------------------------------- decide

# claim WHO: commit and revert exclude each other; whoever is first has it, for good, and may come back to it
claim() {
    put "$dir/claim-$1" "$1"
    ln "$dir/claim-$1" "$dir/verdict" 2>/dev/null
    [ "$(cat "$dir/verdict")" = "$1" ]
}

extend() {
    if [ -e "$dir/verdict" ] || [ ! -d "$dir" ]; then
        inspect
    else
        arm
    fi
}

verify() {
    say "current $(current_system)"
    say "code $(cat "$dir/code" 2>/dev/null)"
    failed_units | while read -r unit_; do
        if grep -qxF -- "$unit_" "$dir/failed-before" 2>/dev/null; then
            say "still_failed $unit_"
        else
            say "newly_failed $unit_"
            systemctl status --no-pager --full --lines=8 -- "$unit_" 2>&1 |
                while IFS= read -r line_; do say "log $line_"; done
        fi
    done
    say "verified"
}

# ---------------------------------------------------------------- commit

commit() {
    if [ ! -e "$dir/verdict" ]; then
        in_unit "nixtui-commit-$id" --property=Restart=on-failure --property=RestartSec=1 \
            --property=StartLimitIntervalSec=0 --property=RuntimeMaxSec="$(recall activation_timeout)" \
            /bin/sh "$dir/guard" committing "$id" >/dev/null
    fi
    await_outcome
}

# Runs as nixtui-commit-ID.service; killed in the middle, systemd starts it again and it goes on where it was.
committing() {
    claim commit || return 0
    [ ! -e "$dir/outcome" ] || return 0
    systemctl stop "nixtui-revert-$id-*.timer" >/dev/null 2>&1
    if [ ! -e "$dir/undo" ]; then
        if attempt commit; then problem_=$(make_it_last); else problem_="the commit was cut off three times"; fi
        if [ -z "$problem_" ]; then
            finish committed ''
            return
        fi
        put "$dir/undo" "$problem_"
    fi
    undo_commit "$(cat "$dir/undo")"
}

# attempt NAME: counts; false from the fourth time on
attempt() {
    count_=$(($(cat "$dir/attempts-$1" 2>/dev/null || echo 0) + 1))
    put "$dir/attempts-$1" "$count_"
    [ "$count_" -le 3 ]
}

# make_it_last: profile, boot entry, and a look at both; prints what went wrong, if anything did
make_it_last() {
    now_=$(resolved "$SYSTEM_PROFILE")
    if [ "$now_" != "$new" ] && [ "$now_" != "$(recall profile)" ]; then
        say "somebody else pointed the profile to $now_ meanwhile"
        return
    fi
    number_=$(recall number)
    if [ -n "$number_" ] && [ "$(resolved "$SYSTEM_PROFILE-$number_-link")" = "$new" ]; then
        said_=$(nix-env --profile "$SYSTEM_PROFILE" --switch-generation "$number_" 2>&1)
    else
        said_=$(nix-env --profile "$SYSTEM_PROFILE" --set "$new" 2>&1)
    fi || {
        say "the profile could not be set: $(printf '%s' "$said_" | tail -n 1)"
        return
    }
    run_stc "$new" boot "$dir/commit-transcript" "$STC_LOCK_TRIES_REVERT"
    if [ "$stc_code" != 0 ]; then
        say "the boot entry could not be written (exit $stc_code): $(tail -n 1 "$dir/commit-transcript")"
        return
    fi
    [ "$(resolved "$SYSTEM_PROFILE")" = "$new" ] || {
        say "the profile does not point to the new system"
        return
    }
    boots_=$(boot_default)
    [ -z "$boots_" ] || [ "$boots_" = "$new" ] || say "the boot default is still $boots_"
}

# undo_commit WHY: profile and boot entry as they were, then the system as it was
undo_commit() {
    put_back || say "log profile or boot entry could not be put back"
    if [ "$(recall mode)" = boot ]; then
        finish failed "$1"
    else
        go_back "$1"
    fi
}

put_back() {
    old_=$(recall profile_number)
    made_=$(profile_number)
    if [ "$(resolved "$SYSTEM_PROFILE")" = "$new" ] && [ "$made_" != "$old_" ]; then
        if [ -n "$old_" ]; then
            nix-env --profile "$SYSTEM_PROFILE" --switch-generation "$old_"
        else
            nix-env --profile "$SYSTEM_PROFILE" --set "$(recall profile)"
        fi >/dev/null 2>&1 || return
        # A generation that only our --set made, not the one we were asked to go to.
        [ "$made_" = "$(recall number)" ] ||
            nix-env --profile "$SYSTEM_PROFILE" --delete-generations "$made_" >/dev/null 2>&1
    fi
    old_=$(recall boot_default)
    [ -z "$old_" ] || [ "$(boot_default)" = "$old_" ] || {
        run_stc "$old_" boot "$dir/commit-transcript" "$STC_LOCK_TRIES_REVERT"
        [ "$stc_code" = 0 ]
    }
}

# ---------------------------------------------------------------- revert

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
    claim "revert-$1" || return 0
    [ ! -e "$dir/outcome" ] || return 0
    go_back "$(cat "$dir/why" 2>/dev/null || printf '%s' "$2")"
}

go_back() {
    # A hanging activation holds NixOS's lock: without this, going back dies of "Could not acquire lock".
    systemctl stop "nixtui-activate-$id.service" >/dev/null 2>&1
    if [ "$(cat "$dir/code" 2>/dev/null)" = 11 ]; then
        # Somebody else's activation held the lock all the time: ours did nothing, and theirs is not ours to undo.
        finish not_begun "$1"
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
    run_stc "$previous" test "$dir/revert-transcript" "$STC_LOCK_TRIES_REVERT"
    if [ "$(current_system)" = "$previous" ] && [ "$stc_code" != 11 ]; then
        finish reverted "$1"
    else
        sleep 1
        return 1 # systemd starts us again
    fi
}

# ---------------------------------------------------------------- end

# finish OUTCOME WHY: the truth, where a later connection finds it, then everything else cleared away
finish() {
    put "$dir/ending" "$(
        say "outcome $1"
        say "operation $id"
        say "why $2"
        say "code $(cat "$dir/code" 2>/dev/null)"
        say "revert_code ${stc_code-}"
        say "current $(current_system)"
        say "profile $(resolved "$SYSTEM_PROFILE")"
        say "number $(profile_number)"
        say "boot_default $(boot_default)"
        say "boot_id $(boot_id)"
        say "at $(date +%s)"
    )"
    cp "$dir/ending" "$run/ended/$id.new" && mv -f "$run/ended/$id.new" "$run/ended/$id"
    rm -f "$roots/nixtui-$id-new" "$roots/nixtui-$id-previous"
    unlock
    mv -f "$dir/ending" "$dir/outcome"
    systemctl stop "nixtui-revert-$id-*.timer" >/dev/null 2>&1
}

await_outcome() {
    polls_=0
    while [ ! -e "$dir/outcome" ] && [ -d "$dir" ]; do
        polls_=$((polls_ + 1))
        breathe
        if [ $((polls_ % 20)) = 19 ] && [ -z "$(units_of "$id")" ] && [ ! -e "$dir/outcome" ]; then
            say "log no unit of operation $id is left, and no outcome"
            break
        fi
    done
    inspect
}

inspect() {
    say "boot_id $(boot_id)"
    if [ -e "$dir/outcome" ]; then
        tail_ commit-transcript
        tail_ revert-transcript
        while IFS= read -r line_; do say "$line_"; done <"$dir/outcome"
    elif [ -e "$run/ended/$id" ]; then
        while IFS= read -r line_; do say "$line_"; done <"$run/ended/$id"
    elif [ -d "$dir" ]; then
        say "outcome open"
        say "code $(cat "$dir/code" 2>/dev/null)"
        say "verdict $(cat "$dir/verdict" 2>/dev/null)"
        [ -e "$dir/deadline" ] && say "left $(($(cat "$dir/deadline") - $(uptime_s)))"
        say "current $(current_system)"
    else
        say "outcome none"
        say "current $(current_system)"
        say "profile $(resolved "$SYSTEM_PROFILE")"
        say "number $(profile_number)"
        say "boot_default $(boot_default)"
    fi
    say "inspected"
}

# tail_ NAME: the end of a transcript, where the reason usually is
tail_() {
    [ -s "$dir/$1" ] || return 0
    tail -n 20 "$dir/$1" | while IFS= read -r line_; do say "log $line_"; done
}

release() {
    [ -e "$dir/outcome" ] && rm -rf "${dir:?}"
    say "released"
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

main() {
    verb=$1
    if [ "$verb" = break ]; then
        break_lock "$2"
        return
    fi
    id=$2
    dir=$run/$id
    shift 2
    new=$(recall new)
    case $verb in
    begin | follow | activating | verify | extend | commit | committing | revert | reverting | inspect | release)
        "$verb" "$@"
        ;;
    *)
        say "refused usage $verb"
        return 2
        ;;
    esac
}

main "$@"
