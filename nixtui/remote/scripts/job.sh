#!/bin/sh
# A script that runs by itself on this host while its output is fetched piece by piece, for ways in that tell what a
# command printed only once it has ended, and only the beginning of it; instances/run_command.py is the other half.
#
#   job ID FROM WAIT [PROGRAM]   as root
#
# With PROGRAM (gzip, base64) the job ID is started, unless it was: a command may be delivered twice. Then waits up to
# WAIT seconds for output after its first FROM bytes, or for its end, and says:
#
#   #nixtui-job ID running - | ended CODE | lost - | gone -
#   out BASE64    a piece of standard output from FROM on, as gzip; nothing when there is none
#   err BASE64    the end of standard error, once the job has ended
#   more | done   after the last piece the job is forgotten here
#
# It outlives who started it: an activation may restart the agent that brought it.
set -u
LC_ALL=C
export LC_ALL

root=${NIXTUI_ROOT-}
most_err=6000

main() {
    id=$1 from=$2 wait=$3
    job=$root/run/nixtui-jobs/$id
    umask 077
    [ $# -lt 4 ] || start "$4"
    if [ ! -d "$job" ]; then
        printf '#nixtui-job %s gone -\ndone\n' "$id"
        return
    fi
    until_news
    # The end is looked for before the output: what is there after it is all there is.
    state=running code=-
    if [ -e "$job/code" ]; then
        state=ended
        read -r code <"$job/code"
    elif ! alive; then
        state=lost
    fi
    printf '#nixtui-job %s %s %s\n' "$id" "$state" "$code"
    size=$(bytes "$job/out")
    piece
    if [ "$state" = ended ] && [ $((from + taken)) -ge "$size" ]; then
        printf 'err %s\ndone\n' "$(tail -c "$most_err" "$job/err" | packed)"
        rm -rf "$job"
    else
        printf 'more\n'
    fi
}

start() {
    mkdir -p "$root/run/nixtui-jobs" || exit 97
    mkdir "$job" 2>/dev/null || return 0
    # What others left whose nixtui died; nobody fetches a job for a day.
    find "$root/run/nixtui-jobs" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} + 2>/dev/null
    printf %s "$1" | base64 -d | gzip -dc >"$job/program" || exit 97
    : >"$job/out"
    : >"$job/err"
    # Both outputs are bounded, as /run is memory that the host needs; what comes after that is read and dropped.
    # shellcheck disable=SC2016 # the job's own shell expands them
    printf '%s\n' 'job=${0%/*}' 'echo $$ >"$job/pid.new"' 'mv "$job/pid.new" "$job/pid"' 'cd /' \
        'keep() { (ulimit -f 8192; exec cat) 2>/dev/null; cat >/dev/null; }' \
        '{ { LC_ALL=C sh "$job/program" </dev/null 2>&3; echo $? >"$job/code.new"; } | keep >"$job/out"; } 3>&1 |' \
        '    keep >"$job/err"' \
        'mv "$job/code.new" "$job/code"' >"$job/run"
    if [ -z "$root" ] && [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
        systemd-run --quiet --collect --unit="nixtui-job-$id" --setenv=PATH="$PATH" --setenv=HOME="${HOME:-/root}" \
            sh "$job/run" >/dev/null 2>&1 && return 0
    fi
    if command -v setsid >/dev/null; then
        setsid sh "$job/run" </dev/null >/dev/null 2>&1 &
    else
        sh "$job/run" </dev/null >/dev/null 2>&1 &
    fi
}

until_news() {
    left=$((wait * 4))
    while [ "$left" -gt 0 ] && [ ! -e "$job/code" ] && alive && [ "$(bytes "$job/out")" -le "$from" ]; do
        sleep 0.25
        left=$((left - 1))
    done
}

# One that has not said yet which process it is has only just been started.
alive() {
    [ -e "$job/pid" ] || return 0
    read -r pid <"$job/pid"
    kill -0 "$pid" 2>/dev/null || [ -e "$job/code" ]
}

bytes() {
    wc -c <"$1" | tr -d ' '
}

packed() {
    gzip -c | base64 | tr -d '\n'
}

# As much as fits: 24,000 characters are told of a command, and some of them belong to the end of standard error.
piece() {
    taken=0
    [ "$size" -gt "$from" ] || return 0
    for most in 96000 40000 11000; do
        text=$(tail -c "+$((from + 1))" "$job/out" | head -c "$most" | packed)
        taken=$((size - from))
        [ "$taken" -le "$most" ] || taken=$most
        [ "${#text}" -gt 15000 ] || break
    done
    printf 'out %s\n' "$text"
}

main "$@"
