"""What the day showed: the figures, the verdicts, and both as a table and as JSON."""

import collections

import check
import watch

MIB = watch.MIB
# Seconds within which a member with a disk from before must have a hit.
TO_SHOW = 3


def panics(array):
    """Lines in the logs of parray that tell of one."""
    return [f"{process.name}: {line.strip()}" for process in array.ours if process.log.exists()
            for line in process.log.read_text(errors="replace").splitlines() if "panicked" in line]


def restarts(day):
    """Members that began with a disk from before, and had some time to show it, with how many hits they had of it."""
    end = day.start + day.last_hour / 24 * day.seconds
    first = {life.name: life.started for life in reversed(day.watch.lives)}
    return [{"member": life.name, "hour": round((life.started - day.start) / day.seconds * 24, 1),
             "hits_from_before": day.traffic.kept_hits[life.name, life.started]}
            for life in day.watch.lives
            if life.name in day.array.members and first[life.name] < life.started < end - TO_SHOW]


def lives(day):
    found = []
    for life in day.watch.lives:
        if len(life.samples) < 8:
            continue
        (memory, later_memory), (files, later_files) = life.quarters(1), life.quarters(2)
        found.append({"process": life.name, "seconds": round(life.seconds), "steady": life.verdict(),
                      "mib": [round(memory / MIB, 1), round(later_memory / MIB, 1),
                              round(max(sample[1] for sample in life.samples) / MIB, 1)],
                      "files": [round(files), round(later_files), max(sample[2] for sample in life.samples)]})
    return found


def judge(day):
    counts, unexplained = dict(day.traffic.counts), dict(day.kinds)
    wrong, panicked = unexplained.pop(check.WRONG, 0), panics(day.array)
    back, lived = restarts(day), lives(day)
    rate = counts.get("requests", 0) / day.length
    verdicts = {
        "no wrong byte": not wrong,
        "no failure but in the windows of what explains it": not unexplained,
        "no panic": not panicked,
        "no process died by itself": not day.watch.died,
        "no memory and no open files that grow": all(life["steady"] is not False for life in lived),
        "every restarted member had hits from its disk": all(one["hits_from_before"] for one in back),
        "everything on the schedule went as it should": not day.mishaps,
        "at least half of the rate was reached": rate >= day.traffic.rate / 2,
    }
    return {
        "good": all(verdicts.values()), "verdicts": verdicts, "wrong": wrong, "unexplained": unexplained,
        "panics": panicked, "died": day.watch.died, "mishaps": day.mishaps, "rate": round(rate, 1), "counts": counts,
        "windows": [{"hour": round((window.begin - day.start) / day.seconds * 24, 2), "what": window.trouble.what,
                     "seconds": round(window.end - window.begin, 1), "failures": window.failures}
                    for window in day.windows],
        "restarts": back, "lives": lived, "left_out": [trouble.what for trouble in day.left_out()],
        "failures": [vars(failure) for failure in day.failures],
    }


def show(found):
    counts = collections.Counter(found["counts"])
    asked = counts["requests"] or 1
    print(f"\n{counts['requests']} requests, {found['rate']:g} a second, {counts['bytes'] / MIB:.0f} MiB, "
          f"{100 * counts['hits'] / asked:.0f} % hits, {counts['went to another member']} times another member was "
          f"asked, {counts['held back']} requests held back")
    print("\n hour   seconds  failures  trouble")
    for window in found["windows"]:
        print(f" {window['hour']:5.2f}  {window['seconds']:7.1f}  {window['failures'] or '-':>8}  {window['what']}")
    for what in found["left_out"]:
        print(f"     -        -         -  {what}: left out")
    print("\n process  seconds  MiB: 2nd quarter  last  most  files: 2nd quarter  last  most")
    for life in found["lives"]:
        steady = {True: "steady", False: "GROWS", None: "too short to judge"}[life["steady"]]
        (memory, last, most), (files, last_files, most_files) = life["mib"], life["files"]
        print(f" {life['process']:8} {life['seconds']:6}  {memory:16}  {last:4}  {most:4}  {files:18}  {last_files:4}  "
              f"{most_files:4}  {steady}")
    print()
    for one in found["restarts"]:
        print(f" {one['member']}, started again at {one['hour']}: {one['hits_from_before']} hits from before")
    print()
    for verdict, good in found["verdicts"].items():
        print(f" {'yes' if good else 'NO':3}  {verdict}")
    for what in [*found["panics"], *found["died"], *found["mishaps"]]:
        print(f"      {what}")
    if found["wrong"] or found["unexplained"]:
        print(f"      wrong: {found['wrong']}, not explained: {found['unexplained']}")
