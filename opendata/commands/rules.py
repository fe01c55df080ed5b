"""opendata rules: what validate applies, and what each rule means."""

import argparse
import sys

from opendata.commands import language, show, show_json


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--explain", metavar="RULE", help="tell what a rule means 说明一条规则")


def run(args: argparse.Namespace) -> int:
    from opendata import screen
    from opendata.checks.report import RULE
    from opendata.reports.listing import listing

    if args.explain:
        return _explain(args)
    found = listing()
    if args.json:
        return show_json(
            {
                name: {"iri": f"{RULE}{name}", "severity": severities, **text}
                for name, severities, text in found
            }
        )
    return show(screen.rules(found, language(args)))


def _explain(args: argparse.Namespace) -> int:
    from opendata.checks.explain import explain, known_rules
    from opendata.checks.report import RULE
    from opendata.reports.choosing import unknown

    page, iri = explain(args.explain), f"{RULE}{args.explain}"
    if page is None:
        raise unknown(args.explain, known_rules())
    if args.json:
        return show_json({"rule": args.explain, "iri": iri, "page": page})
    if sys.stdout.isatty():
        from opendata import screen

        return show(screen.page_of_rule(page), iri)
    print(f"{page.rstrip()}\n\n{iri}")
    return 0
