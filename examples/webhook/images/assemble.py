"""Assembles one of the example's images from a root that mmdebstrap made.

The instructions come from the image's Dockerfile: those that change only the
configuration are carried out, those that make a layer have a recipe that makes
it from Debian packages. The same inputs give the same bytes.
"""

import argparse
import hashlib
import io
import json
import os
import py_compile
import signal
import sys
import tarfile
import time
from datetime import datetime, timezone

import dockerfile
import recipes
from debian import DebianError, Root, directory

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
COMMENT = "assembled from Debian packages by build-images; stands in for the build"


class Build:
    """What recipes see: the Debian root, the context, the tree so far."""

    def __init__(self, root_path, context):
        self.root_path = root_path
        self.context = context
        self.tree = {}
        self._root = None

    @property
    def root(self):
        # opened only when a layer is not in the cache
        if self._root is None:
            self._root = Root(self.root_path)
        return self._root

    def read(self, name):
        with open(os.path.join(self.context, name), "rb") as file:
            return file.read()


class Hashing:
    """A file that knows the digest and size of what was written to it."""

    def __init__(self, file):
        self.file, self.hash, self.size = file, hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    def tell(self):
        return self.size


def with_parents(files, tree):
    """The layer's entries and the directories that lead to them."""
    layer = dict(files)
    for path in list(layer):
        while "/" in path:
            path = path.rpartition("/")[0]
            if path not in layer:
                layer[path] = tree.get(path) or directory()
    return layer


