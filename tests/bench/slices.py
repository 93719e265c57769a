"""One login after the other, all modules in turn: what it costs."""
import random
import time

import hosts
import world

BATCH = 8  # how many log in until /etc/passwd holds others
# s: a file that has been written within one tick of the kernel's clock keeps its time
# at the next write, which then spares the inode.
TICK = 0.011


class Series:
    """The same kind of login, again and again, in a process of its own."""

    def __init__(self, title, host, order, before=None):
        self.title, self.host, self.order, self.before = title, host, order, before
        self.costs = []

    def once(self, place):
        if self.before:
            self.before(place)
            time.sleep(TICK)
        order, expected = self.order(place)
        cost = self.host.run(order)
        if (cost.rc == hosts.PAM_SUCCESS) != expected:
            raise SystemExit(f"bench: {self.title}: `{order.split()[0]}` ended with {cost}")
        self.costs.append(cost)


def of_world(w, host, users, right):
    """users: who logs in at each place of the run."""
    def order(place):
        i = users[place]
        return hosts.login(w.title, world.name(i),
                           world.code(i) if right else world.wrong(i)), right

    return Series(f"{w.title} {'right' if right else 'wrong'}", host, order,
                  lambda place: w.warm(users[place]))


def plan(worlds, slots, chance):
    """For each number of users who logs in at each place; with many, nobody twice."""
    often = sorted(n for n in {w.users for w in worlds} if n > 100)
    once = chance.sample(range(often[0]), slots) if often else []
    few = {n: [chance.randrange(n) for _ in range(slots)]
           for n in {w.users for w in worlds} - set(often)}
    return few | {n: once for n in often}


def run(worlds, files, slots, seed, progress):
    chance = random.Random(seed)
    users = plan(worlds, slots, chance)
    own = {label: hosts.Host() for label in {w.label for w in worlds} | {"permit", "empty", "file"}}
    series = [
        Series("permit", own["permit"], lambda _: (hosts.login("bench-permit", "root", "0"), True)),
        Series("empty", own["empty"], lambda _: (hosts.login("bench-empty", "root", "0"), True)),
        # In the process where the libraries are loaded already.
        Series("empty, libraries loaded", own["pam_bastion"],
               lambda _: (hosts.login("bench-empty", "root", "0"), True)),
        Series("primitive", own["file"], lambda place: (f"primitive {files[place]}", True),
               lambda place: world.put_back(files[place], files[place].read_bytes())),
    ]
    for w in worlds:
        series += [of_world(w, own[w.label], users[w.users], right) for right in (True, False)]
    for place in range(slots):
        if place % BATCH == 0:
            world.accounts(i for u in users.values() for i in u[place:place + BATCH])
            progress(f"logins: {place} of {slots} rounds")
        for s in chance.sample(series, len(series)):
            s.once(place)
    for host in own.values():
        host.close()
    return {s.title: s.costs for s in series}


def first_use(worlds, rounds, seed, progress):
    """The first login of a process: of sshd, which has libcrypto, and of su, which has not."""
    chance = random.Random(seed)
    series = {}
    kinds = [("permit", None), ("empty", None)] + [(w.label, w) for w in worlds]
    for place in range(rounds):
        world.accounts([place % 100])
        if place % 50 == 0:
            progress(f"first use: {place} of {rounds} rounds")
        for label, w in chance.sample(kinds, len(kinds)):
            for plain in (False, True):
                series.setdefault(f"{label} {'su' if plain else 'sshd'}", []).append(
                    first_login(label, w, place % 100, plain))
    return series


def first_login(label, w, index, plain):
    order = hosts.login(f"bench-{label}", "root", "0")
    if w:
        w.warm(index)
        time.sleep(TICK)
        order = hosts.login(w.title, world.name(index), world.code(index))
    with hosts.Host(plain) as host:
        cost = host.run(order)
    if cost.rc != hosts.PAM_SUCCESS:
        raise SystemExit(f"bench: first use of {label} ended with {cost}")
    return cost
