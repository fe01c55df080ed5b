"""udata in one process, its database in memory; run by the Python of an environment of its own.

    python udata_server.py FOLDER PORT

Writes `told.json` into the folder: the tokens of an editor of an organisation, of somebody outside
it, and one that has expired; the organisation.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path


def serve(folder: Path, port: int) -> None:
    import mongomock
    from udata import settings
    from udata.app import create_app, standalone
    from werkzeug.serving import make_server

    said = {
        "SERVER_NAME": f"127.0.0.1:{port}",
        "MONGODB_SETTINGS": {
            "host": "mongodb://localhost:27017/udata",
            "mongo_client_class": mongomock.MongoClient,
            "uuidRepresentation": "standard",
            "tz_aware": True,
        },
        "FS_ROOT": str(folder / "files"),
        "SECRET_KEY": "only for tests",
        "DEFAULT_LANGUAGE": "en",
        "MAX_CONTENT_LENGTH": 8 * 1024 * 1024,
    }
    app = create_app(settings.Defaults, override=type("Ours", (settings.Testing,), said))
    app.instance_path = str(folder)
    standalone(app)
    with app.app_context():
        told = _people()
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


def _people() -> dict[str, str]:
    from udata.core.api_token.models import ApiToken
    from udata.core.dataset.models import License
    from udata.core.organization.models import Member, Organization
    from udata.core.user.models import User

    License(
        id="cc-by", title="CC BY 4.0", url="https://creativecommons.org/licenses/by/4.0/"
    ).save()
    License(id="notspecified", title="Not specified").save()
    people = {}
    for name in ("editor", "stranger"):
        person = User(first_name=name, last_name="x", email=f"{name}@example.org", active=True)
        person.fs_uniquifier = name
        people[name] = person.save()
    office = Organization(name="开福区城管局", description="x")
    office.members = [Member(user=people["editor"], role="editor")]
    office.save()
    tokens = {name: ApiToken.generate(person)[1] for name, person in people.items()}
    old = datetime.now(UTC) - timedelta(days=1)
    tokens["expired"] = ApiToken.generate(people["editor"], expires_at=old)[1]
    return {**tokens, "organization": str(office.id), "slug": office.slug}


if __name__ == "__main__":
    serve(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
