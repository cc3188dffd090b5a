"""Run one command and write its exit code, seconds, seconds of processor and peak memory in KB.

A process of its own, because a child begins with the peak of the process that started it.
"""

import os
import subprocess
import sys
import time

if __name__ == "__main__":
    start = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    print(process.returncode, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
