# docs/lint-rules.md from `image-lint --list --json`.
def subject: {"dockerfile": "Dockerfile", "image": "image", "compose": "compose file", "context": "context"}[.];
def severity: {"info": "note"}[.] // .;
"# The rules of image-lint",
"",
"This page is made by `image-lint --list --json | jq -rf t/lib/lint-rules.jq`; a test holds it to the program.",
"A rule that is *off* works where `--enable` or `--only` names it. What `--fix` mends is marked.",
"",
(.rules[] |
	"## \(.name)",
	"",
	"\(.severity | severity), on \(.on | map(subject) | join(", "))\(if .enabled then "" else ", *off*" end)\(if .fixes then ", `--fix`" else "" end)",
	"",
	"- Why: \(.reason).",
	"- Mend: \(.mend).",
	(if .counterparts != "" then "- Elsewhere: \(.counterparts)." else empty end),
	"")
