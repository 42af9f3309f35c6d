#!/bin/sh
echo "failed to write /boot/EFI/systemd/systemd-bootx64.efi: Input/output error" >&2
exit 1
