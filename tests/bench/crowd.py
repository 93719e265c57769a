"""Many processes at once, and processes that are killed."""
import random
import time

import hosts
import world

SOON = 30_000_000  # ns until all have been told when to start
KILL_WITHIN = 0.003  # s


def together(w, people, when):
    """One host for each of (index, code), all starting or answering at one moment."""
    crew = [hosts.Host() for _ in people]
    # A first login each, so that loading the module does not part them.
    for host in crew:
        host.run(hosts.login("bench-permit", "root", "0"))
    at = time.monotonic_ns() + SOON
    for host, (i, answer) in zip(crew, people):
        host.send([hosts.login(w.title, world.name(i), answer, when, at)])
    costs = [host.receive() for host in crew]
    for host in crew:
        host.close()
    return sum(c.rc == hosts.PAM_SUCCESS for c in costs)


def double_spends(worlds, processes, rounds, progress):
    """The same code in many sessions: how often more than one got in."""
    found = {}
    for w in worlds:
        progress(f"same code in {processes} sessions: {w.label}")
        twice = accepts = 0
        for turn in range(rounds):
            i = turn % w.users
            w.restore([i])
            n = together(w, [(i, world.code(i))] * processes, ("start", "prompt")[turn % 2])
            twice += n > 1
            accepts += n
            w.clean()
        found[w.label] = {"rounds": rounds, "more than once": twice, "accepts": accepts}
    return found


def false_refusals(worlds, processes, rounds, progress):
    """Many people at once, each with a right code: how many were refused."""
    found = {}
    for w in worlds:
        progress(f"{processes} people at once: {w.label}")
        people = range(processes)
        refused = 0
        for turn in range(rounds):
            w.restore(people)
            right = [(i, world.code(i)) for i in people]
            refused += processes - together(w, right, ("start", "prompt")[turn % 2])
            w.clean()
        found[w.label] = {"codes": rounds * processes, "refused": refused}
    return found


def kills(worlds, count, seed, progress):
    """SIGKILL at a random moment of a login: who is kept out afterwards, what stays."""
    chance = random.Random(seed)
    found = {w.label: {"kills": count, "same user refused": 0, "others refused": 0,
                       "files left": 0} for w in worlds}
    for turn in range(count):
        if turn % 50 == 0:
            progress(f"kills: {turn} of {count}")
        for w in chance.sample(worlds, len(worlds)):
            i, other = turn % 50, 50 + turn % 50
            w.restore([i, other])
            host = hosts.Host()
            at = time.monotonic_ns() + 5_000_000
            host.send([hosts.login(w.title, world.name(i), world.code(i), "start", at)])
            delay = (at - time.monotonic_ns()) / 1e9 + chance.uniform(0, KILL_WITHIN)
            time.sleep(max(delay, 0))
            host.kill()
            found[w.label]["files left"] += len(w.strays())
            with hosts.Host() as next_host:
                for who, key, skew in ((i, "same user refused", 1), (other, "others refused", 0)):
                    cost = next_host.run(hosts.login(w.title, world.name(who),
                                                     world.code(who, skew)))
                    found[w.label][key] += cost.rc != hosts.PAM_SUCCESS
            w.clean()
    return found


class Permit:
    """pam_permit in the place of a world."""
    title = "bench-permit"

    def restore(self, indexes):
        """It has no state."""

    def clean(self):
        """And leaves none."""


def kinds_of(worlds):
    permit = Permit()
    return [("permit", permit, lambda i: "0")] + [
        (f"{w.label} {kind}", w, make) for w in worlds
        for kind, make in (("right", world.code), ("wrong", world.wrong))]


def throughput(worlds, processes, slices, each, seed, progress):
    """Logins a second of different people by so many processes, and how many got in."""
    chance = random.Random(seed)
    kinds = kinds_of(worlds)
    found = {title: [] for title, _, _ in kinds}
    for turn in range(slices):
        progress(f"{processes} processes: {turn} of {slices} slices")
        for title, w, make in chance.sample(kinds, len(kinds)):
            found[title].append(one_slice(w, make, processes, each))
    return found


def one_slice(w, make, processes, each):
    crew = [hosts.Host() for _ in range(processes)]
    # The first login of each loads the module.
    for host in crew:
        host.run(hosts.login(w.title, "nobody-of-that-name", "000000"))
    w.restore(range(processes * each))
    shares = [range(k, processes * each, processes) for k in range(processes)]
    for host, share in zip(crew, shares):
        host.send([hosts.login(w.title, world.name(i), make(i)) for i in share])
    costs = [host.receive() for host, share in zip(crew, shares) for _ in share]
    for host in crew:
        host.close()
    w.clean()
    return {"seconds": (max(c.end for c in costs) - min(c.begin for c in costs)) / 1e9,
            "logins": len(costs), "ok": sum(c.rc == hosts.PAM_SUCCESS for c in costs),
            "wall": [c.wall for c in costs]}
