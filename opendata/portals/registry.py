"""The kinds of targets there are."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from opendata.portals import bundle, ckan, folder, graph_store, udata
from opendata.portals.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Portal:
    """What can be done at a kind of target.

    `publish(folders, place, *, dry_run)` and `verify(folders, place)` take package folders;
    `unpublish(entries, place, *, dry_run)` takes `plan.Entry`s, for the package may be gone. Each
    returns a Plan. Where `signed`, each gets `profile=` too, for it must say who we are; where
    `token`, a person is asked for one that is nowhere else. `together`: all packages go in one
    call, for they end in one place; else each goes in a call of its own, many at a time, and
    where there is a `connect(profile)`, they share what it opens as `session=`.
    `settings` are what a profile may say beside target and organisation, with their types.
    """

    publish: Callable[..., Plan]
    verify: Callable[..., Plan]
    unpublish: Callable[..., Plan] | None = None
    signed: bool = False
    token: bool = False
    together: bool = False
    connect: Callable[..., AbstractContextManager[object]] | None = None
    settings: Mapping[str, type] = field(default_factory=dict)


PORTALS = {
    "folder": Portal(
        publish=folder.publish, verify=folder.verify, unpublish=folder.unpublish, together=True
    ),
    "bundle": Portal(
        publish=bundle.publish, verify=bundle.verify, unpublish=bundle.unpublish, together=True
    ),
    "graph": Portal(
        publish=graph_store.publish,
        verify=graph_store.verify,
        unpublish=graph_store.unpublish,
        signed=True,
        together=True,
    ),
    "udata": Portal(
        publish=udata.publish,
        verify=udata.verify,
        unpublish=udata.unpublish,
        signed=True,
        token=True,
    ),
    "ckan": Portal(
        publish=ckan.publish,
        verify=ckan.verify,
        unpublish=ckan.unpublish,
        signed=True,
        token=True,
        connect=ckan.connect,
        settings=ckan.SETTINGS,
    ),
}
