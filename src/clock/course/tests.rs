use proptest::prelude::*;

use super::super::{Clock, MINUTE, SECOND};
use super::*;

const NOON: Millis = 1_795_435_200_000;
const LIMIT: Millis = 30 * SECOND;

/// A machine, with or without a database that has its own clock, and the stored time.
struct Machine {
    clock: Clock,
    has_database: bool,
    stored: Option<Millis>,
    is_reset: bool,
}

impl Machine {
    fn new(now: Millis, stored: Option<Millis>, has_database: bool) -> Self {
        Self { clock: Clock::stopped_at(now), has_database, stored, is_reset: false }
    }

    fn on_sqlite(now: Millis, stored: Option<Millis>) -> Self {
        Self::new(now, stored, false)
    }

    /// Judges the clock, and stores the time if it is right, as a node does.
    fn check(&mut self) -> Result<(), Wrong> {
        let reading = self.clock.reading();
        let database = self.has_database.then(|| self.clock.database_time(0));
        let (stored, is_reset) = (self.stored, std::mem::take(&mut self.is_reset));
        let evidence = Evidence { before: reading, after: reading, database, stored, is_reset, limit: LIMIT };
        let settled = self.clock.judge(&evidence)?;
        self.stored = self.stored.max(Some(database.map_or(settled, |database| settled.min(database))));
        Ok(())
    }

    /// Lets time pass, with a check every minute.
    fn pass(&mut self, minutes: i64) {
        for _ in 0..minutes {
            self.clock.advance(MINUTE);
            self.check().unwrap();
        }
    }
}

#[test]
fn a_jump_ahead_is_not_believed_before_it_is_judged() {
    for has_database in [false, true] {
        let mut machine = Machine::new(NOON, None, has_database);
        machine.check().unwrap();
        machine.clock.step(400 * DAY);
        machine.clock.advance(SECOND);
        assert_eq!((machine.clock.now(), machine.clock.is_right()), (NOON + SECOND, false));
        assert!(machine.check().is_err());
        assert_eq!(machine.stored, Some(NOON));
        machine.clock.step(-400 * DAY);
        assert!(!machine.clock.is_right(), "it is judged first");
        machine.check().unwrap();
        assert_eq!((machine.clock.now(), machine.clock.settled()), (NOON + SECOND, NOON + SECOND));
    }
}

#[test]
fn small_steps_and_slow_drift_are_right() {
    for has_database in [false, true] {
        let mut machine = Machine::new(NOON, Some(NOON - HOUR), has_database);
        machine.check().unwrap();
        for step in [5, -5, 29, -29] {
            machine.clock.step(step * SECOND);
            assert!(machine.clock.is_right(), "{step}");
            machine.pass(2);
        }
        // A second a minute is more than any leap smear; the database does the same.
        for _ in 0..200 {
            machine.clock.step(SECOND);
            machine.clock.step_database(SECOND);
            machine.pass(1);
        }
        assert!(machine.clock.is_right());
    }
}

#[test]
fn time_never_runs_backwards_by_a_small_step() {
    let mut machine = Machine::on_sqlite(NOON, None);
    machine.check().unwrap();
    assert_eq!(machine.clock.now(), NOON);
    machine.clock.step(-5 * SECOND);
    assert_eq!((machine.clock.now(), machine.clock.is_right()), (NOON, true));
    machine.check().unwrap();
    assert_eq!(machine.clock.now(), NOON);
}

#[test]
fn a_clock_set_back_is_wrong_until_it_has_caught_up() {
    let mut machine = Machine::on_sqlite(NOON, None);
    machine.check().unwrap();
    machine.clock.step(-10 * MINUTE);
    assert_eq!(machine.check(), Err(Wrong::Behind { wall: NOON - 10 * MINUTE, latest: NOON }));
    machine.clock.advance(10 * MINUTE - LIMIT - 1);
    assert!(machine.check().is_err());
    machine.clock.advance(1);
    machine.check().unwrap();
    assert_eq!(machine.clock.now(), NOON);
}

