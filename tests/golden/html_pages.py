# SPDX-License-Identifier: Apache-2.0
"""What the tests of pages have in common: pages of golden traces, and one whose names attack them."""
import os
import subprocess

# What stands in hostile-names, and what stands there instead: as long a name as a task can have, and
# the ends of everything that text stands in.
ATTACKS = {
    r'\x1b[31mred': '<img src=x>',
    r'a\tb\x0dc\x7f': '</script><b>',
    r'\x1b[Hphase one\n': '</style><script>document.title=1</script>',
    r'./\x1b[2Jclear': "'onload='x' <svg onload=alert(1)>",
    r'plain word': '\\" onclick=\\"x\\" ]]> --> &lt;i&gt; &#60;u&#62; javascript:alert(1)',
    r'$(id)': '<a href=http://example.com/>',
}


def page(program, trace, *options):
    return subprocess.run([program, "report", "--format", "html", *options, trace],
                          stdout=subprocess.PIPE, check=True).stdout


def options_of(directory, case):
    path = os.path.join(directory, case, "report.args")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


def write_attack(directory, path, attacks):
    """The trace of hostile names, with other names; all of them must stand in it."""
    with open(os.path.join(directory, "hostile-names", "trace.txt"), encoding="utf-8") as file:
        text = file.read()
    for old, new in attacks.items():
        assert old in text, f"{old} is not in hostile-names"
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
