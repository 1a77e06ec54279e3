"""What each layer-making instruction of the two Dockerfiles puts into its layer.

A recipe is named by the start of its instruction. It gets the build so far and
yields (path, file). FROM may be several layers, as real bases are.
"""

import os
import py_compile
import re
import sys
import tempfile

from debian import DebianError, directory, regular, symlink

UID = GID = 1000
SITE = "usr/lib/python3/dist-packages/"

# before: what a slim Python image of Debian holds
BEFORE_PYTHON = ("python3", "python3-pip")
BEFORE_BUILD = ("curl", "gcc", "make", "libc6-dev", "python3-dev")
PRODUCTION = ("python3-flask", "python3-waitress")
DEVELOPMENT = ("black", "flake8", "isort", "python3-pytest", "python3-pytest-cov")

# after: a base that has a shell and the everyday tools, and no package manager
AFTER_BASE = ("base-files", "coreutils", "dash", "libc-bin")
AFTER_PYTHON = ("python3-minimal", "libpython3-stdlib")
# cut where a package needs them for its installation only, or for what the
# service never imports
AFTER_WITHOUT = (
    "adduser",
    "debconf",
    "debianutils",
    "dpkg",
    "gcc-12-base",
    "install-info",
    "libreadline8",
    "libsqlite3-0",
    "libtirpc3",
    "libnsl2",
    "libncursesw6",
    "libtinfo6",
    "mawk",
    "openssl",
    "passwd",
    "perl-base",
    "readline-common",
    "tar",
)
AFTER_NEVER = re.compile(
    r"usr/share/(python3|lintian|debconf|bash-completion|pixmaps|applications)/.*"
    r"|usr/bin/(py3compile|py3clean|py3versions|pygettext.*|pydoc.*|2to3.*|idle.*)"
    r"|usr/include|var/lib/dpkg|usr/lib/[^/]*/gconv(/.*)?"
    r"|usr/share/doc/.*/(?!copyright)[^/]*"
    r"|usr/lib/python3\.\d+/(distutils|lib2to3|pydoc_data|test|turtle|venv)(/.*|\.py)?"
    r"|usr/lib/python3\.\d+/lib-dynload/(readline|nis|_sqlite3|_curses|_test).*"
    r"|usr/sbin/(ldconfig|update-.*|zic|iconvconfig|pam.*)"
    r"|etc/(apt|cron.*|dpkg|init\.d|python3.*|kernel|update-motd\.d)(/.*)?"
    r"|.*\.egg-info/(SOURCES\.txt|installed-files\.txt)"
)

USERS = {
    "etc/passwd": "appuser:x:1000:1000::/home/appuser:/bin/sh\n",
    "etc/group": "appuser:x:1000:\n",
    "etc/shadow": "appuser:!:19723:0:99999:7:::\n",
    "etc/gshadow": "appuser:!::\n",
}


def with_code(root, paths):
    """Files of the root, modules followed by their byte code."""
    for path in paths:
        yield path, root.files[path]
        if path.endswith(".py"):
            code = root.byte_code(path)
            if code:
                yield code[0].rpartition("/")[0], directory()
                yield code


def top_level(root):
    for path, file in sorted(root.files.items()):
        if "/" not in path:
            yield path, file


# dpkg's own state


def database(root, names):
    blocks = [root.packages[name][""] for name in sorted(names)]
    yield "var/lib/dpkg/status", regular("".join(b + "\n\n" for b in blocks).encode())


def packages(root, names, present):
    """Newly installed packages; the status file tells of those present, too."""
    for name in sorted(names - present):
        yield from with_code(root, root.paths(name))
        for path in root.info(name):
            yield path, root.files[path]
    yield from database(root, names | present)


def before_sets(root):
    base = root.closure([*root.essential(), "apt", "ca-certificates"])
    python = root.closure(BEFORE_PYTHON) | base
    build = root.closure(BEFORE_BUILD) | python
    return base, python, build


