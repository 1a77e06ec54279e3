TAP version 13
ok 1 - 17.4 The Dockerfile is clean # SKIP image-lint is not there yet
1..1
