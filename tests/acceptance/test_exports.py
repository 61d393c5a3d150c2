"""A site that moves to another machine by a file, with the real commands."""

import json

import pytest

from tests.acceptance.stack import make_stack, portrait, run, scene
from tests.acceptance.test_sealing import JPEG_BEGINS, files_with

pytestmark = pytest.mark.engine


def test_a_site_that_was_exported_while_it_ran_goes_on_elsewhere_under_another_key(stack, tmp_path):
    stack.start_hub()
    assert stack.door.send(scene(portrait("obama", 3)))["outcome"] == "recognized"
    file = tmp_path / "site.jsonl.gz"
    done = json.loads(run("export", str(file), "--json", env=stack.environ).stdout)
    assert (done["counts"]["people"], done["counts"]["attendance"], done["gone"]) == (2, 1, 0)
    assert stack.stop_hub() == 0
    nobody = tmp_path / "nobody"
    nobody.mkdir()
    with make_stack(tmp_path / "other", nobody) as other:
        run("import", str(file), env=other.environ)
        assert other.seen_today() == ["Obama"]
        other.door.boot_id += 1  # its frames 1 and 2 are in the file, too
        other.start_hub()
        assert other.door.send(scene(portrait("obama", 2)))["outcome"] == "already_marked"
        assert other.door.send(scene(portrait("biden")))["outcome"] == "recognized"
        assert other.seen_today() == ["Biden", "Obama"]
        assert files_with(other.site.settings.data_dir, JPEG_BEGINS) == set()
        keys = [json.loads(run("key", "show", "--json", env=each.environ).stdout)["keys"] for each in (stack, other)]
        assert keys[0][0]["key_id"] != keys[1][0]["key_id"]
