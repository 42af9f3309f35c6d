# shellcheck shell=sh
# Upkeep: one piece of work on this host, in a unit of its own, and following it.

begin() {
    operator='' limit='' reference=''
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        case $1 in
        operator=*) operator=$(printf '%s' "${1#*=}" | one_line) ;;
        limit=*) limit=${1#*=} ;;
        upkeep=*) reference=${1#*=} ;;
        esac
        shift
    done
    shift
    take_lock "$operator" || {
        rm -rf "${dir:?}"
        return 0
    }
    sweep
    is_idle || return 0
    # `guard` is where breaking a lock looks for what ends the operation that holds it.
    put "$dir/guard" "$reference" && put "$dir/sequence" 0 && : >"$dir/transcript" ||
        refuse room "its record in $dir could not be written" || return 0
    said_=$(in_unit "nixtui-upkeep-$id" --property=RuntimeMaxSec="$limit" /bin/sh "$dir/guard" working "$id" "$@") || {
        refuse unsupported "its unit could not be started: $said_"
        return 0
    }
    say "started $(boot_id)"
    follow 0
}

# Runs as nixtui-upkeep-ID.service; what it prints are answers already.
working() {
    exec >>"$dir/transcript" 2>&1
    work_=$1
    shift
    case $work_ in
    unit) work_unit "$@" ;;
    gc) work_gc "$@" ;;
    optimise) work_optimise ;;
    verify) work_verify "$@" ;;
    *) false ;;
    esac
    put "$dir/code" $?
    unlock
}

# told [PATTERN]: standard input as the output of a command, up to a bound, for /run is memory; lines that match the
# pattern are only counted
told() {
    count_=0 matching_=0
    while IFS= read -r line_; do
        # shellcheck disable=SC2254 # a pattern on purpose
        case $line_ in
        ${1-})
            matching_=$((matching_ + 1))
            [ $((matching_ % 20)) != 0 ] || say "progress $matching_"
            ;;
        *)
            count_=$((count_ + 1))
            case $line_ in *"was modified"* | *" disappeared"*) say "broken $line_" ;; esac
            [ "$count_" -gt 2000 ] || say "log $line_"
            ;;
        esac
    done
    [ "$matching_" = 0 ] || say "progress $matching_"
    [ "$count_" -le 2000 ] || say "log … and $((count_ - 2000)) more lines"
}

# status_of COMMAND…: what it prints on standard output; its exit status in $dir/exit, as a pipe would lose it
status_of() {
    "$@" 2>&1 </dev/null
    put "$dir/exit" $?
}

# follow LINES: the answers from there on, until the work ends
follow() {
    skip_=$1
    rest_=
    polls_=0
    [ -e "$dir/transcript" ] || {
        say "gone"
        return
    }
    exec 3<"$dir/transcript"
    while :; do
        over_=$(is_over_) # asked before reading, so that what was written by then is read
        read_transcript_
        [ -z "$over_" ] || break
        polls_=$((polls_ + 1))
        if [ "$polls_" -lt 100 ]; then sleep 0.05; else sleep 0.3; fi
    done
    exec 3<&-
    say "$over_"
}

read_transcript_() {
    while IFS= read -r line_ <&3; do
        line_=$rest_$line_
        rest_=
        if [ "$skip_" -gt 0 ]; then skip_=$((skip_ - 1)); else say "$line_"; fi
    done
    rest_=$rest_$line_
}

is_over_() {
    if [ -e "$dir/code" ]; then
        say "ended $(cat "$dir/code")"
    elif [ $((polls_ % 10)) = 9 ] && is_gone_; then
        sleep 0.2 # its last act is to write its code
        [ -e "$dir/code" ] || put "$dir/code" died
        unlock
        say "ended $(cat "$dir/code")"
    fi
}

# is_gone_: systemd itself says that it does not run; no answer is none
is_gone_() {
    case $(systemctl is-active "nixtui-upkeep-$id.service" 2>/dev/null) in
    inactive | failed) ;;
    *) return 1 ;;
    esac
}

# stop: end it where it is; what was begun by then is what it is
stop() {
    systemctl stop "nixtui-upkeep-$id.service" >/dev/null 2>&1
    [ ! -d "$dir" ] || [ -e "$dir/code" ] || put "$dir/code" stopped
    unlock
    say "stopped"
}

# reverting: somebody broke the lock; `outcome` is what they wait for
reverting() {
    stop
    put "$run/ended/$id" "outcome ended"
    put "$dir/outcome" "outcome ended"
}

release() {
    [ ! -e "$dir/code" ] || rm -rf "${dir:?}"
    say "released"
}