def before_base(build):
    root = build.root
    base, _, _ = before_sets(root)
    yield from top_level(root)
    for path, file in root.unowned().items():
        if not path.startswith("usr/lib/python3"):
            yield path, file
    for path, file in root.files.items():
        state = path.startswith("var/lib/dpkg/") and not path.startswith(
            ("var/lib/dpkg/info/", "var/lib/dpkg/status")
        )
        # info/format is what tells dpkg that names may carry an architecture
        if state or path in (
            "var/lib/dpkg/info/format",
            "var/lib/apt/extended_states",
        ):
            yield path, file
    release = root.text("usr/lib/os-release")
    codename = re.search(r"^VERSION_CODENAME=(\w+)", release, re.M).group(1)
    # a reserved name: the image is the same whichever mirror the packages came from
    yield "etc/apt/sources.list", regular(
        f"deb http://mirror.example/debian {codename} main\n"
        f"deb http://mirror.example/debian {codename}-updates main\n"
        f"deb http://mirror.example/debian-security {codename}-security main\n".encode()
    )
    yield from packages(root, base, set())


def before_python(build):
    base, python, _ = before_sets(build.root)
    yield from packages(build.root, python, base)
    yield "usr/local/bin/python", symlink("/usr/bin/python3")


def before_install(build):
    root = build.root
    _, python, every = before_sets(root)
    yield from packages(root, every, python)
    # nobody ran apt-get clean: lists and archives stay
    names = every - python
    for path, file in root.files.items():
        if path.startswith("var/lib/apt/lists/"):
            name = re.sub(r"^.*?_(debian(?:-security)?)_+dists_", r"\1_dists_", path)
            name = name.rpartition("/")[2]
            yield f"var/lib/apt/lists/mirror.example_{name}", file
        elif path.startswith("var/cache/apt/archives/"):
            if path.rpartition("/")[2].partition("_")[0] in names:
                yield path, file
    yield "usr/local/bin/uv", regular(build.read("images/uv"), 0o755)


def users(build):
    for path, line in USERS.items():
        old = build.root.files[path]
        file = regular(old.content() + line.encode(), old.mode, old.uid, old.gid)
        yield path, file
    yield "home/appuser", directory(UID, GID)


def after_users(build):
    yield from users(build)
    yield "app", directory(UID, GID)


def folder(name):
    """WORKDIR makes its folder where there is none yet."""
    path = name.strip("/")
    return lambda build: [(path, build.tree.get(path) or directory())]


# the virtual environment


def environment(root, seeds, uid, gid):
    version = root.python()
    python = f"/usr/bin/python{version}"
    site = f"app/.venv/lib/python{version}/site-packages/"
    yield "app", directory()
    yield "app/.venv", directory(uid, gid)
    for name in ("bin", "lib", f"lib/python{version}", site[10:-1]):
        yield f"app/.venv/{name}", directory(uid, gid)
    yield "app/.venv/pyvenv.cfg", regular(
        f"home = /usr/bin\ninclude-system-site-packages = false\n"
        f"version = {version}\n".encode(),
        0o644,
        uid,
        gid,
    )
    yield "app/.venv/lib64", symlink("lib", uid, gid)
    yield "app/.venv/bin/python", symlink(python, uid, gid)
    yield "app/.venv/bin/python3", symlink("python", uid, gid)
    yield f"app/.venv/bin/python{version}", symlink("python", uid, gid)
    for name in sorted(root.closure(seeds)):
        for path, file in with_code(root, root.paths(name)):
            # links there lead out to what the packages share with the system
            if path.startswith(SITE) and file.kind != "link":
                if not AFTER_NEVER.fullmatch(path):
                    yield site + path.removeprefix(SITE), file.owned_by(uid, gid)


def before_environment(build):
    return environment(build.root, (*PRODUCTION, *DEVELOPMENT), 0, 0)


