use super::*;

fn here(bound: Option<(Millis, bool)>, known: Option<(Millis, State)>) -> Here {
    Here { bound, known: known.map(|(at, state)| Known { at, state }), is_objected: false }
}

#[test]
fn the_newest_event_wins() {
    use Outcome::{Added, NewerHere, NothingToRemove, Removed, RemovedHere, Replaced, Unchanged};
    let (same, other) = (true, false);
    for (bound, known, bind, unbind) in [
        (None, None, Added, NothingToRemove),
        // Removed here or there at 5; the event is at 10.
        (None, Some((5, State::Gone)), Added, NothingToRemove),
        (None, Some((10, State::Gone)), RemovedHere, NothingToRemove),
        (None, Some((15, State::Gone)), RemovedHere, NothingToRemove),
        (Some((5, same)), None, Unchanged, Removed),
        (Some((15, same)), None, Unchanged, NewerHere),
        (Some((5, other)), None, Replaced, Removed),
        // Bound at the same time: an unbind wins, another bind does not.
        (Some((10, other)), None, NewerHere, Removed),
        (Some((15, other)), None, NewerHere, NewerHere),
        // The binding was confirmed at 15, later than it was made.
        (Some((5, other)), Some((15, State::Stored)), RemovedHere, RemovedHere),
    ] {
        assert_eq!(decide(true, 10, here(bound, known)), bind, "bind: {bound:?} {known:?}");
        assert_eq!(decide(false, 10, here(bound, known)), unbind, "unbind: {bound:?} {known:?}");
    }
}

#[test]
fn an_objection_prevents_a_bind_and_no_unbind() {
    let objected = Here { is_objected: true, ..here(Some((5, true)), None) };
    assert_eq!(decide(true, 10, objected), Outcome::Objected);
    assert_eq!(decide(false, 10, objected), Outcome::Removed);
}

#[test]
fn only_facts_that_a_later_run_needs_are_remembered() {
    let row = |at, state| PreparedBinding {
        index: vec![1],
        user_index: Some(vec![2]),
        objections: Vec::new(),
        sealed: None,
        at,
        state,
    };
    let remembered =
        |at, state, outcome, here| memory(&row(at, state), outcome, here, 99).map(|known| (known.at, known.state));
    let (own, peers) = (State::Stored, State::Replicated);
    assert_eq!(remembered(10, own, Outcome::Added, here(None, None)), None);
    assert_eq!(remembered(10, peers, Outcome::Added, here(None, None)), Some((10, peers)));
    assert_eq!(remembered(10, own, Outcome::Added, here(None, Some((5, State::Gone)))), Some((10, own)));
    assert_eq!(remembered(10, own, Outcome::NothingToRemove, here(None, None)), Some((10, State::Gone)));
    assert_eq!(remembered(10, own, Outcome::NothingToRemove, here(None, Some((10, State::Gone)))), None);
    // A peer has the same binding, but older: the binding must not be removed when it vanishes
    // there.
    assert_eq!(remembered(5, peers, Outcome::Unchanged, here(Some((10, true)), None)), None);
    assert_eq!(remembered(5, peers, Outcome::Unchanged, here(Some((3, true)), Some((10, own)))), None);
    assert_eq!(remembered(10, own, Outcome::Unchanged, here(Some((5, true)), Some((5, peers)))), Some((10, own)));
    assert_eq!(remembered(10, own, Outcome::Objected, here(None, None)), Some((99, State::Gone)));
}
