#!/usr/bin/env python3
"""Does what action.yml and templates/seatrial.yml say, as the runners of GitHub and GitLab do: scripts are run,
and what another action would do is only told. The current folder is the workspace.

    ci.py github FOLDER ACTION [INPUT=VALUE]...
    ci.py gitlab FOLDER TEMPLATE [INPUT=VALUE]...

FOLDER takes `log`, what was printed; `summary`; and `job.json`: {steps[] {name, status (null: not run), with},
commands[] (workflow commands that the runner obeys), outputs, path[]}, or GitLab's job as it has become. Exit
status: the job's, 0 or 1; GitLab's script's own.
"""
import json
import os
import re
import subprocess
import sys

import yaml


def inputs_of(declared, given):
    inputs = {name: entry.get("default", "") for name, entry in declared.items()}
    for pair in given:
        name, value = pair.split("=", 1)
        if name not in declared:
            sys.exit(f"ci.py: there is no input '{name}'")
        inputs[name] = value
    return inputs


# --- GitHub ---


def evaluate(expression, context):
    """Of GitHub's expressions: names with dots, texts, ==, !=, &&, || and always()."""
    words = re.findall(r"'[^']*'|&&|\|\||[!=]=|[\w.-]+(?:\(\))?", expression)
    if "".join(words) != expression.replace(" ", ""):
        sys.exit(f"ci.py: cannot read '{expression}'")
    known = {"&&": "and", "||": "or", "==": "==", "!=": "!=", "always()": "True"}
    code = [known.get(word) or (word if word[0] == "'" else f"context.get({word!r}, '')") for word in words]
    return eval(" ".join(code), {"context": context})


def interpolate(text, context):
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: str(evaluate(found[1], context)), str(text))


def read_outputs(path):
    """NAME=VALUE, or NAME<<END, lines and END."""
    outputs = {}
    with open(path) as lines:
        for line in lines:
            name, equal, value = line.rstrip("\n").partition("=")
            if "<<" in name or not equal:
                name, end = line.rstrip("\n").split("<<", 1)
                value = "\n".join(iter(lambda: next(lines).rstrip("\n"), end))
            outputs[name] = value
    return outputs


def obeyed(log):
    """The commands in it, without those that come while they are stopped. The form with ## may stand anywhere."""
    commands, stopped = [], None
    for line in log.splitlines():
        line = line.strip()
        command = line if re.match(r"::[a-z-]+( [^:]*)?::", line) else "##" + line.split("##[", 1)[1] if "##[" in line else None
        if stopped:
            stopped = None if line == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line[len("::stop-commands::"):]
        elif command:
            commands.append(line)
    return commands


def github(folder, path, given):
    with open(path) as file:
        action = yaml.safe_load(file)
    context = {f"inputs.{name}": value for name, value in inputs_of(action["inputs"], given).items()}
    temporary = os.path.join(folder, "temp")
    os.makedirs(temporary)
    files = {name: os.path.join(folder, name.lower()) for name in ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_ENV")}
    files["GITHUB_STEP_SUMMARY"] = os.path.join(folder, "summary")
    environment = {
        **os.environ, **files, "RUNNER_TEMP": temporary, "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": os.getcwd(),
        "GITHUB_ACTION_PATH": os.environ.get("ACTION_PATH") or os.path.dirname(os.path.abspath(path)),
    }
    steps, log, failed, added = [], "", False, []
    for step in action["runs"]["steps"]:
        condition = step.get("if", "")
        told = {"name": step["name"], "status": None}
        steps.append(told)
        if (failed and "always()" not in condition) or (condition and not evaluate(condition, context)):
            continue
        if "uses" in step:
            told["with"] = {name: interpolate(value, context) for name, value in step["with"].items()}
            continue
        for name in files.values():
            open(name, "a").close()
        open(files["GITHUB_OUTPUT"], "w").close()
        script = os.path.join(temporary, "script")
        with open(script, "w") as file:
            file.write(interpolate(step["run"], context))
        place = interpolate(step.get("working-directory", "."), context)
        if not os.path.isdir(place):
            told["status"], failed = 1, True
            continue
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=place,
            env={**environment, **{name: interpolate(value, context) for name, value in step.get("env", {}).items()}})
        log += done.stdout.decode("utf-8", "surrogateescape")
        told["status"] = done.returncode
        failed |= done.returncode != 0
        for name, value in read_outputs(files["GITHUB_OUTPUT"]).items():
            context[f"steps.{step.get('id')}.outputs.{name}"] = value
        with open(files["GITHUB_PATH"]) as lines:
            added = lines.read().split("\n")[:-1]
        environment["PATH"] = ":".join([*reversed(added), os.environ["PATH"]])
    outputs = {name: interpolate(entry["value"], context) for name, entry in action["outputs"].items()}
    return log, {"steps": steps, "commands": obeyed(log), "outputs": outputs, "path": added}, int(failed)


# --- GitLab ---


def gitlab(folder, path, given):
    with open(path) as file:
        header, body = yaml.safe_load_all(file)
    declared = header["spec"]["inputs"]
    inputs = inputs_of(declared, given)
    missing = [name for name, entry in declared.items() if "default" not in entry and not inputs[name]]
    if missing:
        sys.exit(f"ci.py: no input {', '.join(missing)}")

    def filled(node):
        if isinstance(node, dict):
            return {filled(name): filled(value) for name, value in node.items()}
        if isinstance(node, list):
            return [filled(value) for value in node]
        if not isinstance(node, str):
            return node
        text = lambda value: str(value).lower() if isinstance(value, bool) else str(value)
        return re.sub(r"\$\[\[ *inputs\.([\w-]+) *\]\]", lambda found: text(inputs[found[1]]), node)

    job = filled(body)
    (definition,) = job.values()
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(definition["script"])], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "CI_PROJECT_DIR": os.getcwd(), **definition["variables"]})
    return done.stdout.decode("utf-8", "surrogateescape"), job, done.returncode


def main():
    kind, folder, path, *given = sys.argv[1:]
    os.makedirs(folder)
    log, job, status = {"github": github, "gitlab": gitlab}[kind](os.path.abspath(folder), path, given)
    with open(os.path.join(folder, "log"), "w", errors="surrogateescape") as file:
        file.write(log)
    with open(os.path.join(folder, "job.json"), "w") as file:
        json.dump(job, file)
    sys.exit(status)


main()
