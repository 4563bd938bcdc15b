"""Attacks that have the engine open files: others' data, what the kernel shows of processes, and files to write.

Four walls stand before a file, one behind the other: the gate, the engine's own lock, Landlock and the own root. A NUL
byte fools the lock; files of the plan itself pass it. Where writing is allowed by all of them, permissions decide.
"""

from __future__ import annotations

from sandbox.confine import GATE, LANDLOCK, LOCK, OWN_ROOT, OWN_USER
from tests.sandbox.attacks.aftermath import Sign, changes, shows
from tests.sandbox.attacks.attack import FAILED, MARK, REFUSED, Attack, Sql, stacked

_NOTHING = f"{FAILED}|ok"
"""The engine finds no such file; some of its functions call that an empty answer."""
_FOOLED = {GATE: REFUSED, OWN_ROOT: _NOTHING, LANDLOCK: _NOTHING}
_ALL = {GATE: REFUSED, LOCK: FAILED, OWN_ROOT: _NOTHING, LANDLOCK: _NOTHING}
_HIDDEN = {GATE: REFUSED, LOCK: FAILED, OWN_ROOT: _NOTHING}
_PERMITTED = {GATE: REFUSED, OWN_ROOT: FAILED, LANDLOCK: FAILED, OWN_USER: FAILED}
_USERS, _MARKED = shows("root:"), shows(MARK)
_READ: dict[str, tuple[str, Sign]] = {
    "read_text": ("SELECT content FROM read_text('/etc/passwd')", _USERS),
    "read_blob": ("SELECT content FROM read_blob('/etc/passwd')", _USERS),
    "read_csv": ("SELECT * FROM read_csv('/etc/passwd', sep = '!', header = false, all_varchar = true)", _USERS),
    "read_csv_auto": ("SELECT * FROM read_csv_auto('/etc/passwd', sep = '!', header = false)", _USERS),
    "another version": ("SELECT s FROM read_parquet('<other>')", _MARKED),
    "another version by its name": ("SELECT s FROM '<other>'", _MARKED),
    "another version by pattern": ("SELECT s FROM read_parquet('<scratch>/../vault/o*.parquet')", _MARKED),
    "another version climbing": ("SELECT s FROM read_parquet('<scratch>/../vault/other.parquet')", _MARKED),
    "another version beside the source": (
        "SELECT s FROM read_parquet(['<source>', '<other>'], union_by_name = true)",
        _MARKED,
    ),
    "another version's statistics": ("SELECT stats_max FROM parquet_metadata('<other>')", _MARKED),
    "a database's file": ("SELECT s FROM read_duckdb('<database>', table_name = 't')", _MARKED),
    "names of files": ("SELECT file FROM glob('/etc/*')", shows("/etc/passwd")),
    "names of versions": ("SELECT file FROM glob('<scratch>/../vault/*')", shows("other.parquet")),
    "names of processes": ("SELECT file FROM glob('/proc/1/*')", shows("/proc/1/cmdline")),
    "environment": ("SELECT content FROM read_blob('/proc/self/cmdline')", shows("python")),
    "map of the process": ("SELECT content FROM read_blob('/proc/self/maps')", shows("python")),
    "status": ("SELECT content FROM read_text('/proc/self/status')", shows("Seccomp")),
    "mounts": ("SELECT content FROM read_text('/proc/self/mountinfo')", shows("proc")),
    "another process": ("SELECT content FROM read_blob('/proc/<zygote>/cmdline')", shows("python")),
    "kernel": ("SELECT content FROM read_text('/proc/version')", shows("Linux")),
    "host name": ("SELECT content FROM read_text('/proc/sys/kernel/osrelease')", shows(".")),
    "devices": ("SELECT content FROM read_text('/proc/devices')", shows("Character")),
    "name servers": ("SELECT content FROM read_text('/proc/net/dev')", shows("lo:")),
}
# Landlock does not hide that a file is there, nor its size and times.
_THERE: dict[str, tuple[str, Sign]] = {
    "existence of another version": ("SELECT file FROM glob('<other>')", shows("other.parquet")),
    "size of another version": ("SELECT size FROM read_blob('<other>')", shows("size")),
    "age of another version": ("SELECT last_modified FROM read_blob('<other>')", shows("last_modified")),
    "size of the own program": ("SELECT size FROM read_blob('/proc/self/exe')", shows("size")),
}
_TAIL = "|| chr(0) || '/../../../../../../../../..' || '<source>'"
_NUL: dict[str, tuple[str, Sign]] = {
    "read_text behind a NUL byte": (f"SELECT content FROM read_text('/etc/passwd' {_TAIL})", _USERS),
    "read_blob behind a NUL byte": (f"SELECT content FROM read_blob('/etc/passwd' {_TAIL})", _USERS),
    "read_csv behind a NUL byte": (
        f"SELECT * FROM read_csv('/etc/passwd' {_TAIL}, sep = '!', header = false, all_varchar = true)",
        _USERS,
    ),
    "another version behind a NUL byte": (f"SELECT s FROM read_parquet('<other>' {_TAIL})", _MARKED),
}
_WRITE = {
    "copy": "COPY v TO '<outside>/x.csv'",
    "copy as parquet": "COPY v TO '<outside>/x.parquet' (FORMAT parquet)",
    "copy in parts": "COPY v TO '<outside>' (FORMAT parquet, PARTITION_BY (g), OVERWRITE_OR_IGNORE)",
    "copy climbing": "COPY v TO '<scratch>/../outside/x.csv'",
    "export": "EXPORT DATABASE '<outside>/x'",
    "new database": "ATTACH '<outside>/x.duckdb' AS x; CREATE TABLE x.a AS FROM v",
}
_OPENED = {
    "attached database": ("ATTACH '<database>' AS x (READ_ONLY)", "SELECT s FROM x.t", _MARKED),
    "table filled from a file": ("CREATE TABLE x (s VARCHAR); COPY x FROM '<other>'", "SELECT s FROM x", _MARKED),
    "macro over a file": ("CREATE MACRO x() AS TABLE SELECT s FROM '<other>'", "SELECT s FROM x()", _MARKED),
    "view over a file": ("CREATE VIEW x AS SELECT s FROM '<other>'", "SELECT s FROM x", _MARKED),
    "executed text": (
        "CREATE TABLE y (s VARCHAR); PREPARE x AS INSERT INTO y FROM '<other>'; EXECUTE x",
        "SELECT s FROM y",
        _MARKED,
    ),
}
_WRITTEN = {
    "database as readable, then as writable": (
        "ATTACH '<database>' AS x (READ_ONLY); DETACH x; ATTACH '<database>' AS x; CREATE TABLE x.a AS SELECT 1",
        "SELECT s FROM x.t",
        changes("database", "vault"),
    ),
    "database written": (
        "ATTACH '<database>' AS x; UPDATE x.t SET s = 'x'",
        "SELECT s FROM x.t",
        changes("database", "vault"),
    ),
}
_UNANSWERED = {
    "extension from the network": "INSTALL httpfs",
    "extension from a file": "LOAD '<outside>/x.duckdb_extension'",
    "imported database": "IMPORT DATABASE '<outside>'",
    "database of another kind": "ATTACH 'host=127.0.0.1' AS x (TYPE postgres)",
    "lasting secret": "CREATE PERSISTENT SECRET a (TYPE http, BEARER_TOKEN 'x')",
    "log in a file": "CALL enable_logging(storage = 'file', storage_config = {'path': '<outside>'})",
}

