#!/bin/sh
# The page of a report folder as a browser shows it: wide and narrow, light and dark, with a keyboard, for
# a screen reader, and on paper. The modules of Node come from NODE_PATH, or from the registry.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/report.sh"
need_command jq
need_command node
command -v chromium >/dev/null 2>&1
need chromium 'chromium is not installed'

if ! node -e 'require("puppeteer-core"); require.resolve("axe-core")' 2>/dev/null; then
	npm install --silent --no-audit --no-fund --fetch-retries=0 puppeteer-core@24 axe-core@4 >npm.log 2>&1
	NODE_PATH=$T/node_modules
	export NODE_PATH
fi
node -e 'require("puppeteer-core"); require.resolve("axe-core")' 2>/dev/null
need axe-core 'axe-core and puppeteer-core are not installed'

CHROMIUM=$(command -v chromium)
export CHROMIUM
# in place of the folder that holds its profile
HOME=$T
export HOME

# looks_well PAGE WHAT: what holds of every page.
looks_well() {
	mkdir -p shots
	run node "$SRCDIR/t/lib/browse.js" "$1" shots
	is "$status" 0 "$2: the browser opens it"
	[ "$status" -eq 0 ] || show_output
	cp out seen
	is "$(jq -r '.console[], .requests[]' seen)" '' "$2: no error, and nothing is fetched"
	is "$(jq -r '.views[] | . as $view | .violations[] | "\($view.width) \($view.scheme): \(.)"' seen)" '' "$2: axe finds nothing"
	is "$(jq '[.views[].contrast] | min > 30' seen)" true "$2: and has looked at contrast"
	is "$(jq -c '[.views[] | .overflow, .overflowOpen] | max <= 0' seen)" true "$2: no width makes the page scroll sideways"
	is "$(jq -c '[.views[] | .background] | unique | length' seen)" 2 "$2: the dark is dark"
	is "$(jq -c '.outline | [.landmarks, .scripts, .ids]' seen)" '[[1,1,1,1],0,0]' "$2: one header, navigation, main part and footer; no script; every id once"
	is "$(jq -c '.outline.headings | [.[0], ([range(1; length) as $i | .[$i] - .[$i - 1]] | max)]' seen)" '[1,1]' "$2: headings leave out no level"
	is "$(jq -c '.keyboard | [.stops[0].text, (.stops | all(.outline >= 2 and .left >= 0)), .opened]' seen)" \
		'["To the results",true,true]' "$2: the keyboard's place is seen, and opens what is folded"
	is "$(jq -c '.print | [.folded > 0, .hidden, .background]' seen)" '[true,0,"rgb(255, 255, 255)"]' "$2: on paper all is open, and white"
	ok "$2: the screenshots are there" test -s shots/360-light.png -a -s shots/1400-dark.png -a -s shots/print.pdf
}

made_report r
run trial_report r
looks_well r/report.html 'what fails'
is "$(jq -r .outline.verdict seen)" Fails 'the verdict is the heading'
is "$(jq .keyboard.reached seen)" true 'a link to evidence opens it'

made_report held
ITEMS='15.1 16.2' run trial_report held
looks_well held/report.html 'what holds'
is "$(jq -r .outline.verdict seen)" Holds 'the verdict is the heading'

ITEMS='15.1 15.2 16.2' run trial_report held
looks_well held/report.html 'what was interrupted'
is "$(jq -r .outline.verdict seen)" 'Not decided' 'the verdict is the heading'

# would it notice?
sed 's/--quiet: #4a5868/--quiet: #c9c9c9/; s/<html lang="en">/<html>/; s|</body>|<p style="width:3000px">x</p><script>throw 1</script></body>|; /Content-Security/d' \
	held/report.html >broken.html
run node "$SRCDIR/t/lib/browse.js" broken.html shots
is "$status $(jq -c '[(.console | length > 0), ([.views[].violations[]] | [any(test("^color-contrast")), any(test("^html-has-lang"))]), .views[0].overflow > 0]' out)" \
	'0 [true,[true,true],true]' 'a page that is broken is noticed'

done_testing
