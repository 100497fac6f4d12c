"""Kill -9 trainers in the middle of keeping what they read: the next one knows every order all the same."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from bodega import schema
from bodega.domain.flows.order_chunks import FILES
from bodega.domain.flows.order_lines import OrderLines
from bodega.settings import Settings
from bodega.wiring import open_shop
from bodega.wiring.recommendations import order_log_of

DEATHS = 5


class Trainer:
    """A process that sells and reads what was sold; it has read once when it is made."""

    def __init__(self, folder, name):
        program = Path(__file__).parent / "doomed_trainer.py"
        source = {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, str(program), str(folder), name]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | source)
        self._process.stdout.readline()

    def dies(self):
        self._process.kill()
        self._process.communicate()


def test_trainers_that_are_killed_beside_one_another_leave_a_log_that_knows_every_order(tmp_path, monkeypatch):
    chance = random.Random(7)
    folder = tmp_path / "shop"
    open_shop(Settings.for_directory(folder)).close()
    alive = [Trainer(folder, f"t{number}") for number in range(2)]
    for number in range(2, DEATHS):
        time.sleep(chance.random() / 2)
        alive.pop(0).dies()
        alive.append(Trainer(folder, f"t{number}"))
    for trainer in alive:
        trainer.dies()

    shop = open_shop(Settings.for_directory(folder))
    everything = OrderLines.of(shop.orders.all())
    monkeypatch.setattr(type(shop.orders), "all", lambda _: 1 / 0)
    kept = order_log_of(shop.world, shop.orders).read()

    assert everything.order_ids.size > DEATHS
    assert all(np.array_equal(one, other) for one, other in zip(kept, everything, strict=True))
    assert all(info.key.startswith(FILES) for info in shop.world.objects.list(schema.TRAINING))
    shop.close()
