"""What a login costs and what it withstands, beside the modules of others.

Runs in tests/system/private-machine; BUILD names the build directory.  Writes
BUILD/bench/bench.json, bench.md and plots.  BENCH_SLOTS, BENCH_ROUNDS, BENCH_KILLS and
BENCH_SEED change how long it runs and what is drawn."""
import os
import pathlib
import platform
import random
import shutil
import sys

import counts
import crowd
import hosts
import report
import slices
import world

USERS = (1, 100, 10_000, 100_000)
KINDS = (world.Ours, world.Google, world.Oath)


def number(key, default):
    return int(os.environ.get(key, default))


def progress(words):
    end = "\r\033[K" if sys.stderr.isatty() else "\n"
    print(f"bench: {words}", end=end, file=sys.stderr, flush=True)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{system}, Linux {platform.release()}, {os.cpu_count()} x {model}"


def worlds(root):
    made = {}
    for n in USERS:
        for kind in KINDS:
            progress(f"enrolling {n} users: {kind.label}")
            made[kind.label, n] = kind(f"{kind.label}-{n}", n, root)
    return made


def records(root, count):
    """Files for the primitive: two written blocks each, as a record has."""
    (root / "records").mkdir()
    for i in range(count):
        path = root / "records" / str(i)
        path.write_bytes(os.urandom(8192))
        yield path


def many(hundred, rounds, kills, seed):
    world.accounts(range(100))
    return {
        "double spends": {n: crowd.double_spends(hundred, n, rounds, progress) for n in (2, 8)},
        "false refusals": {n: crowd.false_refusals(hundred, n, max(1, rounds // n), progress)
                           for n in (2, 8, 32)},
        "kills": crowd.kills(hundred, kills, seed, progress)}


def main():
    seed = number("BENCH_SEED", random.SystemRandom().randrange(10 ** 6))
    slots, rounds = number("BENCH_SLOTS", 320), number("BENCH_ROUNDS", 100)
    root = pathlib.Path(os.environ["PRIVATE_MACHINE"]) / "bench"
    root.mkdir(mode=0o700)
    # No `other` there, whose modules each transaction would load.
    pathlib.Path(hosts.SERVICES).mkdir()
    world.service("bench-permit", "pam_permit.so")
    world.service("bench-empty", os.environ["BUILD"] + "/tests/bench/pam_empty.so")
    made = worlds(root)
    paths = list(records(root, slots))
    os.sync()
    hundred = [made[k.label, 100] for k in KINDS]
    data = {"machine": machine(), "seed": seed, "users": USERS,
            "import seconds": made["pam_bastion", USERS[-1]].import_seconds}
    data["slices"] = report.summary(slices.run(made.values(), paths, slots, seed, progress))
    data["bounds"] = report.bounds(data["slices"])
    data["first"] = report.summary(slices.first_use(hundred, slots, seed, progress), "permit sshd")
    world.accounts(range(100))
    data["throughput"] = {n: crowd.throughput(hundred, n, 12, 20, seed, progress) for n in (1, 4)}
    data["crowd"] = many(hundred, rounds, number("BENCH_KILLS", 300), seed)
    data["counts"] = counts.run([made[k.label, n] for k in KINDS for n in (100, 10_000)],
                                root, progress)
    out = report.write(data, os.environ["BUILD"] + "/bench")
    shutil.rmtree(root)
    print((out / "bench.md").read_text())
    print(f"Written to {out}")


if __name__ == "__main__":
    main()
