"""The one table of actions: no key means two things, and nothing that changes hosts escapes read-only mode."""

import pytest
from textual.binding import BindingsMap

from nixtui.tui.action_table import ACTIONS, actions_in, bindings_for
from nixtui.tui.actions import Scope, Selection, key_shown, may_change
from nixtui.tui.screens.activity import ActivityScreen
from nixtui.tui.screens.fleet import FleetScreen
from nixtui.tui.screens.generations import GenerationsScreen
from nixtui.tui.screens.host_page import HostPage
from nixtui.tui.screens.progress import ProgressScreen
from nixtui.tui.screens.rollback import RollbackDialog

SCREENS = (FleetScreen, GenerationsScreen, HostPage, ActivityScreen, ProgressScreen, RollbackDialog)
DANGEROUS = [action for actions in ACTIONS.values() for action in actions if action.danger]


@pytest.mark.parametrize("screen", SCREENS)
def test_on_no_screen_a_key_means_two_things(screen: type) -> None:
    bound = BindingsMap(bindings_for(*screen.scopes)).key_to_bindings
    assert {key: [each.id for each in each_key] for key, each_key in bound.items() if len(each_key) > 1} == {}


@pytest.mark.parametrize("screen", SCREENS)
def test_on_every_screen_ids_are_unique(screen: type) -> None:
    ids = [action.id for action in actions_in(*screen.scopes)]
    assert len(ids) == len(set(ids))


def test_there_is_something_dangerous_at_all() -> None:
    assert {action.id for action in DANGEROUS} >= {
        "roll_back", "choose_target", "go_to_generation", "cancel", "undo", "run", "reboot", "break_lock",
        "confirm", "go_back", "unit_restart", "unit_start", "unit_stop", "collect", "repair", "roll_back_before",
    }  # fmt: skip


@pytest.mark.parametrize("action", DANGEROUS, ids=lambda action: action.id)
def test_what_changes_hosts_cannot_be_done_read_only(action) -> None:
    forbidden = Selection(hosts=("web-1",), row="web-1", forbidden="nixtui runs read-only")
    if action.id in ("cancel", "confirm", "go_back"):  # asked of what was allowed to begin
        return
    if action.id == "try_again":  # for other hosts than the one under the cursor; pilot-tested
        return
    assert action.why_disabled(forbidden) == "nixtui runs read-only"


def test_marks_hidden_by_a_filter_have_to_be_resolved_before_an_act() -> None:
    reason = may_change(Selection(hosts=("a", "b"), marked=2, hidden=1))
    assert reason is not None
    assert "a marked host is hidden by the filter" in reason
    assert may_change(Selection(hosts=("a", "b"), marked=2, hidden=0)) is None


def test_actions_are_bound_by_their_id_so_that_a_user_can_rebind_them() -> None:
    assert {binding.id for binding in bindings_for(Scope.FLEET)} == {action.id for action in ACTIONS[Scope.FLEET]}


def test_keys_are_written_as_people_write_them() -> None:
    assert key_shown("escape") == "esc"
    assert key_shown("j,down") == "j"
    assert key_shown("ctrl+@,ctrl+space") == "ctrl+space"
