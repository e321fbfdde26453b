"""Checks what no schema says of rendered manifests, and writes what the container is given.

Usage: unpack.py FOLDER, which reads FOLDER.yaml and writes, in FOLDER, config/ (the ConfigMap), environment and
secrets (the names of the files that the Secret must have), and probes (their paths).
"""

import pathlib
import sys
import tomllib

import yaml


def by_kind(path):
    with open(path) as manifests:
        return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(manifests)}


def port_names(kinds):
    """Returns the names of ports that other manifests and probes use."""
    policy, service = kinds["NetworkPolicy"]["spec"], kinds["Service"]["spec"]
    for rule in policy["ingress"]:
        yield from (port["port"] for port in rule["ports"])
    yield from (port["targetPort"] for port in service["ports"])


def seconds(text):
    assert text.endswith("s"), text
    return int(text[:-1])


def main(folder):
    kinds = by_kind(f"{folder}.yaml")
    pod = kinds["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    labels = pod["metadata"]["labels"].items()
    for selector in (
        kinds["Service"]["spec"]["selector"],
        kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        kinds["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels, f"selects other pods: {selector}"

    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    missing = {*port_names(kinds), *(probe["port"] for probe in probes)} - ports.keys()
    assert not missing, f"no such port: {missing}"

    config = tomllib.loads(kinds["ConfigMap"]["data"]["vouch.toml"])
    shutdown = seconds(config["server"].get("shutdown_timeout", "30s"))
    before = int(container["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["spec"]["terminationGracePeriodSeconds"] >= before + 2 * shutdown, "killed while it stops"

    (folder / "config").mkdir(parents=True)
    for name, content in kinds["ConfigMap"]["data"].items():
        (folder / "config" / name).write_text(content)
    values = ((variable["name"], variable.get("value", "127.0.0.1")) for variable in container["env"])
    environment = [f"{name}={value}".replace("$(POD_IP)", "127.0.0.1") for name, value in values]
    (secret,) = (volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume)
    for name, lines in (
        ("environment", environment),
        ("secrets", [item["path"] for item in secret["items"]]),
        ("probes", [probe["path"] for probe in probes]),
        ("ports", [f"{name}={port}" for name, port in ports.items()]),
        ("image", [container["image"]]),
    ):
        (folder / name).write_text("".join(f"{line}\n" for line in lines))


main(pathlib.Path(sys.argv[1]))
