#!/bin/sh
. "${SRCDIR:-.}/t/lib/harness.sh"
skip_all later
