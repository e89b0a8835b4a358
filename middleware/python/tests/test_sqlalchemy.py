# SPDX-License-Identifier: Apache-2.0
import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy  # noqa: E402
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column  # noqa: E402

from skywatch_profiler import Profiler, using  # noqa: E402
from skywatch_profiler.sqlalchemy import watch_engine  # noqa: E402


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture
def engine():
    engine = sqlalchemy.create_engine("sqlite://")
    watch_engine(engine)
    watch_engine(engine)  # Twice counts once.
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([User(name=f"u{n}") for n in range(10)])
        session.commit()
    return engine


def measured_by(work):
    measured = Profiler(format="extended", external=False).begin("GET", "/")
    with using(measured):
        work()
    measured.finish("GET", "v", 200)
    return measured


def test_queries_of_a_session_are_counted(lines, engine):
    def work():
        with Session(engine) as session:
            for n in range(1, 8):
                assert session.get(User, n).name == f"u{n - 1}"
                session.expunge_all()

    measured = measured_by(work)
    assert measured.queries == 7 and measured.query_ns > 0
    assert " repeated=7]" in lines[0]


def test_a_failed_statement_counts_and_ends(lines, engine):
    def work():
        with engine.connect() as connection:
            with pytest.raises(sqlalchemy.exc.OperationalError):
                connection.execute(sqlalchemy.text("SELECT nothing FROM nowhere"))
            connection.execute(sqlalchemy.text("SELECT 1"))

    measured = measured_by(work)
    assert measured.queries == 2
    assert measured._querying == 0


def test_nothing_is_counted_outside_a_request(engine):
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
        assert "skywatch_profiler" not in connection.info
