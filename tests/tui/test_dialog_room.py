"""What one decides with is seen in every terminal that is large enough for the app."""

from itertools import product

from nixtui.tui.screens.dialog_room import ALWAYS, BLANKS, SHORT, share_out


def test_it_all_fits() -> None:
    for height, questions, hosts, text in product(range(15, 70), range(3), (0, 2, 12, 500), (1, 5, 18, 200)):
        room = share_out(height, questions=questions, text=text, hosts=hosts)
        always = ALWAYS - (BLANKS if height < SHORT else 0)
        asked = questions if height < SHORT else 2 * questions
        table = room.hosts + (height >= SHORT) if hosts else 0
        taken = always + asked + min(text, room.text) + table
        assert taken <= height, (height, questions, hosts, text)


def test_many_hosts_leave_room_for_the_text_and_few_take_none_from_it() -> None:
    assert share_out(24, questions=1, text=5, hosts=70).text == 7
    assert share_out(24, questions=1, text=18, hosts=0).text == 13
    assert share_out(50, questions=1, text=5, hosts=70).hosts == 13
