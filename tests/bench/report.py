"""The figures as JSON, as Markdown tables, and the medians that both come from."""
import json
import pathlib
import random
import statistics

import plot

RESAMPLES = 400
MODULES = ("pam_bastion", "google-authenticator", "pam_oath")


def spread(costs, field="wall"):
    values = sorted(getattr(c, field) for c in costs)
    return {"n": len(values), "median": statistics.median(values) / 1000,
            "p99": values[min(len(values) - 1, int(len(values) * 0.99))] / 1000}


def interval(costs, base, chance):
    """95 % of the ratio of the medians, rounds drawn again: a round has one of each."""
    ratios = []
    for _ in range(RESAMPLES):
        drawn = chance.choices(range(min(len(costs), len(base))), k=len(costs))
        ratios.append(statistics.median(costs[i].wall for i in drawn) /
                      statistics.median(base[i].wall for i in drawn))
    ratios.sort()
    return ratios[int(RESAMPLES * 0.025)], ratios[int(RESAMPLES * 0.975)]


def summary(series, base="permit"):
    """The medians and p99 of each, and how many times the base it costs."""
    chance = random.Random(0)
    return {title: {"wall": spread(costs), "cpu": spread(costs, "cpu"),
                    "times": interval(costs, series[base], chance)}
            for title, costs in series.items()}


def bounds(slices):
    """What one login may cost: that of pam_permit and 1.6 times what no module can do
    without, loading its libraries and writing a record."""
    permit, primitive = (slices[t]["wall"]["median"] for t in ("permit", "primitive"))
    return {kind: permit + 1.6 * (slices[empty]["wall"]["median"] - permit + primitive)
            for kind, empty in (("libraries that stay loaded", "empty, libraries loaded"),
                                ("libraries loaded each time", "empty"))}


def table(head, rows):
    lines = [" | ".join(head), " | ".join("---" if i == 0 else "---:" for i in range(len(head)))]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def times(found, title, base, clock="wall"):
    return f"{found[title][clock]['median'] / found[base][clock]['median']:.1f}"


def login_table(slices):
    rows = []
    for title, s in slices.items():
        rows.append((title, f"{s['wall']['median']:.0f}", f"{s['wall']['p99']:.0f}",
                     f"{s['cpu']['median']:.0f}", times(slices, title, "permit"),
                     "{:.2f} to {:.2f}".format(*s["times"]), s["wall"]["n"]))
    return table(("login", "median us", "p99 us", "CPU us", "x pam_permit", "95 %", "n"), rows)


def users_table(slices, numbers):
    rows = []
    for module in MODULES:
        for kind in ("right", "wrong"):
            rows.append([f"{module}, {kind} code"] + [
                times(slices, f"{module}-{n} {kind}", "permit") for n in numbers])
    return table(["x pam_permit, users enrolled:"] + [f"{n:,}" for n in numbers], rows)


def first_table(first):
    rows = [(title, f"{s['wall']['median'] / 1000:.2f}", f"{s['wall']['p99'] / 1000:.2f}")
            for title, s in sorted(first.items(), key=lambda item: item[0].split()[::-1])]
    return table(("first login of a process", "median ms", "p99 ms"), rows)


def count_table(counts):
    permit = counts["permit"]
    rows = [(title, f"{c['instructions'] - permit['instructions']:,.0f}",
             f"{c['system calls'] - permit['system calls']:+.0f}")
            for title, c in counts.items() if title != "permit"]
    return table(("over pam_permit", "instructions", "system calls"), rows)


def crowd_tables(crowd):
    text = ""
    for processes, found in crowd["double spends"].items():
        text += f"The same code in {processes} sessions at once:\n\n" + table(
            ("", "rounds", "more than one let in", "let in in all"),
            [(m, f["rounds"], f["more than once"], f["accepts"]) for m, f in found.items()]) + "\n"
    for processes, found in crowd["false refusals"].items():
        text += f"{processes} people at once, each with a right code:\n\n" + table(
            ("", "codes", "refused"), [(m, f["codes"], f["refused"]) for m, f in found.items()]) + "\n"
    text += "SIGKILL 0 to 3 ms into a login, then the next login:\n\n" + table(
        ("", "kills", "same user refused", "another user refused", "files left"),
        [(m, f["kills"], f["same user refused"], f["others refused"], f["files left"])
         for m, f in crowd["kills"].items()])
    return text


def throughput_table(found):
    rows = []
    for processes, modules in found.items():
        for m, slices in modules.items():
            wall = sorted(w for s in slices for w in s["wall"])
            logins, ok = sum(s["logins"] for s in slices), sum(s["ok"] for s in slices)
            rows.append((f"{m}, {processes}", f"{rate(slices):.0f}", f"{statistics.median(wall) / 1000:.0f}",
                         f"{wall[int(len(wall) * 0.99)] / 1000:.0f}", f"{ok} of {logins}"))
    return table(("processes", "logins/s", "median us", "p99 us", "let in"), rows)


def rate(slices, what="logins"):
    return statistics.median(s[what] / s["seconds"] for s in slices)


