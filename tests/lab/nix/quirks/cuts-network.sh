#!/bin/sh
# The interface goes down from inside, as with a wrong address or firewall.
[ ! -e /sys/class/net/eth0 ] || ip link set eth0 down
