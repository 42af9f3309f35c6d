#!/bin/sh
# A command of the operator's: its output as one stream, nothing on its standard input, and an end when it is asked for.
#
#   command root|login TEXT
#
# TEXT is for `sh -c`. A line on our standard input, or its end, ends the command with all that it started: SIGTERM, two
# seconds later SIGKILL. sshd, sudo and systemd-run give every command a process group of its own, so that group is
# whom the signals go to.

if [ "$1" = root ] && [ -z "${NIXTUI_ROOT-}" ] && [ "$(id -u)" != 0 ]; then
    echo "nixtui: root was asked for, but this login is $(id -un) and [ssh] elevate is none"
    exit 126
fi

LC_ALL=C # equal answers must not differ by the languages of hosts
export LC_ALL

exec 3<&0 </dev/null 2>/dev/null # what the shell itself says of a killed command is nobody's output
(exec 3<&- 2>&1 sh -c "$2") &
command=$!
(
    trap '' HUP PIPE TERM
    read -r _ <&3
    kill -TERM 0
    sleep 2
    kill -KILL 0
) >/dev/null &
watcher=$!
exec 3<&-
trap : TERM
wait "$command"
status=$?
while kill -0 "$command"; do # it was only the signal that ended the wait
    wait "$command"
    status=$?
done
kill -KILL "$watcher"
exit "$status"
