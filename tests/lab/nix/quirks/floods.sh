#!/bin/sh
# 50 MB of output.
yes "warning: this line is repeated until fifty megabytes have been written, which nobody wants to read" | head -c 50000000
