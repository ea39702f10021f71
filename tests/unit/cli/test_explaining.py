import json

import pytest

from tests.support.calling import Invoke


def test_an_expression_is_explained_in_words_and_instants(ostinato: Invoke):
    """Whoever asks reads what it means, when it is due next, and what clocks do to it."""
    result = ostinato("explain", "30 2 * * *", "--tz", "America/New_York", "-n", "2")

    words, _, first, second, _, *changes = result.stdout.splitlines()
    assert (result.exit_code, words) == (0, "at 02:30 every day, America/New_York")
    assert [each.split()[4][:5] for each in (first, second)] == ["02:30", "02:30"]
    assert len(changes) == 4
    assert any("the end of the gap" in line for line in changes)


def test_an_explanation_can_be_read_by_programs(ostinato: Invoke):
    """With --json it is one object, whose instants are in UTC."""
    result = ostinato("explain", "0 0 * * * *", "--seconds", "-n", "3", "--json")

    told = json.loads(result.stdout)
    assert told["schedule_text"] == "cron 0 0 * * * * UTC"
    assert [each[-11:] for each in told["instants"]] == [":00:00.000Z"] * 3
    assert told["clock_changes"] == []


def test_a_clock_that_is_not_changed_is_said_to_be_so(ostinato: Invoke):
    """Nothing is left open about it."""
    result = ostinato("explain", "@daily")

    assert result.stdout.splitlines()[-1] == "The clock of UTC is not changed in the next year."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["61 2 * * *"], "in its minute field: '61'"),
        (["0 2 * * *", "--tz", "America/New_Yrk"], "did you mean 'America/New_York'"),
        (["0 0 2 * * *"], "(for six, pass seconds=True)"),
    ],
)
def test_what_cannot_be_explained_is_wrong_use(arguments: list[str], said: str, ostinato: Invoke):
    """The error says what is wrong and what to do, and the exit code that the use was wrong."""
    result = ostinato("explain", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