ATTACKS = (
    *(Attack(name=n, how=Sql(sql=sql), walls=_ALL, through=sign) for n, (sql, sign) in _READ.items()),
    *(Attack(name=n, how=Sql(sql=sql), walls=_FOOLED, through=sign) for n, (sql, sign) in _NUL.items()),
    Attack(
        name="text of the secret",
        how=Sql(sql="SELECT content FROM read_text('<secret>')"),
        walls={**_ALL, OWN_USER: FAILED},
        through=_MARKED,
    ),
    *(Attack(name=n, how=Sql(sql=sql), walls=_HIDDEN, through=sign) for n, (sql, sign) in _THERE.items()),
    Attack(
        name="what the engine reads at its start",
        how=Sql(sql="SELECT content FROM read_text('/proc/self/cgroup')"),
        walls=_HIDDEN,  # Landlock must grant it where there is no own root
        through=shows(":/"),
    ),
    *(
        Attack(name=f"write by {n}", how=Sql(steps=(stacked(sql),)), walls=_ALL, through=changes("outside"))
        for n, sql in _WRITE.items()
    ),
    *(
        Attack(name=n, how=Sql(steps=(stacked(statement),), sql=sql), walls=_ALL, through=sign)
        for n, (statement, sql, sign) in _OPENED.items()
    ),
    *(
        Attack(name=n, how=Sql(steps=(stacked(statement),), sql=sql), walls={**_ALL, OWN_USER: FAILED}, through=sign)
        for n, (statement, sql, sign) in _WRITTEN.items()
    ),
    Attack(
        name="write behind a NUL byte",
        how=Sql(steps=(stacked(f"COPY v TO ('<outside>/x.csv' {_TAIL}) (FORMAT csv, USE_TMP_FILE false)"),)),
        walls=_FOOLED,
        through=changes("outside"),
    ),
    Attack(
        name="overwrite the source",
        how=Sql(steps=(stacked("COPY (SELECT 9 AS i) TO '<source>' (FORMAT parquet, USE_TMP_FILE false)"),)),
        walls=_PERMITTED,
        through=changes("source"),
    ),
    Attack(
        name="overwrite the source as text",
        how=Sql(steps=(stacked("COPY (SELECT 9 AS i) TO '<source>' (FORMAT csv, USE_TMP_FILE false)"),)),
        walls=_PERMITTED,
        through=changes("source"),
    ),
    Attack(
        name="replace the source",
        how=Sql(steps=(stacked("COPY (SELECT 9 AS i) TO '<source>' (FORMAT parquet, USE_TMP_FILE true)"),)),
        walls={**_PERMITTED, LOCK: FAILED},
        through=changes("source"),
    ),
    *(Attack(name=n, how=Sql(steps=(stacked(sql),)), ends=REFUSED) for n, sql in _UNANSWERED.items()),
)
