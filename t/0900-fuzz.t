#!/bin/sh
# Every fuzz target lives through its corpus, whole and cut short.
. "${SRCDIR:-.}/t/lib/harness.sh"

for corpus in "$SRCDIR"/fuzz/corpus/*; do
	target=${corpus##*/}
	expect_status 0 "$BUILDDIR/fuzz/replay-$target" "$corpus"/*
done

done_testing
