"""Says of a compose file what compose-text says, by another way: compose.py FILE.

The YAML is PyYAML's. `extends` is merged as whole trees before anything is looked at, while the
library looks for each key in one service after the other. Variables are not replaced; no !reset.
"""
import sys

import yaml


class Leaf:
    """A scalar with the line where its text begins."""

    def __init__(self, node):
        self.text = node.value
        self.null = node.style is None and node.value in ("", "~", "null", "Null", "NULL")
        self.line = line_of(node)
        self.taken = False


class List(list):
    line = 0


class Mapping(dict):
    line = 0


def line_of(node):
    return node.start_mark.line + (2 if getattr(node, "style", None) in ("|", ">") else 1)


def tree(node):
    if isinstance(node, yaml.ScalarNode):
        return Leaf(node)
    if isinstance(node, yaml.SequenceNode):
        made = List(tree(item) for item in node.value)
        made.line = line_of(node)
        return made
    made = Mapping()
    made.line = line_of(node)
    made.keys_at = {}
    merged = []
    for key, value in node.value:
        if key.value == "<<":
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        else:
            made[key.value] = tree(value)
            made.keys_at[key.value] = line_of(key)
    for other in merged:
        if isinstance(other, yaml.MappingNode):
            other = tree(other)
            for key, value in other.items():
                if key not in made:
                    made[key] = value
                    made.keys_at[key] = other.keys_at[key]
    return made


def copied(leaf):
    copy = Leaf.__new__(Leaf)
    copy.__dict__ = dict(leaf.__dict__)
    return copy


def take(value):
    """A copy, all of it marked as taken over."""
    if isinstance(value, Leaf):
        copy = copied(value)
        copy.taken = True
        return copy
    if isinstance(value, List):
        copy = List(take(item) for item in value)
    else:
        copy = Mapping((key, take(item)) for key, item in value.items())
    copy.__dict__ = dict(value.__dict__, taken=True)
    return copy


def pairs(value):
    """NAME=VALUE of a list or a mapping, each name once."""
    found = {}
    items = value if isinstance(value, List) else [None] * len(value)
    for name, leaf in zip(value if isinstance(value, Mapping) else items, items if isinstance(value, List) else value.values()):
        if isinstance(value, Mapping):
            text = name if leaf.null else f"{name}={leaf.text}"
        else:
            text = leaf.text
        found[text.partition("=")[0]] = (leaf, text)
    return found


PAIRS = {("environment",), ("labels",), ("build", "args"), ("build", "additional_contexts"), ("logging", "options")}
REPLACED = {("command",), ("entrypoint",), ("healthcheck", "test")}
STRINGS = {("tmpfs",), ("env_file",)}


def listed(value):
    return value if isinstance(value, List) else List([value])


def merge(base, own, path=()):
    if path in REPLACED:
        return own
    if isinstance(own, Leaf) and own.null:
        return base
    if isinstance(base, Leaf) and base.null:
        return own
    if path in PAIRS:
        made = Mapping()
        made.line = own.line
        for name, (leaf, text) in {**pairs(base), **pairs(own)}.items():
            made[name] = leaf = copied(leaf)
            leaf.taken = leaf.taken or name not in pairs(own)
            leaf.null, leaf.text = "=" not in text, text.partition("=")[2]
        return made
    if path == ("build",):
        base, own = ({"context": b} if isinstance(b, Leaf) else b for b in (base, own))
    if path == ("logging",) and "driver" in base and "driver" in own and base["driver"].text != own["driver"].text:
        return own
    if path == ("volumes",):
        targets = {target(v): v for v in base}
        targets.update({target(v): v for v in own})
        return List(targets.values())
    if path in STRINGS:
        base, own = listed(base), listed(own)
    if isinstance(own, List):
        return List(list(base) + list(own))
    if isinstance(own, Leaf):
        return own
    made = Mapping(base)
    made.line = getattr(own, "line", 0)
    for key, value in own.items():
        made[key] = merge(base[key], value, path + (key,)) if key in base else value
    return made


def target(volume):
    if isinstance(volume, Mapping):
        return volume["target"].text
    parts = volume.text.split(":")
    return parts[1] if len(parts) > 1 else parts[0]