def after_environment(build):
    for path, file in environment(build.root, PRODUCTION, UID, GID):
        if path != "app":
            yield path, file


def before_owner(build):
    """chown -R copies every file that it touches into its layer."""
    yield "home/appuser", directory(UID, GID)
    for path, file in build.tree.items():
        if path == "app" or path.startswith("app/"):
            yield path, file.owned_by(UID, GID)


# sources


def sources(build, uid=0, gid=0):
    yield "app/src", directory(uid, gid)
    for name in sorted(os.listdir(os.path.join(build.context, "src"))):
        if name.endswith(".py"):
            yield f"app/src/{name}", regular(build.read(f"src/{name}"), 0o644, uid, gid)


def after_sources(build):
    version = build.root.python()
    # byte code is of one version of Python; without it the service starts, too
    compiles = version == "%d.%d" % sys.version_info[:2]
    for path, file in sources(build, UID, GID):
        yield path, file
        if not compiles or not path.endswith(".py"):
            continue
        folder, _, name = path.rpartition("/")
        with tempfile.NamedTemporaryFile(suffix=".pyc") as code:
            py_compile.compile(
                os.path.join(build.context, path.removeprefix("app/")),
                code.name,
                dfile=f"/{path}",
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
            with open(code.name, "rb") as compiled:
                data = compiled.read()
        tag = version.replace(".", "")
        yield f"{folder}/__pycache__", directory(UID, GID)
        yield f"{folder}/__pycache__/{name[:-3]}.cpython-{tag}.pyc", regular(
            data, 0o644, UID, GID
        )


def before_projects(build):
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        yield f"app/{name}", regular(build.read(name))


# after


def after_sets(root):
    without = (*AFTER_WITHOUT, "python3-pip")
    base = root.closure(AFTER_BASE, without)
    return base, root.closure(AFTER_PYTHON, without) | base


def after_files(root, names):
    for name in sorted(names):
        for path, file in with_code(root, root.paths(name)):
            if path.startswith("usr/share/doc/") and file.kind == "link":
                # the licence itself, for the package linked to is not there
                licence = root.follow(f"{path}/copyright")
                if licence:
                    yield path, directory()
                    yield f"{path}/copyright", licence
            elif not AFTER_NEVER.fullmatch(path):
                yield path, file


def after_base(build):
    root = build.root
    base, _ = after_sets(root)
    yield from top_level(root)
    for path in ("etc/group", "etc/gshadow", "etc/passwd", "etc/shadow"):
        yield path, root.files[path]
    for path, file in root.unowned().items():
        if path == "etc/nsswitch.conf":
            yield path, file
    yield "usr/bin/sh", symlink("dash")
    yield from after_files(root, base)


def after_python(build):
    base, every = after_sets(build.root)
    yield from after_files(build.root, every - base)


RECIPES = {
    "before": [
        ("FROM ", [("# debian base", before_base), ("# python", before_python)]),
        ("RUN apt-get update", [(None, before_install)]),
        ("RUN groupadd", [(None, users)]),
        ("COPY pyproject.toml", [(None, before_projects)]),
        ("RUN uv venv", [(None, before_environment)]),
        ("COPY src/", [(None, sources)]),
        ("RUN mkdir -p /home/appuser", [(None, before_owner)]),
    ],
    "after": [
        ("FROM ", [("# base", after_base)]),
        ("RUN dnf install", [(None, after_python)]),
        ("RUN groupadd", [(None, after_users)]),
        (
            "COPY --from=builder --chown=appuser:appuser /app/.venv",
            [(None, after_environment)],
        ),
        (
            "COPY --from=builder --chown=appuser:appuser /app/src",
            [(None, after_sources)],
        ),
    ],
}


def recipe(image, instruction):
    for start, layers in RECIPES[image]:
        if instruction.startswith(start):
            return layers
    raise DebianError(f"no recipe for the instruction '{instruction}'")
