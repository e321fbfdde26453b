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
