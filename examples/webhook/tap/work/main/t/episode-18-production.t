TAP version 13
ok 1 - 18.1 The production image builds in time and without warnings
  ---
  found: "status 0 in 3.55 s, 0 warnings"
  seconds: 3.54583787918091
  baseline_seconds: 13.2476069927216
  ...
ok 2 - 18.2 Its size is on record
  ---
  found: "content 57.7 MB, compressed not known"
  content_bytes: 57661834
  unpacked_bytes: 59084800
  compressed_bytes: null
  layer_count: 6
  ...
ok 3 - 18.3 It starts read-only with the production environment
  ---
  found: "python -m src.app as uid 1000"
  environment: ["LOG_LEVEL=INFO","FLASK_ENV=production"]
  user: {"gid":1000,"home":"/home/appuser","name":"appuser","uid":1000}
  exit: {"code":0,"early":false,"error":null,"reason":"stopped","signal":null}
  ...
ok 4 - 18.4 It is ready in time; the figure is on record
  ---
  found: "ready after 381 ms, the baseline after 481 ms"
  ready_ms: 380.756795
  before_ready_ms: 481.031618
  ...
ok 5 - 18.5 The health endpoint answers 200 with a healthy status in its JSON
  ---
  found: "status 200"
  url: "http://localhost:5000/health"
  status: 200
  latency_ms: 0.923
  json: {"service":"webhook","status":"healthy","uptime_seconds":0.049,"version":"2.1.0"}
  ...
ok 6 - 18.6 Readiness and liveness answer 200
  ---
  found: "http://localhost:5000/health/ready: 200, http://localhost:5000/health/live: 200"
  ...
ok 7 - 18.7 The secrets endpoint answers as configured
  ---
  found: "status 200"
  url: "http://localhost:5000/health/secrets"
  status: 200
  latency_ms: 2.765
  json: {"secrets":{"webhook":"configured"},"status":"healthy"}
  ...
ok 8 - 18.8 Each health answer arrives in time; the latencies are on record
  ---
  found: "slowest 8 ms; limit 10s"
  "http://localhost:5000/health": 5.221
  "http://localhost:5000/health/ready": 5.103
  "http://localhost:5000/health/live": 8.216
  ...
ok 9 - 18.9 A sample webhook is processed as configured
  ---
  found: "status 200"
  url: "http://localhost:5000/webhook"
  status: 200
  latency_ms: 3.245
  json: {"action":"create","fields":1,"id":"evt_1","package":"lab/plasmids","revision":"2789592c95b1f54c","status":"accepted"}
  ...
ok 10 - 18.10 Every log line is JSON with a level
  ---
  found: "5 lines, all JSON with a level"
  ...
ok 11 - 18.11 No error lines and no file-system errors
  ---
  found: "0 error lines, 0 refused writes"
  lines: []
  attempts: []
  ...
ok 12 - 18.12 Health stays good over the integration period
  ---
  found: "0 of 3 endpoints unsteady over 10s"
  "http://localhost:5000/health": {"count":20,"failures":0,"first_failure":null,"max_ms":13.117,"p50_ms":1.367,"p95_ms":6.742}
  "http://localhost:5000/health/ready": {"count":20,"failures":0,"first_failure":null,"max_ms":18.219,"p50_ms":1.31,"p95_ms":17.896}
  "http://localhost:5000/health/live": {"count":20,"failures":0,"first_failure":null,"max_ms":17.908,"p50_ms":1.445,"p95_ms":13.174}
  ...
ok 13 - 18.13 Peak memory and CPU time are on record, within their limits, and no worse than the baseline's
  ---
  found: "peak memory 31.3 MB, CPU time 220 ms"
  peak_memory_bytes: 31301632
  cpu_time_ms: 220
  before_peak_memory_bytes: 31653888
  before_cpu_time_ms: 200
  ...
ok 14 - 18.14 Every base image is the demanded one, pinned by sha256
  ---
  found: "all are public.ecr.aws/amazonlinux/amazonlinux:2023: 2 references"
  references: ["line 13: public.ecr.aws/amazonlinux/amazonlinux:2023@sha256:b0f8d1179ea5555f33163cbd33ad91ac5c553d334da210741171fa5e40cbefa9","line 36: public.ecr.aws/amazonlinux/amazonlinux:2023@sha256:b0f8d1179ea5555f33163cbd33ad91ac5c553d334da210741171fa5e40cbefa9"]
  ...
ok 15 - 18.15 All stages that share a base share its digest
  ---
  found: "one digest per base: 2 references"
  references: ["line 13: public.ecr.aws/amazonlinux/amazonlinux:2023@sha256:b0f8d1179ea5555f33163cbd33ad91ac5c553d334da210741171fa5e40cbefa9","line 36: public.ecr.aws/amazonlinux/amazonlinux:2023@sha256:b0f8d1179ea5555f33163cbd33ad91ac5c553d334da210741171fa5e40cbefa9"]
  ...
ok 16 - 18.16 The digest is what the registry has for that reference # SKIP asking a registry is not there yet
ok 17 - 18.17 A comment tells how to verify and how to update the digest # SKIP image-lint is not there yet
ok 18 - 18.18 The build has a builder and a runtime stage, and the runtime stage has no build tools # SKIP image-lint is not there yet
ok 19 - 18.19 The start command is of the exec form and calls no package manager # SKIP image-lint is not there yet
ok 20 - 18.20 The image's user is not root and has the demanded uid
  ---
  found: "the program runs as uid 1000; demanded 1000"
  user: {"gid":1000,"home":"/home/appuser","name":"appuser","uid":1000}
  ...
ok 21 - 18.21 The health check has the demanded timing, and its command works in the image # SKIP image-lint is not there yet
ok 22 - 18.22 The port is exposed and listened on # SKIP image-lint is not there yet
ok 23 - 18.23 Dependency files are copied before sources # SKIP image-lint is not there yet
ok 24 - 18.24 A rebuild without change reuses at least half of its steps
  ---
  found: "6 of 6 steps reused"
  steps: 6
  reused: 6
  ...
ok 25 - 18.25 Two builds from the same source give the same image, or the differences are named
  ---
  found: "the same image"
  differences: []
  first: "sha256:924db0758f5ed4bb146880053a90df840d922c045d3dfc2d97bee9c6f84fd6e7"
  second: "sha256:924db0758f5ed4bb146880053a90df840d922c045d3dfc2d97bee9c6f84fd6e7"
  ...
ok 26 - 18.26 No high or critical vulnerabilities # SKIP no VULNERABILITY_REPORT in the settings
ok 27 - 18.27 The virtual environment is active and the application's files belong to its user # SKIP image-lint is not there yet
ok 28 - 18.28 Behaviour is unchanged: the health answers of both images have the same status and the same JSON shape
  ---
  found: "3 answers have the same status and shape"
  shapes: ["{service:string,status:string,uptime_seconds:number,version:string}","{checks:{accepting:boolean,secret:boolean},status:string}","{status:string}"]
  ...
ok 29 - 18.29 Each configured deployment check succeeds # SKIP no DEPLOYMENT_CHECKS in the settings
ok 30 - 18.30 All quality gates of Episodes 15 to 17 hold
  ---
  found: "32 items decided, none failed"
  ...
1..30
