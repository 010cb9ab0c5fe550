"""Writes the accessibility tree of the page's window into a file as JSON, as soon as two looks find the same one with a field for a secret."""

import json
import sys
import time

import pyatspi


def tree(node, depth=0):
    """The node, and what is below it."""
    if depth > 60:
        return
    try:
        states = [pyatspi.stateToString(state) for state in node.getState().getStates()]
        yield {"role": node.getRoleName(), "name": node.name or "", "states": states}
        children = [node.getChildAtIndex(at) for at in range(node.childCount)]
    except Exception:  # What went away meanwhile is not there.
        return
    for child in children:
        if child is not None:
            yield from tree(child, depth + 1)


def main():
    """Looks again and again, since the page comes up after its window."""
    end = time.monotonic() + float(sys.argv[1])
    found = []
    while time.monotonic() < end:
        before = found
        desktop = pyatspi.Registry.getDesktop(0)
        found = [node for app in desktop if app is not None for node in tree(app)]
        # A look while something is drawn anew misses what lies below it.
        if found == before and any(node["role"] == "password text" for node in found):
            break
        time.sleep(0.1)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(found, file)


main()
