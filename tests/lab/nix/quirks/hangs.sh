#!/bin/sh
# Never returns, cannot be terminated, only killed, and so can its children.
trap '' TERM HUP INT
echo "waiting for a network file system"
for _ in 1 2 3; do
    sleep 1000000 &
done
while :; do
    wait
done
