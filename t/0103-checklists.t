#!/bin/sh
# Checklists and episodes name the same items, all 64 of them.
. "${SRCDIR:-.}/t/lib/harness.sh"

for episode in 15 16 17 18; do
	grep -oE '^- \[ \] \*\*[0-9]+\.[0-9]+\*\* ' "$SRCDIR/checklists/episode-$episode.md" | grep -oE '[0-9]+\.[0-9]+' >listed
	grep -ohE "^item '[0-9]+\.[0-9]+'" "$SRCDIR"/t/episode-$episode-*.t | grep -oE '[0-9]+\.[0-9]+' >decided
	is "$(cat decided)" "$(cat listed)" "episode $episode: the same items in the same order"
	is "$(sort listed | uniq -d)" '' "episode $episode: each once"
	cat listed >>all
done
is "$(wc -l <all | tr -d ' ')" 64 'the checklist has 64 items'
is "$(grep -c '^15' all) $(grep -c '^16' all) $(grep -c '^17' all) $(grep -c '^18' all)" '15 11 8 30' 'by episode'

done_testing