#[test]
fn a_clock_that_was_right_without_a_judgement_is_not_set_back_either() {
    let mut machine = Machine::on_sqlite(NOON, None);
    machine.check().unwrap();
    // The database is unreachable for an hour, while time passes.
    machine.clock.advance(HOUR);
    assert_eq!((machine.clock.now(), machine.clock.is_right()), (NOON + HOUR, true));
    machine.clock.step(-HOUR);
    assert_eq!(machine.check(), Err(Wrong::Behind { wall: NOON, latest: NOON + HOUR }));
}

#[test]
fn a_machine_that_slept_goes_on_and_one_that_jumps_31_days_does_not() {
    let mut machine = Machine::on_sqlite(NOON, None);
    machine.check().unwrap();
    machine.clock.step(8 * HOUR);
    machine.check().unwrap();
    assert_eq!((machine.clock.now(), machine.clock.settled()), (NOON + 8 * HOUR, NOON));
    machine.pass(60);
    assert_eq!(machine.clock.settled(), NOON + 9 * HOUR);
    machine.clock.step(31 * DAY);
    assert!(matches!(machine.check(), Err(Wrong::Ahead { .. })));
    // Nor does one that makes several jumps within an hour.
    machine.clock.step(-11 * DAY);
    machine.check().unwrap();
    machine.pass(30);
    machine.clock.step(11 * DAY);
    assert!(matches!(machine.check(), Err(Wrong::Ahead { .. })));
}

#[test]
fn a_jump_that_is_taken_back_within_an_hour_leaves_no_trace() {
    for off in [0, DAY] {
        // The server was off for a day or not at all; the machine's clock is two hours ahead.
        let mut machine = Machine::on_sqlite(NOON + off + 2 * HOUR, Some(NOON));
        machine.check().unwrap();
        machine.pass(50);
        assert_eq!(machine.stored, Some(NOON + 50 * MINUTE));
        machine.clock.step(-2 * HOUR);
        assert!(!machine.clock.is_right());
        machine.check().unwrap();
        let now = NOON + off + 50 * MINUTE;
        assert_eq!((machine.clock.now(), machine.clock.settled()), (now, NOON + 50 * MINUTE));
        machine.pass(11);
        assert_eq!(machine.stored, Some(now + 11 * MINUTE), "what is left of the jump has lasted an hour");
    }
}

#[test]
fn a_restart_does_not_settle_a_jump() {
    let mut machine = Machine::on_sqlite(NOON + 20 * DAY, Some(NOON));
    for _ in 0..5 {
        machine.check().unwrap();
        machine.pass(50);
        machine = Machine { clock: machine.clock.of_node(), ..machine };
    }
    assert_eq!(machine.stored, Some(NOON + 250 * MINUTE));
}

#[test]
fn a_clock_that_was_never_set_is_wrong_even_without_a_database() {
    for stored in [None, Some(NOON)] {
        let mut machine = Machine::on_sqlite(0, stored);
        assert_eq!(machine.check(), Err(Wrong::Unset { wall: 0 }));
        assert!(machine.clock.now() >= stored.unwrap_or(EARLIEST));
        machine.clock.step(NOON);
        machine.check().unwrap();
        assert_eq!((machine.clock.now(), machine.stored), (NOON, Some(NOON)));
    }
}

#[test]
fn the_database_decides_which_nodes_are_wrong() {
    for (node, is_right) in [(30, true), (-30, true), (31, false), (-31, false)] {
        let mut machine = Machine::new(NOON, Some(NOON), true);
        machine.clock.step(node * SECOND);
        assert_eq!(machine.check().is_ok(), is_right, "{node}");
        assert!(machine.stored <= Some(NOON), "{node}");
    }
    // A database with a different clock makes every node wrong, at startup and later.
    let mut machine = Machine::new(NOON, None, true);
    machine.check().unwrap();
    machine.clock.step_database(10 * MINUTE);
    assert!(matches!(machine.check(), Err(Wrong::Database { .. })));
    machine.clock.step_database(-10 * MINUTE);
    machine.check().unwrap();
    assert_eq!((machine.clock.now(), machine.stored), (NOON, Some(NOON)));
}

