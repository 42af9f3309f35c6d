#!/bin/sh
# Takes as many seconds as /etc/lab/slow-seconds says, with a line for each.
seconds=$(cat /etc/lab/slow-seconds 2>/dev/null) || seconds=5
second=0
while [ "$second" -lt "$seconds" ]; do
    second=$((second + 1))
    echo "migrating the database: step $second of $seconds"
    sleep 1
done