def extended(services, name):
    service = services[name]
    extends = service.get("extends")
    if extends is None:
        return service
    if isinstance(extends, Mapping):
        if "file" in extends:
            return service
        extends = extends["service"]
    base = take(extended(services, extends.text))
    base.pop("extends", None)
    return merge(base, service)


SCALARS = """image pull_policy build.context build.dockerfile build.dockerfile_inline build.target container_name cpus
init mem_limit mem_reservation network_mode pid platform privileged read_only restart stop_grace_period stop_signal user
healthcheck.disable healthcheck.interval healthcheck.timeout healthcheck.start_period healthcheck.start_interval
healthcheck.retries deploy.replicas deploy.resources.limits.memory deploy.resources.limits.cpus
deploy.resources.reservations.memory deploy.restart_policy.condition logging.driver""".split()


def is_null(value):
    return value is None or (isinstance(value, Leaf) and value.null)


def find(service, path):
    value = service
    for key in path.split("."):
        if path == "build.context" and isinstance(value, Leaf):
            return value
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
        if is_null(value):
            return None
    return value


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def say(name, key, leaf, text=None):
    text = leaf.text if text is None else text
    print(f"{name}.{key} {leaf.line}{'+' if leaf.taken else ''} {escaped(text)}")


def say_command(name, service, key):
    value = find(service, key)
    if value is None:
        return
    print(f"{name}.{key} {value.line}{'+' if value.taken else ''} ({'list' if isinstance(value, List) else 'text'})")
    for item in listed(value):
        say(name, key, item)


def say_pairs(name, service, key):
    value = find(service, key)
    if value is not None:
        for leaf, text in pairs(value).values():
            say(name, key, leaf, text)


def say_list(name, service, key, member=None):
    value = find(service, key)
    for item in listed(value) if value is not None else []:
        say(name, key, item[member] if isinstance(item, Mapping) else item)


def say_volumes(name, service):
    for volume in {target(v): v for v in find(service, "volumes") or []}.values():
        mode = ""
        if isinstance(volume, Mapping):
            kind = volume["type"].text
            source = volume["source"].text if "source" in volume else "-"
            if "read_only" in volume:
                mode = " ro" if volume["read_only"].text == "true" else " rw"
        else:
            parts = volume.text.split(":")
            source = parts[0] if len(parts) > 1 else "-"
            kind = "bind" if len(parts) > 1 and source[0] in "./~" else "volume"
            for option in parts[2].split(",") if len(parts) > 2 else []:
                mode = f" {option}" if option in ("ro", "rw") else mode
        print(f"{name}.volumes {volume.line}{'+' if volume.taken else ''} {kind} {source} {target(volume)}{mode}")


def say_service(services, name, line):
    service = extended(services, name)
    print(name, line)
    extends = services[name].get("extends")
    if isinstance(extends, Mapping) and "file" in extends:
        print(f"{name} extends")
    if not is_null(service.get("build")):
        print(f"{name} builds{'' if 'build' in services[name] else '+'}")
    for key in ("healthcheck", "deploy", "logging"):
        value = find(service, key)
        if value is None:
            continue
        print(f"{name} {key} {value.line}{'' if key in services[name] else '+'}")
        if key == "deploy" and find(value, "restart_policy") is not None:
            print(f"{name} restart_policy")
    for key in SCALARS:
        value = find(service, key)
        if value is not None:
            say(name, key, value)
    for key in ("command", "entrypoint", "healthcheck.test"):
        say_command(name, service, key)
    for key in ("build.args", "build.additional_contexts", "logging.options", "environment", "labels"):
        say_pairs(name, service, key)
    for key, member in (("cap_add", None), ("cap_drop", None), ("env_file", "path"), ("ports", "target"),
                        ("profiles", None), ("secrets", "source"), ("security_opt", None), ("tmpfs", None)):
        say_list(name, service, key, member)
    say_volumes(name, service)


Mapping.taken = List.taken = False


def main():
    with open(sys.argv[1], encoding="utf-8") as stream:
        root = tree(yaml.compose(stream, Loader=yaml.SafeLoader))
    services = root["services"]
    for name in services:
        say_service(services, name, services.keys_at[name])
    if "include" in root:
        print(".include")
    for key in ("volumes", "secrets", "networks"):
        if not is_null(root.get(key)):
            for name in root[key]:
                print(f".{key} {root[key].keys_at[name]} {name}")


main()
