"""Serve OpenStack Swift's four servers and its S3 API from one process, as Swift's own functional tests do.

As four programs they load the same libraries four times, and nine more make their rings: several times the cost of what
tests ask of them. Run by the Python that has Swift: `swift_server.py FOLDER PORT ACCOUNT:USER KEY`.
"""

import json
import sys
import warnings
from pathlib import Path
from time import monotonic

warnings.simplefilter("ignore")  # eventlet advises its users to move on, which is up to Swift

import eventlet  # noqa: E402
from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import NullLogger, SwiftHttpProtocol, loadapp  # noqa: E402

_DAY_SECONDS = 86_400
_CONF = "[swift-hash]\nswift_hash_path_prefix = tests\nswift_hash_path_suffix = tests\n"
_STORAGE = """
[DEFAULT]
mount_check = false
devices = {folder}/devices
swift_dir = {folder}
log_level = ERROR

[pipeline:main]
pipeline = {name}-server

[app:{name}-server]
use = egg:swift#{name}
"""
_PROXY = """
[DEFAULT]
swift_dir = {folder}
log_level = ERROR

[pipeline:main]
pipeline = catch_errors healthcheck listing_formats s3api tempauth slo versioned_writes symlink proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = eu-west-1
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {key} .admin
[filter:slo]
use = egg:swift#slo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


class Memcached:
    """What Swift asks of memcached; without it every request looks up its account and container again."""

    def __init__(self):
        self._kept = {}

    def get(self, key, **_):
        value, until = self._kept.get(key, ("null", 0))
        return json.loads(value) if until > monotonic() else None

    def set(self, key, value, *, time=0, **_):
        self._kept[key] = json.dumps(value), monotonic() + (time or _DAY_SECONDS)

    def delete(self, key, **_):
        self._kept.pop(key, None)


def serve(folder, port, user, key):
    """Serve until the process is ended; data and configuration are in the folder."""
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(_CONF)
    utils.monkey_patch()
    utils.set_swift_dir(str(folder))
    utils.validate_configuration()
    servers = [_spawn_storage(folder, name) for name in ("account", "container", "object")]
    account, user = user.split(":")
    (folder / "proxy.conf").write_text(_PROXY.format(folder=folder, account=account, user=user, key=key))
    proxy, memcached = loadapp(str(folder / "proxy.conf")), Memcached()
    servers.append(_spawn(_listen(port), lambda request, respond: proxy(request | {"swift.cache": memcached}, respond)))
    for server in servers:
        server.wait()


def _spawn_storage(folder, name):
    socket = _listen(0)
    _make_ring(folder / f"{name}.ring.gz", socket.getsockname()[1])
    configuration = folder / f"{name}.conf"
    configuration.write_text(_STORAGE.format(folder=folder, name=name))
    return _spawn(socket, loadapp(str(configuration)))


def _make_ring(file, port):
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1", "weight": 1})
    builder.rebalance()
    builder.get_ring().save(str(file))


def _listen(port):
    return eventlet.listen(("127.0.0.1", port))


def _spawn(socket, app):
    # Capitals would turn S3's `ETag` into `Etag`.
    return eventlet.spawn(
        wsgi.server, socket, app, NullLogger(), protocol=SwiftHttpProtocol, capitalize_response_headers=False
    )


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
