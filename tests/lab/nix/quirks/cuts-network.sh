#!/bin/sh
# The interface goes down from inside, as with a wrong address or firewall.
ip link set eth0 down
