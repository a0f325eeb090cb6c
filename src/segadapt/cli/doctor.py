"""``segadapt doctor``: checks of this machine, one line each, with advice."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from segadapt.cli.doctor_findings import BAD, OK, Finding
from segadapt.cli.places import CONF
from segadapt.cli.shell import answer
from segadapt.cli.words import read_words
from segadapt.text.borders import print_line

FILE: Final = CONF / "doctor.yaml"

Check = Callable[[], Iterator[Finding]]


def main(words: Sequence[str]) -> int:
    """Run one command line.

    Args:
        words: ``KEY=VALUE`` of conf/doctor.yaml; ``--json`` is json=true.

    Returns:
        1 if a check failed, else 0.
    """
    return 1 if answer(lambda: examine(words)) else 0


def examine(words: Sequence[str]) -> int:
    """Run the checks, show their findings, and return the number of failures."""
    options = read_words(["json=true" if word == "--json" else word for word in words], FILE)
    findings = []
    for check in checks(options):
        for finding in _answers(check):
            findings.append(finding)
            if not options["json"]:
                _show(finding)
    failed = sum(finding.state == BAD for finding in findings)
    if options["json"]:
        rows = [finding._asdict() for finding in findings]
        print(json.dumps({"ok": not failed, "findings": rows}, indent=1))
    else:
        print_line(f"{failed} of {len(findings)} checks failed" if failed else "all checks passed")
    return failed


def checks(options: dict[str, Any]) -> Iterator[Check]:
    """The requested checks, the fast ones first.

    Args:
        options: Keys of conf/doctor.yaml.
    """
    from segadapt.cli import doctor_machine, doctor_software

    yield doctor_software.python
    yield doctor_software.packages
    yield doctor_machine.disk(options["runs"])
    yield doctor_machine.shared_memory
    yield doctor_software.tracker
    if options["hub"]:
        yield doctor_software.hub
    yield doctor_machine.decoders
    yield doctor_machine.devices
    if options["train"]:
        from segadapt.cli import doctor_training

        yield doctor_training.trainings
        yield doctor_training.two_processes


def _answers(check: Check) -> Iterator[Finding]:
    """The findings of a check; a check that fails is itself a finding."""
    try:
        yield from check()
    except Exception as error:
        name = getattr(check, "__name__", "check").replace("_", " ")
        yield Finding(name, BAD, f"{type(error).__name__}: {error}", "report it with this line")


def _show(finding: Finding) -> None:
    advice = "" if finding.state == OK or not finding.advice else f"; {finding.advice}"
    print_line(f"{finding.state:5} {finding.name}: {finding.text}{advice}")