#[test]
fn a_slow_database_counts_in_the_nodes_favour() {
    let clock = Clock::stopped_at(NOON);
    let before = clock.reading();
    clock.advance(3 * SECOND);
    let after = clock.reading();
    let judge = |database: Millis| {
        let evidence =
            Evidence { before, after, database: Some(database), stored: None, is_reset: false, limit: SECOND };
        clock.of_node().judge(&evidence).is_ok()
    };
    assert!(judge(NOON - SECOND) && judge(NOON + 4 * SECOND));
    assert!(!judge(NOON - SECOND - 1) && !judge(NOON + 4 * SECOND + 1));
}

#[test]
fn times_stored_by_other_nodes_are_heeded() {
    // This node was suspended for 31 days. The others were not.
    let mut machine = Machine::new(NOON, None, true);
    machine.check().unwrap();
    machine.clock.step(31 * DAY);
    machine.clock.step_database(31 * DAY);
    assert!(matches!(machine.check(), Err(Wrong::Ahead { .. })));
    machine.stored = Some(NOON + 31 * DAY - MINUTE);
    machine.check().unwrap();
    assert_eq!(machine.clock.now(), NOON + 31 * DAY);
}

#[test]
fn a_stored_time_that_an_operator_has_put_right_is_believed() {
    let mut machine = Machine::on_sqlite(NOON, Some(NOON + 400 * DAY));
    assert!(matches!(machine.check(), Err(Wrong::Behind { .. })));
    (machine.stored, machine.is_reset) = (Some(NOON), true);
    machine.check().unwrap();
    assert_eq!((machine.clock.now(), machine.clock.settled()), (NOON, NOON));
}

#[test]
fn problems_are_named_exactly() {
    let words = [
        Wrong::Unset { wall: 0 },
        Wrong::Database { wall: NOON + 400 * DAY, database: NOON, limit: LIMIT },
        Wrong::Behind { wall: NOON - 10 * MINUTE, latest: NOON },
        Wrong::Behind { wall: NOON, latest: i64::MAX },
        Wrong::Ahead { wall: NOON + 31 * DAY, latest: NOON },
    ];
    insta::assert_snapshot!(words.map(|wrong| wrong.to_string()).join("\n"));
}

proptest! {
    #[test]
    fn no_value_overflows_and_no_wrong_time_is_returned(
        wall: i64, elapsed in 0..i64::MAX, database: Option<i64>, stored: Option<i64>, limit in 0..DAY, later: i64,
    ) {
        let reading = Reading { wall, elapsed };
        let evidence = Evidence { before: reading, after: reading, database, stored, is_reset: false, limit };
        let mut course = Course::begin(&evidence);
        let judged = course.judge(&evidence);
        prop_assert_eq!(course.is_right(), judged.is_ok());
        if let Err(wrong) = judged {
            prop_assert!(!wrong.to_string().is_empty());
            let time = course.time(Reading { wall, elapsed });
            prop_assert!((EARLIEST..=LATEST).contains(&time));
        }
        course.time(Reading { wall: later, elapsed });
        prop_assert_eq!(course.is_right(), judged.is_ok() && later.abs_diff(wall) <= limit.unsigned_abs());
        let _ = course.settled(elapsed);
    }

    #[test]
    fn time_never_goes_back_further_than_an_unsettled_jump(
        steps in proptest::collection::vec((-3 * HOUR..3 * HOUR, 0..3 * HOUR, any::<bool>()), 0..60),
    ) {
        let mut machine = Machine::on_sqlite(NOON, None);
        machine.check().unwrap();
        let mut settled = NOON;
        for (step, pause, checks) in steps {
            machine.clock.step(step);
            machine.clock.advance(pause);
            if checks {
                let _ = machine.check();
            }
            prop_assert!(machine.clock.now() >= settled - LIMIT);
            if machine.clock.is_right() {
                prop_assert!(machine.clock.settled() <= machine.clock.now());
                settled = settled.max(machine.clock.settled());
            }
        }
    }
}
