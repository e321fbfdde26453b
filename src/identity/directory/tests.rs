use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::identity::pepper::{Peppers, digest};

fn epoch(number: i64) -> Epoch {
    Peppers::new(&[0; 32], Duration::from_millis(1)).current(number)
}

fn digest_of(number: i64) -> Digest {
    digest(&number.to_string(), "pepper")
}

fn ids(directory: &Directory, digest: &Digest) -> BTreeSet<i64> {
    directory.find(digest).collect()
}

fn filled(range: std::ops::Range<i64>, expected: usize) -> Directory {
    let mut directory = Directory::with_capacity(expected);
    directory.insert_all(&range.map(|id| (digest_of(id), id)).collect::<Vec<_>>());
    directory
}

/// Asserts the invariants of the structure.
fn assert_sound(directory: &Directory) {
    let taken: Vec<_> = directory.slots.iter().enumerate().filter(|(_, slot)| **slot != FREE).collect();
    assert_eq!(taken.len(), directory.len());
    assert!(taken.is_sorted_by(|a, b| a.1 < b.1), "sorted, without duplicates");
    for (at, slot) in taken {
        let home = directory.home(fingerprint(*slot));
        assert!(directory.slots[home..at].iter().all(|slot| *slot != FREE), "reachable from its home");
    }
}

#[test]
fn only_bound_addresses_are_found() {
    let directory = filled(1..20_001, 0);
    assert_sound(&directory);
    assert_eq!(directory.len(), 20_000);
    for id in 1..20_001 {
        assert_eq!(ids(&directory, &digest_of(id)), BTreeSet::from([id]));
    }
    // 20,000 of 2⁴⁸ fingerprints are taken: the odds that one of 20,000 strangers meets one are 1
    // in 700,000.
    assert_eq!((20_001..40_001).flat_map(|id| ids(&directory, &digest_of(id))).count(), 0);
}

#[test]
fn a_binding_inserted_twice_is_there_once() {
    let mut directory = Directory::with_capacity(0);
    directory.insert(&digest_of(1), 1);
    directory.insert(&digest_of(1), 1);
    assert_eq!(directory.len(), 1);
    directory.remove(&digest_of(1), 1);
    assert!(directory.is_empty());
    assert_eq!(directory.find(&digest_of(1)).next(), None);
}

#[test]
fn one_digest_may_have_several_bindings() {
    let mut directory = Directory::with_capacity(0);
    let largest = (1 << BITS) - 1;
    for id in [7, largest, 1, 3_000_000_000] {
        directory.insert(&digest_of(1), id);
    }
    assert_eq!(ids(&directory, &digest_of(1)), BTreeSet::from([1, 7, 3_000_000_000, largest]));
    directory.remove(&digest_of(1), 7);
    assert_eq!(ids(&directory, &digest_of(1)), BTreeSet::from([1, 3_000_000_000, largest]));
}

#[test]
#[should_panic(expected = "fits in 48 bits")]
fn an_id_that_does_not_fit_is_not_cut_short() {
    Directory::with_capacity(0).insert(&digest_of(1), 1 << BITS);
}

#[test]
fn a_binding_takes_at_most_16_bytes_at_every_size() {
    let mut directory = Directory::with_capacity(0);
    for id in 1..60_001 {
        let before = directory.memory_bytes();
        directory.insert(&digest_of(id), id);
        let (len, now) = (directory.len(), directory.memory_bytes());
        assert!(len < 1_000 || now <= 16 * len, "{now} bytes for {len}");
        // While it grows, the old table exists next to the new one.
        assert!(len < 1_000 || now == before || now + before <= 2 * 16 * len, "{before} and {now} bytes for {len}");
    }
    for id in 1..59_001 {
        directory.remove(&digest_of(id), id);
        let (len, now) = (directory.len(), directory.memory_bytes());
        assert!(now <= 16 * len, "{now} bytes for {len} after removals");
    }
    assert_sound(&directory);
}

#[test]
fn room_asked_for_is_room_enough() {
    for expected in [1_000, 54_321, 100_000] {
        let directory = Directory::with_capacity(expected);
        let before = directory.memory_bytes();
        assert!(before <= 16 * expected);
        let directory = filled(1..i64::try_from(expected).expect("small") + 1, expected);
        // A few find their place taken, wherever the random key puts them.
        assert!(directory.memory_bytes() <= before + 1_024, "{before} and {}", directory.memory_bytes());
    }
}

#[test]
fn digests_ground_to_lie_together_are_spread() {
    let ground = |number: i64| Digest::parse(&format!("abcdecabc{number:07x}{:048}", 0)).expect("a digest");
    let longest_run = |multiplier| {
        let mut directory = Directory { multiplier, ..Directory::with_capacity(20_000) };
        (1..18_001).for_each(|id| directory.insert(&digest_of(id), id));
        (1..2_001).for_each(|id| directory.insert(&ground(id << 10), 20_000 + id));
        assert_sound(&directory);
        directory.slots.split(|slot| *slot == FREE).map(<[Slot]>::len).max().expect("a run")
    };
    assert!(longest_run(1) > 2_000);
    assert!(longest_run(0x9E37_79B9_7F4A_7C15) < 200);
}

