#!/bin/sh
# Terminal control, a lone carriage return, bytes that are no UTF-8, a line that never ends for a while.
printf '\033[2J\033]0;owned\007\033[31mred\rover\n'
printf '\377\376\200 not utf-8\n'
head -c 300000 /dev/zero | tr '\0' x
printf '\n'
