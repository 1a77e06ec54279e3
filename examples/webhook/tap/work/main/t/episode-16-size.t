TAP version 13
ok 1 - 16.1 Both images are readable
  ---
  found: "/tmp/b/example/before.tar and /tmp/b/example/after.tar"
  before: "sha256:27e28f37872b89b54146367358734ff49708600103f5e18933ec8819a501475a"
  after: "sha256:924db0758f5ed4bb146880053a90df840d922c045d3dfc2d97bee9c6f84fd6e7"
  ...
1..1
