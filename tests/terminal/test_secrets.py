"""Secrets in a real terminal: revealed, edited and saved in the demo, and nothing left in what the terminal keeps."""

from pathlib import Path

from tests.terminal.steps import leave
from tests.terminal.terminal import terminal
from tests.terminal.test_demo import in_memory, start

TYPED = "okapi-lantern-2290"


def test_a_secret_is_revealed_changed_and_saved(tmp_path: Path) -> None:
    log = tmp_path / "textual.log"
    with terminal(tmp_path, size=(100, 30), environ={**in_memory(tmp_path), "TEXTUAL_LOG": str(log)}) as screen:
        start(screen)
        screen.send("5")
        screen.until_shown("secrets/web.yaml")
        screen.write("/")
        screen.write("web")
        screen.until_shown("1 shown")
        screen.send("Enter")
        screen.until(lambda shown: "v reveal" in shown and "1 shown" not in shown, "the filter kept")
        screen.send("Enter")
        screen.until_shown("db/password")
        screen.until(lambda shown: "Secrets  22/24" not in shown, "the keys of the file")
        screen.send("j")
        screen.send("j")
        screen.send("v")
        screen.until_shown("7KfQx2mPdV9sTzRw")
        screen.until_shown("hidden in")
        screen.resize(120, 40)
        screen.until(lambda shown: "7KfQx2mPdV9sTzRw" not in shown and "About the file" in shown, "hidden")
        screen.send("e")
        screen.until_shown("typing replaces it")
        screen.write(TYPED)
        screen.until_shown("•" * len(TYPED))
        screen.send("Enter")
        screen.until_shown("not saved: set db/password")
        screen.send("C-s")
        screen.until_shown("▸ Cancel ◂")
        screen.until_shown("Decrypt the copy")
        screen.send("Right")
        screen.send("Enter")
        screen.until_shown("Change 1 key of secrets/web.yaml: done")
        screen.send("v")
        screen.until_shown(TYPED)
        screen.send("Escape")
        screen.until(lambda shown: TYPED not in shown, "hidden")
        said = leave(screen)
        assert "Change 1 key of secrets/web.yaml" in said and TYPED not in said
    assert not log.exists()