def write_layer(layer, stream, epoch):
    kinds = {"dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "file": tarfile.REGTYPE}
    written = {}
    # PAX and no GNU extensions: what every reader knows
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(layer):
            file = layer[path]
            member = tarfile.TarInfo(path + "/" * (file.kind == "dir"))
            member.type = kinds[file.kind]
            member.mode, member.uid, member.gid = file.mode, file.uid, file.gid
            member.linkname = file.link
            member.mtime = min(int(file.mtime), epoch) or epoch
            if file.kind != "file":
                archive.addfile(member)
                continue
            if file.root is not None:
                first = written.setdefault(file.data, path)
                if first != path:
                    member.type, member.linkname = tarfile.LNKTYPE, first
                    archive.addfile(member)
                    continue
            content = file.content()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


class Steps:
    """The build's log, in the shape that docker build --progress=plain has."""

    def __init__(self, name, count):
        self.name, self.count, self.number = name, count, 0
        self.lines = []

    def say(self, line):
        self.lines.append(line)
        print(line, flush=True)

    def begin(self, instruction):
        self.number += 1
        self.started = time.monotonic()
        where = f"[{self.name} {self.number}/{self.count}]"
        self.say(f"#{self.number} {where} {instruction}")

    def end(self, cached):
        took = f"DONE {time.monotonic() - self.started:.1f}s"
        self.say(f"#{self.number} {'CACHED' if cached else took}")


class Layers:
    """Layers by the key of what they are made from."""

    def __init__(self, folder, epoch):
        self.folder, self.epoch = folder, epoch
        os.makedirs(folder, exist_ok=True)

    def get(self, key):
        """The record of the layer, None when it is still to be made."""
        record = os.path.join(self.folder, f"{key}.json")
        blob = os.path.join(self.folder, f"{key}.tar")
        if not os.path.exists(record) or not os.path.exists(blob):
            return None
        with open(record, encoding="utf-8") as file:
            return {**json.load(file), "path": blob}

    def make(self, key, entries):
        record = os.path.join(self.folder, f"{key}.json")
        blob = os.path.join(self.folder, f"{key}.tar")
        temporary = f"{blob}.{os.getpid()}"
        try:
            with open(temporary, "wb") as file:
                out = Hashing(file)
                write_layer(entries, out, self.epoch)
            os.replace(temporary, blob)
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump({"digest": out.hash.hexdigest(), "size": out.size}, file)
            os.replace(temporary, record)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        return self.get(key)

    def keep(self, layers):
        """Remove the layers of former builds."""
        kept = {layer["path"].removesuffix(".tar") for layer in layers}
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            if os.path.splitext(path)[0] not in kept:
                os.unlink(path)


def digest(*parts):
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def text(document):
    return json.dumps(document, separators=(",", ":")).encode()


def inputs(build, instruction):
    """What an instruction takes from the context, for its layer's key."""
    if "COPY src" in instruction or "/app/src" in instruction:
        names = sorted(os.listdir(os.path.join(build.context, "src")))
        names = [f"src/{name}" for name in names if name.endswith(".py")]
    elif instruction.startswith("COPY pyproject"):
        names = ["pyproject.toml", "requirements.lock", "requirements-dev.lock"]
    elif instruction.startswith("RUN apt-get"):
        names = ["images/uv"]
    else:
        names = []
    return b"".join(digest(n.encode(), build.read(n)).encode() for n in names)


def assemble(options):
    """The log, the layers and the configuration of the image."""
    build = Build(options.root, options.context)
    base, following = dockerfile.last_stage(
        build.read(options.dockerfile).decode("utf-8")
    )
    created = datetime.fromtimestamp(options.epoch, timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    folder = os.path.join(options.cache, "layers", options.image)
    layers = Layers(folder, options.epoch)
    configuration = dockerfile.Configuration({"PATH": PATH})
    made, history, pending = [], [], []
    bases = recipes.recipe(options.image, f"FROM {base}")
    # as in BuildKit's log, what makes no layer is no step
    changing = [name for name, _ in following if name in ("RUN", "COPY", "WORKDIR")]
    steps = Steps(options.image, len(bases) + len(changing))
    key = digest(options.key.encode(), str(options.epoch).encode())

    def note(created_by, **more):
        entry = {"created": created, "created_by": created_by, "comment": COMMENT}
        history.append({**entry, **more})

    def make(instruction, created_by, recipe):
        nonlocal key
        key = digest(key.encode(), created_by.encode(), inputs(build, instruction))
        pending.append(recipe)
        layer = layers.get(key)
        cached = layer is not None
        if not cached:
            # layers that the cache had are known by their recipes only
            for one in pending:
                entries = with_parents(one(build), build.tree)
                build.tree.update(entries)
            pending.clear()
            layer = layers.make(key, entries)
        made.append(layer)
        note(created_by)
        return cached

    for remark, recipe in bases:
        instruction = f"FROM {base} {remark}"
        steps.begin(instruction)
        steps.end(make(instruction, instruction, recipe))
    for name, argument in following:
        instruction = f"{name} {argument}"
        if name not in changing:
            if not configuration.apply(name, argument):
                raise dockerfile.DockerfileError(f"{name} is not known")
            note(instruction, empty_layer=True)
            continue
        steps.begin(instruction)
        if name == "WORKDIR":
            configuration.config["WorkingDir"] = argument
            created_by, recipe = instruction, recipes.folder(argument)
        else:
            ((_, recipe),) = recipes.recipe(options.image, instruction)
            shell = "/bin/sh -c " if name == "RUN" else ""
            created_by = f"{name} {shell}{argument} # buildkit"
        steps.end(make(instruction, created_by, recipe))
    layers.keep(made)
    machine = os.uname().machine
    return (
        steps,
        made,
        {
            "architecture": ARCHITECTURES.get(machine, machine),
            "config": configuration.config,
            "created": created,
            "history": history,
            "os": "linux",
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{layer['digest']}" for layer in made],
            },
        },
    )


class Archive:
    """A tar of members with nothing in them that varies."""

    def __init__(self, stream, epoch):
        self.epoch = epoch
        self.tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT)
        self.folders = set()

    def _member(self, name):
        folder = name.rpartition("/")[0]
        if folder and folder not in self.folders:
            self.folders.add(folder)
            if "/" in folder:
                self._member(folder)
            member = tarfile.TarInfo(folder + "/")
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, self.epoch
            self.tar.addfile(member)
        member = tarfile.TarInfo(name)
        member.mtime = self.epoch
        return member

    def add(self, name, data):
        member = self._member(name)
        member.size = len(data)
        self.tar.addfile(member, io.BytesIO(data))

    def add_file(self, name, path):
        member = self._member(name)
        member.size = os.path.getsize(path)
        with open(path, "rb") as file:
            self.tar.addfile(member, file)


