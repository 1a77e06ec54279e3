"""A root file system that mmdebstrap made, taken apart by package."""

import importlib.util
import os
import re
import tarfile

# merged-/usr: packages say /bin/x, the file is usr/bin/x
_MERGED = ("bin", "sbin", "lib", "lib64", "lib32", "libx32")

# what a build leaves that is of this machine or this moment
_NEVER = re.compile(
    r"(dev|proc|sys|run|tmp|var/tmp|boot)/.*"
    r"|etc/(hostname|hosts|resolv\.conf|machine-id|apt/sources\.list)"
    r"|etc/(apt/apt\.conf\.d|dpkg/dpkg\.cfg\.d)/99mmdebstrap"
    r"|etc/(passwd|group|shadow|gshadow|subuid|subgid)-"
    r"|var/log/.*[^/]"
    r"|var/cache/ldconfig/aux-cache|var/cache/apt/[^/]*\.bin|var/cache/debconf/.*-old"
    r"|var/lib/dpkg/(.*-old|lock.*)|var/lib/apt/lists/(lock|partial.*)"
    r"|var/cache/apt/archives/(lock|partial.*)"
    r"|usr/share/(man|info|locale|lintian|bug|doc-base)/.*"
)


class DebianError(Exception):
    pass


class File:
    """A file system entry; what it holds stays in the tar until it is read."""

    __slots__ = ("mode", "uid", "gid", "kind", "link", "size", "mtime", "data", "root")

    def __init__(self, kind, mode, uid=0, gid=0, link="", data=b"", mtime=0):
        self.kind, self.mode, self.uid, self.gid = kind, mode, uid, gid
        self.link, self.data, self.mtime, self.root = link, data, mtime, None
        self.size = len(data)

    def content(self):
        if self.root is None:
            return self.data
        self.root.stream.seek(self.data)
        return self.root.stream.read(self.size)

    def owned_by(self, uid, gid):
        copy = File(self.kind, self.mode, uid, gid, self.link, b"", self.mtime)
        copy.data, copy.size, copy.root = self.data, self.size, self.root
        return copy


def directory(uid=0, gid=0, mode=0o755):
    return File("dir", mode, uid, gid)


def regular(data, mode=0o644, uid=0, gid=0):
    return File("file", mode, uid, gid, data=data)


def symlink(target, uid=0, gid=0):
    return File("link", 0o777, uid, gid, link=target)


def canonical(path):
    path = path.strip("/")
    first, slash, rest = path.partition("/")
    return f"usr/{first}{slash}{rest}" if first in _MERGED and slash else path


class Root:
    def __init__(self, path):
        self.stream = open(path, "rb")
        self.files = {}
        self._read()
        self.packages = self._status()
        self._paths = {}
        self._dpkg = [p for p in self.files if p.startswith("var/lib/dpkg/info/")]

    def _read(self):
        with tarfile.open(fileobj=self.stream, mode="r:") as archive:
            for member in archive:
                path = member.name.removeprefix("./").strip("/")
                if not path or path == "." or _NEVER.fullmatch(path):
                    continue
                if member.islnk():
                    # a file of its own: its other name may be in another layer
                    self.files[path] = self.files[
                        member.linkname.removeprefix("./").strip("/")
                    ]
                    continue
                self.files[path] = self._file(member)

    def _file(self, member):
        numbers = member.mode, member.uid, member.gid
        if member.isdir():
            file = File("dir", *numbers)
        elif member.issym():
            file = File("link", *numbers, link=member.linkname)
        elif member.isreg():
            file = File("file", *numbers)
            file.size, file.data, file.root = member.size, member.offset_data, self
        else:
            raise DebianError(f"{member.name}: neither file, directory nor link")
        file.mtime = member.mtime
        return file

    def follow(self, path):
        """The file that a path leads to through links, None where it leads nowhere."""
        for _ in range(8):
            done, parts = [], path.split("/")
            while parts:
                done.append(parts.pop(0))
                file = self.files.get("/".join(done))
                if file is not None and file.kind == "link":
                    folder = "/".join(done[:-1])
                    path = os.path.normpath(os.path.join("/", folder, file.link))
                    path = "/".join([path.strip("/"), *parts])
                    break
            else:
                return self.files.get(path)
        return None

    def text(self, path):
        if path not in self.files:
            raise DebianError(f"{path} is not in the root file system")
        return self.files[path].content().decode()

    def _status(self):
        packages = {}
        for block in self.text("var/lib/dpkg/status").strip().split("\n\n"):
            fields = dict(re.findall(r"^([\w-]+): ?(.*)$", block, re.M))
            packages[fields["Package"]] = {**fields, "": block}
        return packages

    def closure(self, seeds, without=()):
        """The seeds with all that they depend on, among what is installed."""
        provided = {}
        for name, fields in self.packages.items():
            for word in fields.get("Provides", "").split(","):
                provided.setdefault(word.split("(")[0].strip(), []).append(name)
        found, todo = set(), list(seeds)
        while todo:
            name = todo.pop()
            if name in found or name in without:
                continue
            if name not in self.packages:
                raise DebianError(f"package {name} is not in the root file system")
            found.add(name)
            fields = self.packages[name]
            for group in re.split(
                ", *", f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}"
            ):
                for choice in group.split("|"):
                    wanted = re.split(r"[ (:]", choice.strip())[0]
                    real = [wanted] if wanted in self.packages else provided.get(wanted)
                    if real:
                        todo += sorted(real)[:1]
                        break
        return found

    def essential(self):
        return [n for n, f in self.packages.items() if f.get("Essential") == "yes"]

    def info(self, name):
        """dpkg's own files about a package."""
        ours = re.compile(
            rf"var/lib/dpkg/info/{re.escape(name)}(:[a-z0-9-]+)?\.[a-z0-9]*[a-z]+"
        )
        return [path for path in self._dpkg if ours.fullmatch(path)]

    def paths(self, name):
        """Every path of a package, its byte code included."""
        if name not in self._paths:
            lists = [path for path in self.info(name) if path.endswith(".list")]
            if len(lists) != 1:
                raise DebianError(f"package {name} has {len(lists)} file lists")
            self._paths[name] = [
                path
                for path in map(canonical, self.text(lists[0]).splitlines())
                if path in self.files
            ]
        return self._paths[name]

    def byte_code(self, path):
        """(path, file) of a module's byte code, made independent of time stamps."""
        folder, _, name = path.rpartition("/")
        stem = f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-"
        cached = f"{stem}{self.python().replace('.', '')}.pyc"
        if cached not in self.files:
            return None
        old = self.files[cached].content()
        source = importlib.util.source_hash(self.files[path].content())
        # PEP 552: flag 1 is a hash, unchecked; it stands where time and size stood
        new = old[:4] + (1).to_bytes(4, "little") + source + old[16:]
        return cached, regular(new)

    def python(self):
        version = self.packages["python3"]["Version"]
        return ".".join(version.split(".")[:2])

    def unowned(self):
        """What maintainer scripts made, in the order of the paths."""
        owned = set()
        for name in self.packages:
            owned.update(self.paths(name))
        return {
            path: file
            for path, file in sorted(self.files.items())
            if path not in owned
            and "/__pycache__" not in path
            and not path.startswith(("var/lib/dpkg/", "var/lib/apt/", "var/cache/apt"))
        }
