#!/bin/sh
# Stage 2 of the boot: this system becomes the booted and the current one, then systemd takes over.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
systemConfig=@out@

echo "<<< NixOS Stage 2 >>>"
ln -sfn "$systemConfig" /run/booted-system
echo "running activation script..."
"$systemConfig/activate" "$systemConfig"

echo "starting systemd..."
unset LC_ALL
exec "$systemConfig/systemd/lib/systemd/systemd"
