#!/bin/sh
# Completions, asked of bash, zsh and fish themselves.
. "${SRCDIR:-.}/t/lib/harness.sh"
here=$BUILDDIR/completions
[ -f "$here/stamp" ]
need completions 'a cross-build has none'
need_command bash
need_command zsh
need_command fish

mkdir work && cd work || exit 1
mkdir images && touch image.tar 'two words.tar' images/x

# in_bash PROGRAM WORD...: what is offered for the last word, sorted.
in_bash() {
	bash --norc -c '
		compopt() { :; }
		. "$1/bash/$2"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		function=$(complete -p "$1")
		function=${function##*-F }
		"${function%% *}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$here" "$@" | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# in_zsh LINE: the line once Tab was pressed.
in_zsh() {
	timeout 60 zsh -f -c '
		zmodload zsh/zpty
		zpty shell zsh -f -i
		zpty -w shell "PS1=; TERM=dumb; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D
			report() { print -r -- \"<<\$BUFFER>>\"; zle send-break }; zle -N report; bindkey \"^X\" report; echo ready-\"\"now"
		zpty -r -m shell line "*ready-now*" || exit 1
		zpty -w -n shell "$2$3"
		zpty -r -m shell line "*<<*>>*"
		print -r -- "$line"
		zpty -d shell' zsh "$here/zsh" "$1" "$(printf '\t\030')" 2>/dev/null | tr -d '\r' | sed -n 's/.*<<\(.*\)>>.*/\1/p' | tail -n 1
}

# in_fish LINE: what is offered, sorted.
in_fish() {
	HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_DATA_HOME=$PWD fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$here/fish/${1%% *}.fish" "$1" |
		cut -f1 | sort | tr '\n' ' ' | sed 's/ $//'
}

for program in $PROGRAMS seatrial; do
	# every option of --help, and no other
	"$program" --help | grep -oE '^ +(-[A-Za-z0-9], )?--[a-z-]+' | grep -oE -- '--.*' | sort | tr '\n' ' ' | sed 's/ $//' >wanted
	is "$(in_bash "$program" "$program" --)" "$(cat wanted)" "bash: every option of $program"
	is "$(in_fish "$program --" | tr ' ' '\n' | sed 's/=$//' | sort | tr '\n' ' ' | sed 's/ $//')" "$(cat wanted)" "fish: every option of $program"
	is "$(grep -oE -- "['*)]--[a-z-]+[=[]" "$here/zsh/_$program" | grep -oE -- '--[a-z-]+' | sort -u | tr '\n' ' ' | sed 's/ $//')" "$(cat wanted)" \
		"zsh: every option of $program"
	ok "zsh: $program's is good syntax" zsh -n "$here/zsh/_$program"
	ok "bash: $program's is good syntax" bash -n "$here/bash/$program"
	ok "fish: $program's is good syntax" fish --no-config -n "$here/fish/$program.fish"
done

is "$(in_bash image-size image-size --measure '')" 'compressed content unpacked' 'bash: choices'
is "$(in_bash image-size image-size --measure = com)" compressed 'bash: behind ='
is "$(in_bash image-size image-size -m un)" unpacked 'bash: of a letter'
is "$(in_bash image-size image-size oci)" 'oci-archive: oci:' 'bash: transports'
is "$(in_bash image-size image-size im)" 'image.tar images' 'bash: files'
is "$(in_bash image-size image-size oci : imag)" 'image.tar images' 'bash: behind a transport'
is "$(in_bash image-size image-size two)" 'two words.tar' 'bash: a name with a blank is one'
is "$(in_bash image-size image-size --top '')" '' 'bash: a number is nobody'\''s guess'
is "$(in_bash ro-run ro-run --cache im)" images 'bash: folders'
is "$(in_bash ro-run ro-run app.tar -- curl | tr ' ' '\n' | grep -cx curl)" 1 'bash: COMMAND behind --'
is "$(in_bash seatrial seatrial 15.1)" '15.1 15.10 15.11 15.12 15.13 15.14 15.15' 'bash: items'
is "$(in_bash seatrial seatrial p)" plan 'bash: commands'
is "$(in_bash seatrial seatrial -s WEBHOOK_C)" WEBHOOK_CASES= 'bash: settings'

is "$(in_fish 'image-size --measure com')" compressed 'fish: choices'
is "$(in_fish 'seatrial 17.')" '17.1 17.2 17.3 17.4 17.5 17.6 17.7 17.8' 'fish: items'
is "$(in_fish 'seatrial --set MIN_RED')" MIN_REDUCTION= 'fish: settings'
is "$(in_fish 'image-size docker-d')" docker-daemon: 'fish: transports'
is "$(in_fish 'pin-check image.')" image.tar 'fish: files'

is "$(in_zsh 'image-size --meas')" 'image-size --measure=' 'zsh: options'
is "$(in_zsh 'image-size --measure=com')" 'image-size --measure=compressed ' 'zsh: choices'
is "$(in_zsh 'image-size docker-d')" 'image-size docker-daemon:' 'zsh: transports'
is "$(in_zsh 'image-size image.')" 'image-size image.tar ' 'zsh: files'
is "$(in_zsh 'image-size oci:image.')" 'image-size oci:image.tar ' 'zsh: behind a transport'
is "$(in_zsh 'seatrial --set WEBHOOK_C')" 'seatrial --set WEBHOOK_CASES=' 'zsh: settings'
is "$(in_zsh 'seatrial 18.3')" 'seatrial 18.3' 'zsh: items'

done_testing
