#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Mechanical checks of the rules that the tree is built by.

Each check is one test; it prints what breaks it.  Exceptions stand in this file with their
reason, and an exception that nothing needs any more is a failure itself.
The symbol check reads build/hyp, so build first.  Last line: "N passed, N failed".
"""

import functools
import glob
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAYERS = ["base", "cpu", "mem", "plat", "kern", "core", "pv hvm", "hcall", "entry", "boot"]
RANK = {name: i for i, names in enumerate(LAYERS) for name in names.split()}

MAX_LINE = 120        # 100 is the aim
MAX_FILE = 800
MAX_FUNCTION = 60
MAX_README = 60       # in the folders of hyp/; the tour in hyp/README.md may be longer
MAX_CODE = 25075      # code lines as cloc counts them; the goal is 25000, see hyp/README.md

# (file, header): why this include may go up.
INCLUDES_UP = {
    ("hyp/cpu/asm-offsets.c", "core/vcpu.h"): "makes offsets for the assembly; no code",
    ("hyp/cpu/xstate.c", "mem/heap.h"): "allocates a vCPU's save area",
    ("hyp/cpu/desc.c", "mem/heap.h"): "allocates a processor's tables and stacks",
    ("hyp/cpu/desc.c", "mem/slab.h"): "the same",
    ("hyp/plat/irq.c", "kern/clock.h"): "measures interrupt storms",
    ("hyp/plat/apic.c", "kern/clock.h"): "calibrates its timer",
    ("hyp/plat/apic.c", "kern/cmdline.h"): "obeys x2apic=",
    ("hyp/plat/smp.c", "kern/clock.h"): "a new processor gets its clock",
    ("hyp/plat/smp.c", "kern/timer.h"): "... and its timers",
    ("hyp/plat/smp.c", "core/sched.h"): "... and its scheduler",
    ("hyp/plat/smp.c", "entry/entry.h"): "... and leaves for its first vCPU",
}

# (folder, symbol): why this reference may go up.  panic is declared in base/assert.h.
SYMBOLS_UP = {
    ("*", "panic"): "the one upward call that every layer has",
    ("*", "hyp_l4"): "the page tables that boot/head.S starts with stay in use",
    ("mem", "hyp_l2_image"): "the same",
    ("core", "guest_copy_raw"): "assembly with fault fix-up stands in entry/entry.S",
    ("core", "guest_zero_raw"): "the same",
    ("cpu", "fxrstor_safe"): "the same",
    ("cpu", "xrstor_safe"): "the same",
    ("cpu", "rdmsr_safe"): "the same",
    ("cpu", "wrmsr_safe"): "the same",
    ("cpu", "syscall_stubs"): "entry points that this processor's registers name",
    ("cpu", "syscall32_stubs"): "the same",
    ("cpu", "trap_stubs"): "the same",
    ("cpu", "heap_alloc_pages"): "see the includes",
    ("cpu", "heap_free_pages"): "see the includes",
    ("cpu", "slab_alloc"): "see the includes",
    ("pv", "load_seg_ds"): "assembly with fault fix-up stands in entry/entry.S",
    ("pv", "load_seg_es"): "the same",
    ("pv", "load_seg_fs"): "the same",
    ("pv", "load_seg_gs"): "the same",
    ("plat", "opt"): "see the includes",
    ("plat", "clock_now_ns"): "see the includes",
    ("plat", "clock_delay_us"): "see the includes",
    ("plat", "clock_ns_to_tsc"): "see the includes",
    ("plat", "clock_tsc_khz"): "see the includes",
    ("plat", "clock_init_cpu"): "see the includes",
    ("plat", "clock_sync_serve"): "see the includes",
    ("plat", "timer_init_cpu"): "see the includes",
    ("plat", "sched_init_cpu"): "see the includes",
    ("plat", "exit_to_guest"): "see the includes",
    ("hvm", "exit_to_guest"): "a guest's turn ends in entry/'s one way out",
}

# file: why inline assembly stands there and not in cpu/asm.h.
ASM_FILES = {
    "hyp/cpu/asm.h": "its place",
    "hyp/cpu/asm-offsets.c": "hands offsets to the assembly through the compiler",
    "hyp/cpu/pcpu.h": "this_pcpu() reads RSP; asm.h would make a circle",
    "hyp/base/compiler.h": "a barrier without an instruction",
}

LONG_FUNCTIONS = {}

LONG_FILES = {
    "tests/unit/test_evtchn.c": "many short cases on one fake world",
}


def lines_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as f:
        return f.read().split("\n")


@functools.lru_cache(None)
def tracked():
    """Files under version control that are there; all files where there is no git."""
    r = subprocess.run(["git", "-C", TOP, "ls-files"], capture_output=True, text=True, check=False)
    names = r.stdout.splitlines() if r.returncode == 0 else [
        os.path.relpath(os.path.join(d, f), TOP) for d, _, fs in os.walk(TOP) for f in fs]
    return [n for n in names if not n.startswith(("build/", ".git/")) and
            os.path.isfile(os.path.join(TOP, n))]


def sources(suffixes, under=""):
    return [n for n in tracked() if n.startswith(under) and n.endswith(suffixes)]


def layer(path):
    return path.split("/")[1] if path.startswith("hyp/") and path.count("/") > 1 else None


def rank(name):
    return RANK.get(name, -1)


def goes_down(user, used):
    """Folders side by side in one layer do not know each other."""
    return user == used or rank(used) < max(rank(user), 0)


def unused(table, seen):
    return ["exception %s is not needed any more" % (k,) for k in table if k not in seen]


def check_includes_go_down():
    bad, seen = [], set()
    for path in sources((".c", ".h", ".S"), "hyp/"):
        for line in lines_of(path):
            m = re.match(r'#include "([^"]+)"', line)
            if not m or goes_down(layer(path), m[1].split("/")[0]):
                continue
            if (path, m[1]) in INCLUDES_UP:
                seen.add((path, m[1]))
            else:
                bad.append("%s includes %s" % (path, m[1]))
    return bad + unused(INCLUDES_UP, seen)


def check_no_include_cycles():
    graph = {h[4:]: [m[1] for m in (re.match(r'#include "([^"]+)"', x) for x in lines_of(h)) if m]
             for h in sources(".h", "hyp/")}
    bad, done = [], set()

    def visit(node, path):
        if node in path:
            bad.append(" -> ".join(path[path.index(node):] + (node,)))
        elif node not in done:
            for n in graph.get(node, []):
                visit(n, path + (node,))
            done.add(node)

    for node in graph:
        visit(node, ())
    return bad


def check_symbols_go_down():
    objects = [o for o in glob.glob(os.path.join(TOP, "build/hyp/**/*.o"), recursive=True)
               if rank(os.path.relpath(o, TOP).split("/")[2]) >= 0]
    sources_of = {os.path.splitext(n)[0] for n in sources((".c", ".S"), "hyp/")}
    objects = [o for o in objects
               if os.path.splitext(os.path.relpath(o, TOP))[0].removeprefix("build/") in sources_of]
    if not objects:
        return ["build/hyp has no objects: build the hypervisor first"]
    defined, wanted = {}, []
    for o in objects:
        folder = os.path.relpath(o, TOP).split("/")[2]
        text = subprocess.run(["nm", o], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            kind, name = line.split()[-2:]
            if kind == "U":
                wanted.append((folder, name, o))
            elif kind.isupper():
                defined[name] = folder
    bad, seen = [], set()
    for folder, name, o in sorted(wanted):
        if name not in defined or goes_down(folder, defined[name]):
            continue
        keys = {(folder, name), ("*", name)} & set(SYMBOLS_UP)
        seen |= keys
        if not keys:
            bad.append("%s uses %s of %s" % (os.path.relpath(o, TOP), name, defined[name]))
    return bad + unused(SYMBOLS_UP, seen)


def check_asm_has_its_place():
    return ["%s:%d: %s" % (path, n, line.strip())
            for path in sources((".c", ".h"), "hyp/") if path not in ASM_FILES
            for n, line in enumerate(lines_of(path), 1)
            if re.search(r"\b(__asm__|asm)\b\s*(volatile|__volatile__|goto|\()", line)]


def check_licence_lines():
    bad = []
    for path in tracked():
        name = os.path.basename(path)
        if not name.endswith((".c", ".h", ".S", ".py", ".sh", ".mk", ".lds")) and name != "Makefile":
            continue
        head = lines_of(path)[:2]
        mit = path.startswith(("hypercall-abi/", "pvdrivers/"))
        want = "SPDX-License-Identifier: " + ("MIT" if mit else "GPL-2.0-or-later")
        first = head[1] if head[0].startswith("#!") and len(head) > 1 else head[0]
        if want not in first:
            bad.append("%s: first line is not '%s'" % (path, want))
    return bad


def check_no_paths_of_this_machine():
    place = os.path.dirname(TOP) + "/"
    words = [TOP] + ([place] if place.count("/") > 1 and len(place) > 5 else [])
    return ["%s:%d: names a path of this machine" % (path, n)
            for path in tracked() for n, line in enumerate(lines_of(path), 1)
            if any(w in line for w in words)]


def check_no_undone_marks():
    return ["%s:%d: %s" % (path, n, line.strip())
            for path in sources((".c", ".h", ".S", ".sh")) for n, line in enumerate(lines_of(path), 1)
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line)]


def check_line_length():
    return ["%s:%d: %d characters" % (path, n, len(line))
            for path in sources((".c", ".h", ".S", ".py", ".sh"))
            for n, line in enumerate(lines_of(path), 1) if len(line) > MAX_LINE]


def check_white_space():
    return ["%s:%d: %s" % (path, n, "tab" if "\t" in line else "space at the end")
            for path in sources((".c", ".h", ".py")) for n, line in enumerate(lines_of(path), 1)
            if "\t" in line or line != line.rstrip()]


def check_file_length():
    long = {p: len(lines_of(p)) - 1 for p in sources((".c", ".h", ".S", ".py"))
            if len(lines_of(p)) - 1 > MAX_FILE}
    return ["%s: %d lines" % (p, n) for p, n in long.items() if p not in LONG_FILES] + \
        unused(LONG_FILES, long)


def functions(path):
    """(name, lines) of each function: its brace stands alone in the first column."""
    name, start = None, 0
    for n, line in enumerate(lines_of(path), 1):
        m = re.match(r"[A-Za-z_].*?(\w+)\(", line)
        if m:
            name = m[1]
        if line == "{":
            start = n
        elif line == "}" and start:
            yield name, n - start - 1
            start = 0


def check_function_length():
    long = {(path, name): n for path in sources((".c", ".h"), "hyp/")
            for name, n in functions(path) if n > MAX_FUNCTION}
    return ["%s: %s has %d lines" % (k[0], k[1], n) for k, n in long.items()
            if k not in LONG_FUNCTIONS] + unused(LONG_FUNCTIONS, long)


def check_headers_compile_alone():
    flags = ["-std=gnu11", "-ffreestanding", "-fsyntax-only", "-mno-sse", "-mgeneral-regs-only",
             "-Wall", "-Werror", "-x", "c", "-include", "base/visibility.h", "-I.",
             "-I../hypercall-abi"]
    jobs = [(h, subprocess.Popen(["gcc"] + flags + ["-include", h[4:], "/dev/null"], cwd=os.path.join(TOP, "hyp"),
                                 stderr=subprocess.PIPE, text=True))
            for h in sources(".h", "hyp/")]
    return ["%s: %s" % (h, err.strip().split("\n")[0])
            for h, p in jobs for err in [p.communicate()[1]] if p.returncode]


def check_guided():
    """Each folder of hyp/ has its README, short, and the files it names are there."""
    bad = []
    for name in RANK:
        path = "hyp/%s/README.md" % name
        if path not in tracked():
            bad.append("%s is missing" % path)
        elif len(lines_of(path)) - 1 > MAX_README:
            bad.append("%s: more than %d lines" % (path, MAX_README))
    for path in sources("README.md", "hyp/"):
        for token in re.findall(r"`([\w./-]+\.(?:c|h|S|\[ch\]))`", "\n".join(lines_of(path))):
            if token.startswith("_"):
                continue        # the end of the name before it
            for real in [token[:-4] + "c", token[:-4] + "h"] if token.endswith("[ch]") else [token]:
                places = (os.path.dirname(path), "hyp", "hypercall-abi", "")
                if not any(os.path.exists(os.path.join(TOP, p, real)) for p in places):
                    bad.append("%s names %s, which is not there" % (path, real))
    return bad


def check_example_is_shown():
    """pvdrivers' example stands in the README as it is compiled."""
    example = "\n".join(lines_of("pvdrivers/guest/example/example.c")[1:])
    shown = "```c\n%s```" % example in "\n".join(lines_of("pvdrivers/guest/README.md"))
    return [] if shown else ["pvdrivers/guest/README.md does not show example/example.c"]