def write_legacy(archive, layers, config, tag):
    """As docker save wrote it up to Docker 24."""
    data = text(config)
    ident = hashlib.sha256(data).hexdigest()
    names, parent = [], ""
    for layer in layers:
        name = digest(parent.encode(), layer["digest"].encode())
        record = {"id": name, "created": config["created"], "os": "linux"}
        if parent:
            record["parent"] = parent
        archive.add(f"{name}/VERSION", b"1.0")
        archive.add(f"{name}/json", text(record))
        archive.add_file(f"{name}/layer.tar", layer["path"])
        names.append(f"{name}/layer.tar")
        parent = name
    archive.add(f"{ident}.json", data)
    manifest = [{"Config": f"{ident}.json", "RepoTags": [tag], "Layers": names}]
    archive.add("manifest.json", text(manifest))
    repository, _, version = tag.rpartition(":")
    archive.add("repositories", text({repository: {version: parent}}))


def write_oci(archive, layers, config, tag):
    """As docker save writes it since Docker 25: an OCI layout beside manifest.json."""
    kinds = "application/vnd.oci.image."
    blobs = {}

    def descriptor(kind, data):
        name = hashlib.sha256(data).hexdigest()
        blobs[name] = data
        return {
            "mediaType": f"{kinds}{kind}",
            "digest": f"sha256:{name}",
            "size": len(data),
        }

    layer_kind = f"{kinds}layer.v1.tar"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kinds}manifest.v1+json",
        "config": descriptor("config.v1+json", text(config)),
        "layers": [
            {
                "mediaType": layer_kind,
                "digest": f"sha256:{layer['digest']}",
                "size": layer["size"],
            }
            for layer in layers
        ],
    }
    entry = descriptor("manifest.v1+json", text(manifest))
    repository, _, version = tag.rpartition(":")
    entry["annotations"] = {
        "io.containerd.image.name": f"docker.io/library/{repository}:{version}",
        "org.opencontainers.image.ref.name": version,
    }
    files = {layer["digest"]: layer["path"] for layer in layers}
    for name in sorted({*blobs, *files}):
        if name in blobs:
            archive.add(f"blobs/sha256/{name}", blobs[name])
        else:
            archive.add_file(f"blobs/sha256/{name}", files[name])
    index = {
        "schemaVersion": 2,
        "mediaType": f"{kinds}index.v1+json",
        "manifests": [entry],
    }
    archive.add("index.json", text(index))
    config_name = manifest["config"]["digest"].partition(":")[2]
    docker = {
        "Config": f"blobs/sha256/{config_name}",
        "RepoTags": [tag],
        "Layers": [f"blobs/sha256/{layer['digest']}" for layer in layers],
    }
    archive.add("manifest.json", text([docker]))
    archive.add("oci-layout", text({"imageLayoutVersion": "1.0.0"}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--image", choices=sorted(recipes.RECIPES), required=True)
    parser.add_argument("--root", required=True, help="tar that mmdebstrap wrote")
    parser.add_argument("--context", required=True, help="folder of the Dockerfile")
    parser.add_argument("--dockerfile", required=True)
    parser.add_argument("--cache", required=True, help="folder that keeps layers")
    parser.add_argument("--key", required=True, help="digest of root and recipes")
    parser.add_argument("--epoch", type=int, required=True)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--format", choices=("legacy", "oci"), required=True)
    parser.add_argument("--log", required=True, help="file that gets the log, too")
    parser.add_argument("output")
    options = parser.parse_args()
    # as an exception, so that nothing half-written stays
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    temporary = f"{options.output}.{os.getpid()}"
    try:
        steps, layers, config = assemble(options)
        with open(temporary, "wb") as file:
            out = Hashing(file)
            archive = Archive(out, options.epoch)
            write = {"legacy": write_legacy, "oci": write_oci}[options.format]
            write(archive, layers, config, options.tag)
            archive.tar.close()
        os.replace(temporary, options.output)
    except (
        OSError,
        tarfile.TarError,
        py_compile.PyCompileError,
        DebianError,
        dockerfile.DockerfileError,
    ) as error:
        # what is left open cannot be written any more, and need not be
        sys.unraisablehook = lambda unraisable: None
        sys.exit(f"build-images: {options.image}: {' '.join(str(error).split())}")
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    size = sum(layer["size"] for layer in layers)
    steps.say(
        f"image {hashlib.sha256(text(config)).hexdigest()[:12]} {options.tag}: "
        f"{len(layers)} layers, {size / 1e6:.1f} MB, in {options.output}"
    )
    with open(options.log, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in steps.lines)


if __name__ == "__main__":
    main()
