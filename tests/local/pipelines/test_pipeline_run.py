"""Pipelines run from their files, with real processes, to their ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

from support.pipelines import Works

WHOLE = """
params: {word: hello}
steps:
  make:
    command: [sh, -c, 'mkdir $RANKZERO_OUTPUTS/data; echo ${word} > $RANKZERO_OUTPUTS/data/x;
      echo 3 > $RANKZERO_OUTPUTS/count; echo made']
    outputs: {data: path, count: value}
  use:
    command: [sh, -c, 'cat ${inputs.data}/x $RANKZERO_INPUTS/count; echo $MINE;
      cp -r ${inputs.data} ${outputs.copy}']
    inputs: [make.data, make.count]
    outputs: [copy]
    env: {MINE: "count ${inputs.count}"}
  never:
    command: [sh, -c, 'echo no']
    when: ${make.count} > 3
  after:
    command: echo after
    needs: never
  taker:
    command: echo ${make.count}
    when: ${make.count} == 3
""".replace("echo ${make.count}\n", "echo three\n")


def test_steps_hand_on_files_and_values(home: Works) -> None:
    said = home.call("pipeline", "run", home.pipeline(WHOLE))

    assert said.code == 0, said
    assert "[make] made" in said.out
    assert [line for line in said.out.splitlines() if line.startswith("[use]")] == [
        "[use] hello",
        "[use] 3",
        "[use] count 3",
    ]
    assert "never is left out: ${make.count} > 3 does not hold: 3 > 3" in said.err
    assert home.states() == {
        "make": "succeeded",
        "use": "succeeded",
        "never": "skipped",
        "after": "succeeded",
        "taker": "succeeded",
    }
    copy = json.loads(home.call("pipeline", "outputs", "-", "-o", "json").out)["outputs"][-1]
    assert (copy["step"], copy["name"], copy["size"]) == ("use", "copy", 6)
    assert "  use.copy  " in said.err.partition("✓ succeeded in ")[2]
    home.nothing_left()


def test_a_second_run_takes_all_from_the_first(home: Works) -> None:
    file = home.pipeline(WHOLE)
    assert home.call("pipeline", "run", file).code == 0
    again = home.call("pipeline", "run", file)
    assert again.code == 0
    assert again.out == "", "no command was run"
    assert again.err.count(" cached") == 4

    other = home.call("pipeline", "run", file, "--set", "word=bye")
    assert "[use] bye" in other.out
    assert "✓ after cached" in other.err, "it does not depend on the word"


def test_what_is_asked_for_is_done_again(home: Works) -> None:
    file = home.pipeline(WHOLE)
    assert home.call("pipeline", "run", file).code == 0
    said = home.call("pipeline", "run", file, "--rerun", "make")
    assert "[make] made" in said.out
    assert "[use]" not in said.out, "the same came out of it"
    said = home.call("pipeline", "run", file, "--from", "use")
    assert "[use] hello" in said.out
    assert "[make]" not in said.out
    said = home.call("pipeline", "run", file, "--no-cache")
    assert "[make] made" in said.out
    assert "[after] after" in said.out


def test_a_list_is_gone_through_side_by_side(home: Works) -> None:
    meet = "touch at-${item}; while [ $(ls at-* | wc -l) -lt 2 ]; do sleep 0.01; done"
    text = f"""
steps:
  list:
    command: [sh, -c, 'echo "[1, 2]" > $RANKZERO_OUTPUTS/n']
    outputs: {{n: value}}
  each:
    command: [sh, -c, '{meet}; echo $RANKZERO_ITEM; echo ${{item}}0 > $RANKZERO_OUTPUTS/tens']
    for_each: list.n
    outputs: {{tens: value}}
  sum:
    command: [sh, -c, 'cat $RANKZERO_INPUTS/tens/1; echo "$0"', "${{inputs.tens}}"]
    inputs: [each.tens]
  big:
    command: echo yes
    when: ${{each.tens}} == [10, 20]
"""
    said = home.call("pipeline", "run", home.pipeline(text), "--slots", "2")
    assert said.code == 0, said
    assert {"[each[0]] 1", "[each[1]] 2"} <= set(said.out.splitlines())
    assert '[sum] 20\n[sum] ["10", "20"]\n' in said.out
    assert "[big] yes" in said.out


def test_slots_are_how_many_run_at_once(home: Works) -> None:
    text = """
steps:
  each:
    command: [sh, -c, 'mkdir busy && sleep 0.05 && rmdir busy']
    for_each: [1, 2, 3, 4]
"""
    assert home.call("pipeline", "run", home.pipeline(text), "--slots", "1").code == 0


def test_a_job_is_a_step_like_any_other(home: Works) -> None:
    home.script(
        "import os, sys\n"
        "folder = os.environ['RANKZERO_OUTPUTS']\n"
        "open(os.path.join(folder, 'rank-' + os.environ['RANKZERO_RANK']), 'w').close()\n"
        "open(os.path.join(folder, 'score'), 'w').write('0.93')\n"
        "print('reads', open(sys.argv[1]).read())\n"
    )
    text = """
steps:
  load:
    command: [sh, -c, 'printf 42 > $RANKZERO_OUTPUTS/data']
    outputs: [data]
  train:
    job:
      run: train.py ${inputs.data}
      nodes: 2
    inputs: [load.data]
    outputs: {rank-0: path, rank-1: path, score: value}
  judge:
    command: [sh, -c, 'echo good: ${inputs.score}']
    inputs: [train.score]
    when: ${train.score} >= 0.9
"""
    said = home.call("pipeline", "run", home.pipeline(text))
    assert said.code == 0, said
    assert {"[train] [0] reads 42", "[train] [1] reads 42"} <= set(said.out.splitlines())
    assert "[judge] good: 0.93" in said.out
    (run,) = json.loads(home.call("list", "-o", "json").out)["runs"]
    assert run["state"] == "succeeded"
    assert home.call("pipeline", "delete", "-").code == 0
    assert json.loads(home.call("list", "-o", "json").out)["runs"] == []
    home.nothing_left()


def test_outputs_are_copied_to_where_they_are_wanted(home: Works, tmp_path: Path) -> None:
    home.call("pipeline", "run", home.pipeline(WHOLE))
    said = home.call("pipeline", "outputs", "-", "--to", str(tmp_path / "here"))
    assert said.code == 0, said
    assert (tmp_path / "here" / "use" / "copy" / "x").read_text() == "hello\n"
    assert (tmp_path / "here" / "make" / "count").read_text() == "3\n"
    assert os.access(tmp_path / "here" / "use" / "copy" / "x", os.W_OK)
    assert home.call("pipeline", "outputs", "-", "--to", str(tmp_path / "here")).code == 0


def test_what_is_deleted_frees_what_nobody_else_has(home: Works) -> None:
    file = home.pipeline(WHOLE)
    home.call("pipeline", "run", file)
    home.call("pipeline", "run", file)
    first, second = (one["run"] for one in _listed(home))
    assert json.loads(home.call("pipeline", "delete", second, "-o", "json").out)["freed"] == 0
    assert home.call("pipeline", "run", file).err.count("cached") == 4
    freed = json.loads(home.call("pipeline", "delete", "--all", "-o", "json").out)["freed"]
    assert freed == 6, "the copy is the same artifact"
    assert "[make] made" in home.call("pipeline", "run", file).out
    assert first != second


def _listed(home: Works) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(home.call("pipeline", "list", "-o", "json").out)[
        "pipelines"
    ]
    return found


def test_a_stream_for_programs_has_all(home: Works) -> None:
    said = home.call("pipeline", "run", home.pipeline(WHOLE), "-o", "json")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert {"started", "log", "committed", "left-out", "finished"} <= {row["kind"] for row in rows}
    line = next(row for row in rows if row["kind"] == "log" and row["step"] == "use")
    assert (line["text"], line["attempt"], line["at"]) == ("hello", 1, None)
    assert rows[-1]["kind"] == "result"
    assert rows[-1]["state"] == "succeeded"
    assert rows[-1]["steps"][0]["outputs"]["count"]["value"] == "3"


def test_json_is_json_whatever_the_terminal_can_write(home: Works) -> None:
    file = home.pipeline("steps: {a: {command: [echo, ä]}}\n")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = home.call(
        "pipeline", "run", file, "-o", "json", env={**plain, "PYTHONIOENCODING": "ascii"}
    )
    assert said.code == 0, said
    texts = [json.loads(line).get("text") for line in said.out.splitlines()]
    assert "ä" in texts


def test_steps_share_volumes_of_which_one_goes_with_the_run(home: Works) -> None:
    file = home.pipeline(
        """
volumes:
  data: {size: 1Gi}
  own: {size: 1Gi, keep: false}
steps:
  load:
    command: [sh, -c, 'echo 1 >> $RANKZERO_VOLUME_DATA/x; echo 2 > $RANKZERO_VOLUME_OWN/y']
    mounts: [data, own]
  train:
    needs: load
    job: {run: [sh, -c, 'cat $RANKZERO_VOLUME_DATA/x $RANKZERO_VOLUME_OWN/y'], nodes: 2}
    mounts: {data: "/d:ro", own: /own}
"""
    )
    for times in (1, 2):  # what is done to a volume is in no cache
        said = home.call("pipeline", "run", file)
        assert said.code == 0, said
        assert said.out.count("[0] 1\n") == times
        assert said.out.count("[1] 2\n") == 1
