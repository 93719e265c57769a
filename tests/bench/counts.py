"""Instructions and system calls of one login: what the 11th to the 30th have cost more
than the first ten, so that loading is not counted."""
import pathlib
import re
import subprocess

import hosts
import world

FEW, MANY = 10, 30


def orders(w, right, count):
    if w is None:
        return [hosts.login("bench-permit", "root", "0")] * count
    return [hosts.login(w.title, world.name(i), world.code(i) if right else world.wrong(i))
            for i in range(count)]


def marginal(w, right, measure):
    totals = []
    for count in (FEW, MANY):
        totals.append(measure(orders(w, right, count)))
        if w is not None:
            w.restore(range(MANY))
            w.clean()
    return (totals[1] - totals[0]) / (MANY - FEW)


def run_under(wrapper, lines):
    with hosts.Host(wrapper=wrapper) as host:
        for line in lines:
            host.run(line)


def instructions(scratch):
    out = pathlib.Path(scratch) / "callgrind"

    def measure(lines):
        run_under(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                   "--toggle-collect=transaction"], lines)
        return int(re.search(r"^summary: (\d+)", out.read_text(), re.M).group(1))
    return measure


def system_calls(scratch):
    out = pathlib.Path(scratch) / "strace"

    def measure(lines):
        run_under(["strace", "-qq", "-o", str(out)], lines)
        return len(out.read_text().splitlines())
    return measure


def run(worlds, scratch, progress):
    world.accounts(range(MANY))
    found = {}
    kinds = [("permit", None, True)] + [
        (f"{w.title} {'right' if right else 'wrong'}", w, right)
        for w in worlds for right in (True, False)]
    for title, w, right in kinds:
        progress(f"instructions and system calls: {title}")
        if w is not None:
            w.keep(range(MANY))
        found[title] = {"instructions": marginal(w, right, instructions(scratch)),
                        "system calls": marginal(w, right, system_calls(scratch))}
    return found