def short_table(data):
    """What the README shows: one column a module."""
    s, crowd, permit = data["slices"], data["crowd"], data["counts"]["permit"]
    users = " / ".join(f"{n:,}" for n in data["users"])
    kills = crowd["kills"]
    refused = crowd["false refusals"][32]
    doubled = crowd["double spends"][8]
    lines = [
        (f"a login, x pam_permit, with {users} users",
         lambda m: " / ".join(times(s, f"{m}-{n} right", "permit") for n in data["users"])),
        ("a wrong code, x pam_permit, 100 users", lambda m: times(s, f"{m}-100 wrong", "permit")),
        ("CPU time of a login, x pam_permit, 100 users", lambda m: times(
            s, f"{m}-100 right", "permit", "cpu")),
        ("instructions and system calls more than pam_permit", lambda m: "{:,.0f} and {:.0f}".format(
            *(data["counts"][f"{m}-100 right"][k] - permit[k] for k in permit))),
        ("the first login of a process, ms: like sshd, like su", lambda m: " and ".join(
            f"{data['first'][f'{m} {kind}']['wall']['median'] / 1000:.1f}" for kind in ("sshd", "su"))),
        ("right codes let in a second, 1 and 4 processes", lambda m: " and ".join(
            f"{rate(data['throughput'][n][f'{m} right'], 'ok'):.0f}" for n in (1, 4))),
        (f"the same code in 8 sessions at once: rounds of {doubled['pam_bastion']['rounds']} that let in "
         "more than one", lambda m: doubled[m]["more than once"]),
        (f"32 people at once, each with a right code: refused of {refused['pam_bastion']['codes']}",
         lambda m: refused[m]["refused"]),
        (f"{kills['pam_bastion']['kills']} logins killed: next logins refused, of the same user and of "
         "another, and files left", lambda m: "{}, {} and {}".format(*(
             kills[m][k] for k in ("same user refused", "others refused", "files left")))),
    ]
    order = ("google-authenticator", "pam_oath", "pam_bastion")
    return table(("", *order), [[title] + [cell(m) for m in order] for title, cell in lines])


def markdown(data):
    s = data["slices"]
    ours = s["pam_bastion-100 right"]["wall"]["median"]
    text = f"# What a login costs\n\nMeasured by `make bench` on {data['machine']}.\n"
    text += f"Seed {data['seed']}. One run, all modules in turn, so that only ratios count.\n"
    text += ("Each login is the first one of somebody enrolled. google-authenticator has its limits "
             "on (`DISALLOW_REUSE`,\n`RATE_LIMIT 3 30`, which also keeps more than three sessions "
             "from a code at once), pam_oath one file of users, `window=1`.\n\n")
    text += short_table(data) + "\n## One login\n\n" + login_table(s) + "\n"
    for kind, bound in data["bounds"].items():
        text += (f"- Bound with {kind}: {bound:.0f} us; pam_bastion with 100 users "
                 f"{ours:.0f} us, {ours / bound:.2f} of it.\n")
    text += "\n## By the number of users\n\n" + users_table(s, data["users"])
    text += "\n## First use in a process\n\n" + first_table(data["first"])
    text += (f"\nBound: 6 ms; pam_bastion {data['first']['pam_bastion su']['wall']['median'] / 1000:.1f} "
             "where nothing has loaded libcrypto before.\n")
    text += "\n## Instructions and system calls\n\n" + count_table(data["counts"])
    text += "\n## Many at once\n\n" + throughput_table(data["throughput"]) + "\n"
    text += crowd_tables(data["crowd"])
    text += f"\n100,000 imports took {data['import seconds']:.1f} s.\n"
    return text


def draw(data, out):
    s, numbers = data["slices"], data["users"]
    permit = s["permit"]["wall"]["median"]
    (out / "users.svg").write_text(plot.lines(
        "A login by the number of users enrolled", "users", "x pam_permit",
        {f"{m}, {kind}": [(n, s[f"{m}-{n} {kind}"]["wall"]["median"] / permit) for n in numbers]
         for m in MODULES for kind in ("right", "wrong")}))
    (out / "login.svg").write_text(plot.bars(
        "One login, 100 users (bar: median, mark: p99)", "x pam_permit",
        [(t.replace("-100", ""), s[t]["wall"]["median"] / permit, s[t]["wall"]["p99"] / permit)
         for t in ["permit", "empty", "primitive"] +
         [f"{m}-100 {kind}" for m in MODULES for kind in ("right", "wrong")]]))
    (out / "first.svg").write_text(plot.bars(
        "First login of a process (bar: median, mark: p99)", "ms",
        [(t, f["wall"]["median"] / 1000, f["wall"]["p99"] / 1000)
         for t, f in sorted(data["first"].items(), key=lambda item: item[0].split()[::-1])]))


def write(data, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for by_module in data["throughput"].values():
        for slices in by_module.values():
            for one in slices:
                one["wall"] = sorted(one["wall"])
    (out / "bench.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / "bench.md").write_text(markdown(data))
    draw(data, out)
    return out