def check_support_is_told():
    """What the code serves stands in SUPPORT.md: hypercalls, control operations, boot options."""
    told = set(re.findall(r"`(\w[\w-]*)`", "\n".join(lines_of("SUPPORT.md"))))
    places = (("hyp/hcall/hypercall.c", r"\bX\((\w{2,})\)"),
              ("hyp/hcall/hc_domctl.c", r"DOMAIN_OP\((\w+),"),
              ("hyp/hcall/hc_sysctl.c", r"SYSCTL_OP\((\w+)\)"),
              ("hyp/hcall/hc_platform.c", r"PLATFORM_OP\((\w+)\)"),
              ("hyp/kern/cmdline.c", r"^    \{ \"([\w-]+)\","))
    bad = []
    for path, pattern in places:
        names = set(re.findall(pattern, "\n".join(lines_of(path)), re.M)) - {"name"}
        bad += ["%s: finds nothing any more" % path] if not names else []
        bad += ["%s: %s" % (path, n) for n in sorted(names - told)]
    return bad


def check_size():
    """C and assembly of hyp/.  The unpackers leave memory before dom0 runs; the ABI's headers are others' too."""
    try:
        r = subprocess.run(["cloc", "--json", "--quiet", "--fullpath", "--not-match-d=boot/unpack",
                            "--include-lang=C,C/C++ Header,Assembly", "hyp"],
                           cwd=TOP, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        return ["cloc: %s" % e]
    code = json.loads(r.stdout)["SUM"]["code"]
    print("     %d code lines of %d" % (code, MAX_CODE))
    return ["%d code lines, more than %d" % (code, MAX_CODE)] if code > MAX_CODE else []


def main():
    passed = failed = 0
    for name, fn in sorted(globals().items()):
        if not name.startswith("check_"):
            continue
        bad = fn()
        print("%s %s" % ("FAIL" if bad else "ok  ", name[6:].replace("_", " ")))
        for line in bad:
            print("     " + line)
        passed += not bad
        failed += bool(bad)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
