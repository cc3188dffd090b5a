"""A master that cannot be one, or does not answer, is told at once; one without workers later."""

import socket
from types import SimpleNamespace

import pytest

from immunotrack.cluster import session
from immunotrack.cluster.master import check_master
from immunotrack.problems import InvalidInput


@pytest.fixture
def port():
    """A port of this machine on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed():
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def refused(master):
    """Why a master is refused."""
    with pytest.raises(InvalidInput) as caught:
        check_master(master)
    return caught.value.problems[0].message


@pytest.mark.parametrize("name", ["local[x]", "local[0]", "nonsense", "spark://", "mesos://a:1"])
def test_no_master(run, name):
    """What Spark would not know is wrong usage, told before it starts."""
    done = run("check", "a.csv", "--engine", "spark", "--master", name)

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        f"--master  unknown-option (error): '{name}' is no master. Write local[2], "
        "spark://HOST:7077, yarn or k8s://HOST."
    )


@pytest.mark.parametrize("name", ["spark://127.0.0.1:{}", "k8s://https://127.0.0.1:{}"])
def test_nobody_answers(run, closed, name):
    """Spark would try for a minute and a half."""
    master = name.format(closed)
    done = run("check", "a.csv", "--engine", "spark", "--master", master)

    assert done.returncode == 3
    assert done.stderr.splitlines()[0] == (
        f"--master {master}  unreadable (error): nobody answers there. Start it, or correct its "
        "name and its port."
    )


def test_a_port_that_is_none():
    """It is no number of a port, and nobody answers."""
    assert refused("spark://127.0.0.1:x") == "nobody answers there"


def test_yarn_without_its_settings(monkeypatch):
    """Spark itself stops then, and says nothing of it."""
    for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)

    assert refused("yarn") == "the settings of the cluster are not known"
    monkeypatch.setenv("YARN_CONF_DIR", "/etc/hadoop")
    check_master("yarn")


def test_what_can_be_one(port, closed):
    """One of several machines is enough; those on this one are not asked."""
    for name in ("local", "local[*]", "local[2, 3]", "local-cluster[1,1,1024]"):
        check_master(name)
    check_master(f"spark://127.0.0.1:{closed},127.0.0.1:{port}")
    check_master(f"k8s://https://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("jobs", "executors", "told"),
    [
        ([7], 0, ["spark://a:7077: no worker has room yet; waiting for one (Ctrl+C ends it)"]),
        ([7], 1, []),
        ([], 0, []),
    ],
)
def test_no_worker_has_room(jobs, executors, told):
    """A job for which there is nobody but the driver is told, and nothing else."""
    status = SimpleNamespace(size=lambda: executors + 1)
    java = SimpleNamespace(sc=lambda: SimpleNamespace(getExecutorMemoryStatus=lambda: status))
    context = SimpleNamespace(
        master="spark://a:7077",
        statusTracker=lambda: SimpleNamespace(getActiveJobsIds=lambda: jobs),
        _jsc=java,
    )
    said = []
    session._tell_waiting(SimpleNamespace(sparkContext=context), said.append)

    assert said == told
