"""Are there known vulnerabilities in what the locks name? `python tools/audit.py requirements.lock ...`: 0 when there are none."""

from __future__ import annotations

import json
import subprocess
import sys

PATIENCE = 300  # seconds for one lock
AWAY = "the vulnerability service cannot be reached: nothing was audited, try again with a network"


def audited(lock: str) -> list[dict]:
    """What pip-audit found of each package. Raise LookupError where it could not look."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    command += ["--timeout", "10", "--format", "json", "--requirement", lock]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        return json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        raise LookupError(AWAY) from None


def verdict(lock: str, packages: list[dict]) -> tuple[int, str]:
    """Exit code and lines. A package that the service does not know was not audited, which is no good news."""
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        return 1, AWAY
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    if unknown:
        found.append(f"{lock}: not audited: {', '.join(unknown)}")
    return (1, "\n".join(found)) if found else (0, f"{lock}: {len(packages)} packages, no known vulnerability")


def main(locks: list[str]) -> int:
    worst = 0
    for lock in locks:
        try:
            code, lines = verdict(lock, audited(lock))
        except LookupError as error:
            code, lines = 1, str(error)
        print(lines if lines != AWAY else f"audit: {AWAY}", file=sys.stderr if code else sys.stdout)
        if lines == AWAY:
            return 1
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
