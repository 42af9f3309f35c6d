"""Real hosts for tests: systemd-nspawn containers with systemd, sshd, Nix and NixOS's layout. Needs Debian and root.

By hand, from the repository's root: `tests/lab/lab up 3` (the first time builds the base image, about a minute),
`tests/lab/lab ssh h1`, `tests/lab/lab reset h1`, `tests/lab/lab down`; `tests/lab/lab --help` names the faults.
`ssh -F /run/nixtui-lab/lab/ssh_config h1` and anything else that reads an ssh_config work too.

In a test marked `lab`, the fixture `host` is a pristine host and `hosts` all of them (NIXTUI_LAB_HOSTS, 3). `Host` has
what a test does to it; `Inside` what it may ask, without the host's network. Each pytest run has hosts of its own;
NIXTUI_LAB=lab uses those that `lab up` started. NIXTUI_LAB_CACHE and NIXTUI_LAB_NETWORK move cache and addresses.
"""
