#!/usr/bin/env python3
"""An OCI image layout whose layers have tables of contents, made from plain tars.

    toc.py DIRECTORY LAYER...

LAYER is FORMAT[,OPTION]...:FILE, lowest first. FORMAT is
  estargz   gzip, as stargz-snapshotter writes it: a member for each file, a landmark, the table as the last
            entry of the tar, a footer that says where it is
  stargz    the same with the footer of stargz before it
  zstd      zstd:chunked, as containers/storage writes it; needs the program zstd
  gzip      no table
OPTION is
  wrong-digest      the annotation's digest is of something else
  no-digest=TEXT    TEXT in its place
  position=TEXT     zstd: TEXT for the annotation of the position
  old-keys          zstd: the annotations' names before they got "github"
  both              zstd: an annotation of eStargz, too, as stargz-snapshotter adds it
  no-footer         estargz: an empty gzip member without the extra field
  offset=HEX        estargz: what the footer says
  version=N         of the table
  unknown-type      the table calls its first file "socket"
  hide=NAME         this entry is not in the table
"""

import base64
import datetime
import hashlib
import json
import os
import struct
import subprocess
import sys
import tarfile
import zlib

TYPES = {
    tarfile.REGTYPE: "reg",
    tarfile.AREGTYPE: "reg",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
ESTARGZ_KEY = "containerd.io/snapshot/stargz/toc.digest"
END = b"\0" * 1024


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def gzip(data, extra=None, level=6):
    """One member, without a time."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    if extra is not None and not data:
        body = b"\x01\x00\x00\xff\xff"
    head = b"\x1f\x8b\x08" + (b"\x04" if extra is not None else b"\0") + b"\0\0\0\0\0\xff"
    if extra is not None:
        head += struct.pack("<H", len(extra)) + extra
    return head + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c", "-3"], input=data, stdout=subprocess.PIPE, check=True).stdout


def skippable(data):
    return struct.pack("<II", 0x184D2A50, len(data)) + data


def text_of(name):
    """As Go writes a string that is no UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def members(data):
    """Each entry of a tar with its header's bytes (all of them) and its padded contents' bytes."""
    import io

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            begin = member.offset
            size = member.size if member.isreg() else 0
            end = member.offset_data + (size + 511) // 512 * 512
            yield member, data[begin : member.offset_data], data[member.offset_data : end]


def describe(member, number):
    entry = {"type": TYPES[member.type], "name": text_of(member.name)}
    if member.isdir():
        entry["name"] += "/"
    if member.issym() or member.islnk():
        entry["linkName"] = text_of(member.linkname)
    entry["mode"] = member.mode
    entry["uid"], entry["gid"] = member.uid, member.gid
    if member.isreg() and member.size:
        entry["size"] = member.size
    when = datetime.datetime.fromtimestamp(int(member.mtime), datetime.timezone.utc)
    entry["modtime"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    if member.ischr() or member.isblk():
        entry["devMajor"], entry["devMinor"] = member.devmajor, member.devminor
    xattrs = {
        key[len("SCHILY.xattr.") :]: base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
        for key, value in member.pax_headers.items()
        if key.startswith("SCHILY.xattr.")
    }
    if xattrs:
        entry["xattrs"] = xattrs
    if number > 0:
        entry["chunkSize"] = 0
    return entry


class Writer:
    """The stored bytes of a layer, and the tar in them."""

    def __init__(self, pack):
        self.pack = pack
        self.stored = []
        self.size = 0
        self.tar = hashlib.sha256()
        self.pending = b""

    def add(self, data):
        self.pending += data

    def flush(self):
        if self.pending:
            self.put(self.pack(self.pending))
            self.tar.update(self.pending)
        self.pending = b""

    def put(self, stored):
        self.stored.append(stored)
        self.size += len(stored)


def write_entries(writer, data, options):
    entries = []
    for member, head, body in members(data):
        writer.add(head)
        entry = describe(member, 0)
        if entry["type"] == "reg" and "unknown-type" in options:
            entry["type"] = "socket"
            del options["unknown-type"]
        if body:
            writer.flush()
            entry["offset"] = writer.size
            entry["digest"] = sha256(body[: member.size])
            writer.add(body)
            writer.flush()
        if text_of(member.name).removeprefix("./") != options.get("hide"):
            entries.append(entry)
        # a file in two chunks has a second entry
        if member.isreg() and member.size > 1 << 20:
            entry["chunkSize"] = 1 << 20
            entries.append({"name": entry["name"], "type": "chunk", "offset": entry["offset"], "chunkOffset": 1 << 20})
    return {"version": int(options.get("version", 1)), "entries": entries}


def plain_entry(name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0
    return info.tobuf(tarfile.USTAR_FORMAT) + data + b"\0" * (-len(data) % 512)


def digest_text(data, options):
    if "wrong-digest" in options:
        return sha256(data + b"x")
    return options.get("no-digest", sha256(data))


def make_estargz(data, options, legacy):
    writer = Writer(gzip)
    landmark = plain_entry(".no.prefetch.landmark", b"\xf0")
    table = write_entries(writer, landmark + data, options)
    writer.flush()
    text = json.dumps(table, indent="\t", ensure_ascii=False).encode()
    offset = b"%016x" % writer.size
    if "offset" in options:
        offset = options["offset"].encode().rjust(16, b"0")
    writer.add(plain_entry("stargz.index.json", text) + END)
    writer.flush()
    extra = offset + b"STARGZ"
    if not legacy:
        extra = b"SG" + struct.pack("<H", len(extra)) + extra
    writer.put(gzip(b"", b"" if "no-footer" in options else extra))
    return writer, {ESTARGZ_KEY: digest_text(text, options)}


def make_zstd(data, options):
    writer = Writer(zstd)
    table = write_entries(writer, data, options)
    writer.add(END)
    writer.flush()
    text = json.dumps(table, ensure_ascii=False).encode()
    packed = zstd(text)
    offset = writer.size + 8
    numbers = (offset, len(packed), len(text), 1)
    writer.put(skippable(packed))
    writer.put(skippable(struct.pack("<QQQQQQQ8s", *numbers, 0, 0, 0, b"GNUlInUx")))
    prefix = "io.containers." if "old-keys" in options else "io.github.containers."
    annotations = {
        prefix + "zstd-chunked.manifest-checksum": digest_text(packed, options),
        prefix + "zstd-chunked.manifest-position": options.get("position", "%d:%d:%d:%d" % numbers),
    }
    if "both" in options:
        annotations[ESTARGZ_KEY] = sha256(text)
    return writer, annotations


def make_gzip(data):
    writer = Writer(gzip)
    writer.add(data)
    writer.flush()
    return writer, {}


def make_layer(spec):
    how, path = spec.rsplit(":", 1)
    name, *words = how.split(",")
    options = {key: value for key, _, value in (word.partition("=") for word in words)}
    with open(path, "rb") as file:
        data = file.read()
    if name in ("estargz", "stargz"):
        return "gzip", *make_estargz(data, options, name == "stargz")
    if name == "zstd":
        return "zstd", *make_zstd(data, options)
    return "gzip", *make_gzip(data)


def put_blob(directory, data):
    with open(os.path.join(directory, "blobs/sha256", hashlib.sha256(data).hexdigest()), "wb") as file:
        file.write(data)
    return {"digest": sha256(data), "size": len(data)}


def put_document(directory, document, kind):
    blob = put_blob(directory, json.dumps(document).encode())
    return {"mediaType": f"application/vnd.oci.image.{kind}.v1+json", **blob}


def main():
    directory = sys.argv[1]
    layers, diff_ids = [], []
    os.makedirs(os.path.join(directory, "blobs/sha256"))
    for spec in sys.argv[2:]:
        kind, writer, annotations = make_layer(spec)
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+" + kind}
        layer.update(put_blob(directory, b"".join(writer.stored)))
        if annotations:
            layer["annotations"] = annotations
        layers.append(layer)
        diff_ids.append("sha256:" + writer.tar.hexdigest())
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": f"RUN step {i}"} for i in range(len(layers))],
    }
    manifest = put_document(
        directory,
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": put_document(directory, config, "config"),
            "layers": layers,
        },
        "manifest",
    )
    with open(os.path.join(directory, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, file)
    with open(os.path.join(directory, "oci-layout"), "w", encoding="utf-8") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')


main()
