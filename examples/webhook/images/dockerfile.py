"""As much of the Dockerfile language as this example's two Dockerfiles use."""

import json
import re
import shlex


class DockerfileError(Exception):
    pass


def instructions(text):
    """(name, argument) of each instruction, continuation lines joined."""
    pending = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or (not line.strip() and not pending):
            continue
        pending += line.strip()
        if pending.endswith("\\"):
            pending = pending[:-1].rstrip() + " "
            continue
        name, _, argument = pending.partition(" ")
        yield name.upper(), argument.strip()
        pending = ""


def last_stage(text):
    """FROM's argument of the last stage, and the instructions after it."""
    base, found = None, []
    for name, argument in instructions(text):
        if name == "FROM":
            base, found = argument, []
        elif base is not None:
            found.append((name, argument))
    if base is None:
        raise DockerfileError("no FROM")
    return base, found


def expand(text, values):
    def value(match):
        name = match.group(1) or match.group(2)
        if name not in values:
            raise DockerfileError(f"${name} is not set")
        return values[name]

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, text)


def pairs(argument, values):
    for word in shlex.split(argument):
        key, equals, value = word.partition("=")
        if not equals:
            raise DockerfileError(f"no '=' in {word!r}")
        yield key, expand(value, values)


def command(argument):
    """Exec form as it stands, shell form through the shell."""
    if argument.startswith("["):
        return json.loads(argument)
    return ["/bin/sh", "-c", argument]


def nanoseconds(text):
    match = re.fullmatch(r"(\d+)(s|m)", text)
    if not match:
        raise DockerfileError(f"not a duration: {text!r}")
    return int(match.group(1)) * {"s": 1, "m": 60}[match.group(2)] * 10**9


def healthcheck(argument):
    result = {}
    while argument.startswith("--"):
        option, _, argument = argument.partition(" ")
        key, _, value = option[2:].partition("=")
        argument = argument.lstrip()
        if key == "retries":
            result["Retries"] = int(value)
        else:
            words = {"interval": "Interval", "timeout": "Timeout"}
            member = {**words, "start-period": "StartPeriod"}[key]
            result[member] = nanoseconds(value)
    kind, _, rest = argument.partition(" ")
    if kind != "CMD":
        raise DockerfileError(f"HEALTHCHECK {kind}")
    rest = rest.strip()
    if rest.startswith("["):
        test = ["CMD", *json.loads(rest)]
    else:
        test = ["CMD-SHELL", rest]
    return {"Test": test, **result}


class Configuration:
    """An image's configuration, as instructions without a layer change it."""

    def __init__(self, environment):
        self.config = {"Env": [f"{k}={v}" for k, v in environment.items()]}
        self.environment = dict(environment)
        self.arguments = {}

    def apply(self, name, argument):
        """True when the instruction was one of these."""
        config = self.config
        if name == "ARG":
            key, _, value = argument.partition("=")
            self.arguments[key] = value
        elif name == "ENV":
            self.environment.update(pairs(argument, self.environment))
            config["Env"] = [f"{k}={v}" for k, v in self.environment.items()]
        elif name == "LABEL":
            values = {**self.arguments, **self.environment}
            config.setdefault("Labels", {}).update(pairs(argument, values))
        elif name == "USER":
            config["User"] = argument
        elif name == "EXPOSE":
            port = argument if "/" in argument else f"{argument}/tcp"
            config.setdefault("ExposedPorts", {})[port] = {}
        elif name == "STOPSIGNAL":
            config["StopSignal"] = argument
        elif name == "HEALTHCHECK":
            config["Healthcheck"] = healthcheck(argument)
        elif name in ("CMD", "ENTRYPOINT"):
            config[name.capitalize()] = command(argument)
        else:
            return False
        return True
