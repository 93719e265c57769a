"""A million passwords through `bastionctl password check`: the processor's seconds."""
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

TOOL = pathlib.Path(os.environ["BUILD"]) / "bastionctl"
LETTERS = "".join(map(chr, range(33, 127)))
LINES = 1_000_000
ROUNDS = 5


def seconds(path, out, *options):
    """Of user and system together, the median."""
    taken = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(path, encoding="ascii") as f, open(out, "wb") as o:
            if subprocess.run([TOOL, "password", "check", *options], stdin=f, stdout=o,
                              check=False).returncode > 1:
                sys.exit(3)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return sorted(taken)[ROUNDS // 2]


def main():
    draw = random.Random(20261129)
    print("| a million lines, to a file | CPU seconds | of the report, MB |\n|---|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch:
        path, out = pathlib.Path(scratch) / "in", pathlib.Path(scratch) / "out"
        for what, size in (("of 6 to 20 characters", (6, 20)), ("all too short", (0, 3))):
            path.write_text("".join("".join(draw.choices(LETTERS, k=draw.randint(*size))) + "\n"
                                    for _ in range(LINES)), encoding="ascii")
            for names in "kisa", "kisa,iam-default":
                taken = seconds(path, out, "--policy", names)
                print(f"| {what}, {names} | {taken:.2f} | {out.stat().st_size / 1e6:.0f} |")


main()
