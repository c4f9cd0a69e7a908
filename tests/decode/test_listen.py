"""Libraries are heard, people are passed on."""

from __future__ import annotations

import os
import subprocess
import sys

from leukofeat.decode.listen import listening


def test_a_librarys_lines_are_kept_and_others_passed_on(capfd):
    with listening() as said:
        os.write(2, b"tempfile.tif: Using code not yet in table.\nmeasuring: 40 %\n")
    assert said == ["tempfile.tif: Using code not yet in table."]
    assert capfd.readouterr().err == "measuring: 40 %\n"


def test_the_stream_comes_back_after_an_error(capfd):
    try:
        with listening():
            raise KeyError
    except KeyError:
        os.write(2, b"here\n")
    assert capfd.readouterr().err == "here\n"


def test_a_process_without_an_error_stream():
    code = (
        "import os; os.close(2)\nfrom leukofeat.decode.listen import listening\nwith listening() as said: print(said)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout == b"[]\n"
