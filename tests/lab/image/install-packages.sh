#!/bin/sh
# Runs inside the new base, with the machine's apt configuration: what a lab host has beyond a minimal Debian.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
apt-get clean
rm -rf /var/lib/apt/lists/*
