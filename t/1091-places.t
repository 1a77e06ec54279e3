#!/bin/sh
# The whole corpus, from a file, through a pipe, from a registry and from Docker: the same facts from each place.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/registry.sh"
. "$SRCDIR/t/lib/dockerd.sh"
need_corpus

HOME=$T/home XDG_RUNTIME_DIR=$T/runtime TMPDIR=$T
export HOME XDG_RUNTIME_DIR TMPDIR
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"

dockerd_start
registry_start
perl "$SRCDIR/t/lib/places.pl"
exit $?
