TAP version 13
not ok 1 - 15.1 The image is there and readable; its digest is on record
  ---
  found: "could not be decided: image-size: no-such-image: no such file, and engines and registries are not supported yet"
  ...
1..1