#[test]
fn entries_pushed_over_the_edge_are_kept() {
    let mut directory = Directory { multiplier: 1, ..Directory::with_capacity(0) };
    let last = |number: i64| Digest::parse(&format!("ffffffff{number:08x}{}", "0".repeat(48))).expect("a digest");
    for id in 1..2_001 {
        directory.insert(&last(id << 16), id);
    }
    assert_sound(&directory);
    for id in (1..2_001).step_by(2) {
        directory.remove(&last(id << 16), id);
    }
    assert_sound(&directory);
    for id in 1..2_001 {
        assert_eq!(directory.find(&last(id << 16)).next(), (id % 2 == 0).then_some(id));
    }
}

#[test]
fn a_directory_is_asked_only_when_it_is_complete() {
    let directories = Directories::default();
    let digests = [digest_of(1), digest_of(2)];
    assert_eq!(directories.find_many(epoch(1), &digests), None);
    directories.begin(epoch(1), 10);
    assert!(directories.insert_batch(epoch(1), &[(digest_of(2), 5)]));
    assert!(!directories.is_ready(&[epoch(1)]));
    assert_eq!(directories.find_many(epoch(1), &digests), None);
    directories.finish(epoch(1));
    assert!(directories.is_ready(&[epoch(1)]));
    assert!(!directories.is_ready(&[epoch(1), epoch(2)]));
    assert_eq!(directories.find_many(epoch(1), &digests), Some(vec![(1, 5)]));
}

#[test]
fn a_builder_learns_that_its_epoch_is_over() {
    let directories = Directories::default();
    directories.begin(epoch(1), 10);
    directories.retain(epoch(2)..=epoch(9));
    assert!(!directories.insert_batch(epoch(1), &[(digest_of(1), 1)]));
    assert_eq!(directories.memory_bytes(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Bind(i64),
    Unbind(i64),
    Rotate,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1i64..80).prop_map(Step::Bind),
        3 => (1i64..80).prop_map(Step::Unbind),
        1 => Just(Step::Rotate),
    ];
    proptest::collection::vec(step, 0..200)
}

/// Returns one of few fingerprints, many of them equal, and everything at the edges.
fn crowded(number: i64) -> Digest {
    let prefix = [0, 0, 1 << 16, u64::MAX, u64::MAX - (1 << 16)][usize::try_from(number % 5).expect("small")];
    Digest::parse(&format!("{prefix:016x}{number:048x}")).expect("a digest")
}

proptest! {
    #[test]
    fn it_agrees_with_a_plain_map(steps in steps(), multiplier: u64) {
        let mut directory = Directory { multiplier: multiplier | 1, ..Directory::with_capacity(0) };
        let mut map = BTreeMap::<u64, BTreeSet<i64>>::new();
        for step in steps {
            match step {
                Step::Bind(id) => {
                    directory.insert(&crowded(id), id);
                    map.entry(crowded(id).prefix()).or_default().insert(id);
                }
                Step::Unbind(id) => {
                    directory.remove(&crowded(id), id);
                    map.entry(crowded(id).prefix()).or_default().remove(&id);
                }
                Step::Rotate => directory.refit(directory.len()),
            }
            assert_sound(&directory);
        }
        for number in 1..80 {
            let known = map.get(&crowded(number).prefix()).cloned().unwrap_or_default();
            prop_assert!(ids(&directory, &crowded(number)).is_superset(&known));
        }
        prop_assert_eq!(directory.len(), map.values().map(BTreeSet::len).sum::<usize>());
    }

    #[test]
    fn every_epoch_agrees_with_the_table_through_rotations(steps in steps()) {
        let peppers = Peppers::new(&[1; 32], Duration::from_millis(1));
        let under = |epoch, id: i64| digest(&format!("{id} msisdn"), peppers.pepper(epoch).as_str());
        let directories = Directories::default();
        let mut table = BTreeSet::new();
        let mut now = 10;
        let mut next_is_read = false;
        directories.begin(epoch(now), 0);
        directories.finish(epoch(now));
        for step in steps {
            match step {
                Step::Bind(id) if table.insert(id) => directories.insert(|epoch| vec![(under(epoch, id), id)]),
                Step::Unbind(id) if table.remove(&id) => directories.remove(|epoch| vec![(under(epoch, id), id)]),
                Step::Bind(_) | Step::Unbind(_) => {}
                // In turn: the next directory is begun and filled, and later becomes the current
                // one.
                Step::Rotate if !next_is_read => {
                    let next = epoch(now + 1);
                    directories.begin(next, table.len());
                    let rows: Vec<_> = table.iter().map(|id| (under(next, *id), *id)).collect();
                    prop_assert!(directories.insert_batch(next, &rows));
                    next_is_read = true;
                }
                Step::Rotate => {
                    now += 1;
                    directories.finish(epoch(now));
                    directories.retain(epoch(now - 1)..=epoch(now + 1));
                    next_is_read = false;
                }
            }
        }
        prop_assert!(directories.epochs().len() <= 3);
        for epoch in directories.epochs().into_iter().filter(|epoch| directories.is_ready(&[*epoch])) {
            let digests: Vec<_> = (1..80).map(|id| under(epoch, id)).collect();
            let found = directories.find_many(epoch, &digests).expect("ready");
            let bound = |(index, id)| table.contains(&id).then_some((index, id));
            prop_assert_eq!(found, (1..80).enumerate().filter_map(bound).collect::<Vec<_>>());
        }
    }
}
