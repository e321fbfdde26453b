use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;

use super::generations::ENTRY_WEIGHT;
use super::*;
use crate::clock::SECOND;
use crate::crypto::master_key::MasterKey;
use crate::crypto::vault::{Unsealable, Vault};
use crate::identity::pepper::{Peppers, digest};

/// A token's name stands for its secret.
fn token(name: &str) -> Arc<Token> {
    let vault = Vault::new(&MasterKey::from_bytes([7; 32]));
    let mut index = [0; 16];
    index[..name.len()].copy_from_slice(name.as_bytes());
    Arc::new(Token { hash: [0; 32], index, keys: vault.token_keys(name) })
}

fn epoch(number: i64) -> Epoch {
    Peppers::new(&[0; 32], Duration::from_millis(1)).current(number)
}

fn digests(numbers: Range<u32>) -> Vec<Digest> {
    numbers.map(|number| digest(&number.to_string(), "pepper")).collect()
}

/// Looks up as the server does. Returns how many addresses are charged.
fn looks_up(recent: &RecentLookups, token: &Arc<Token>, number: i64, numbers: Range<u32>) -> u32 {
    let new = recent.new_lookups(token, epoch(number), &digests(numbers));
    let count = new.count();
    recent.add(token, new);
    count
}

/// Saves everything in these rows, as the database does.
fn save(recent: &RecentLookups, rows: &mut HashMap<Owner, Vec<u8>>) {
    for unsaved in recent.unsaved() {
        let row = rows.entry((unsaved.token.index, unsaved.epoch)).or_default();
        let stored = Row::open(&unsaved.token, unsaved.epoch, row).unwrap_or_default().with(&unsaved.hashes);
        *row = stored.seal(&unsaved.token, unsaved.epoch);
        recent.saved(&unsaved, Some(stored.hashes()), 0);
    }
}

#[test]
fn a_repeat_is_free_once_the_first_look_up_is_charged_and_to_the_same_token_alone() {
    let (recent, alice) = (RecentLookups::new(1_000_000), token("alice"));
    let mut book = digests(0..1_000);
    book.extend(digests(0..1_000));
    let new = recent.new_lookups(&alice, epoch(1), &book);
    assert_eq!(new.count(), 1_000);
    assert_eq!(recent.new_lookups(&alice, epoch(1), &book).count(), 1_000, "nothing has been charged yet");
    recent.add(&alice, new);
    assert_eq!(recent.new_lookups(&alice, epoch(1), &book).count(), 0);
    assert_eq!(looks_up(&recent, &alice, 1, 900..1_100), 100);
    assert_eq!(looks_up(&recent, &token("bob"), 1, 0..1_000), 1_000);
    assert_eq!(looks_up(&recent, &alice, 2, 0..1_000), 1_000);
}

#[test]
fn an_entry_is_known_once_it_has_been_read() {
    let (recent, alice) = (RecentLookups::new(1_000_000), token("alice"));
    assert!(!recent.knows(&alice, epoch(1)));
    recent.read(&alice, epoch(1), &[], SECOND);
    assert!(recent.knows(&alice, epoch(1)));
    assert_eq!(recent.read_at(&alice, epoch(1)), Some(SECOND));
    assert!(recent.unsaved().is_empty());
    assert_eq!(looks_up(&recent, &alice, 1, 0..10), 10);
    assert_eq!(recent.unsaved()[0].hashes.len(), 10);
}

#[test]
fn nodes_learn_from_each_other_when_they_save_and_after_a_restart() {
    let (alice, mut rows) = (token("alice"), HashMap::new());
    let nodes = [0, 1].map(|_| RecentLookups::new(1_000_000));
    assert_eq!(looks_up(&nodes[0], &alice, 1, 0..100), 100);
    assert_eq!(looks_up(&nodes[1], &alice, 1, 50..150), 100, "nothing has been saved yet");
    save(&nodes[0], &mut rows);
    assert!(nodes[0].unsaved().is_empty());
    save(&nodes[1], &mut rows);
    assert_eq!(looks_up(&nodes[1], &alice, 1, 0..150), 0);
    let restarted = RecentLookups::new(1_000_000);
    let row = Row::open(&alice, epoch(1), &rows[&(alice.index, epoch(1))]).unwrap();
    restarted.read(&alice, epoch(1), row.hashes(), 0);
    assert_eq!(looks_up(&restarted, &alice, 1, 0..160), 10);
}

#[test]
fn look_ups_made_while_others_are_saved_are_saved_later() {
    let (recent, alice) = (RecentLookups::new(1_000_000), token("alice"));
    looks_up(&recent, &alice, 1, 0..10);
    let saving = recent.unsaved().remove(0);
    looks_up(&recent, &alice, 1, 10..15);
    recent.saved(&saving, Some(&saving.hashes), 0);
    assert_eq!(recent.unsaved()[0].hashes.len(), 5);
    assert_eq!(recent.lock().unsaved_count, 5);
}

#[test]
fn a_token_that_was_deleted_is_forgotten_and_not_saved() {
    let (recent, alice) = (RecentLookups::new(1_000_000), token("alice"));
    looks_up(&recent, &alice, 1, 0..10);
    let saving = recent.unsaved().remove(0);
    looks_up(&recent, &alice, 1, 10..15);
    recent.saved(&saving, None, 0);
    assert!(!recent.knows(&alice, epoch(1)));
    assert!(recent.unsaved().is_empty());
    let state = recent.lock();
    assert_eq!((state.unsaved_count, state.known.weights()), (0, (0, 0)));
}

#[test]
fn look_ups_are_forgotten_with_their_epoch() {
    let (recent, alice) = (RecentLookups::new(1_000_000), token("alice"));
    for number in 1..=2 {
        looks_up(&recent, &alice, number, 0..10);
    }
    recent.forget_before(epoch(2));
    assert!(!recent.knows(&alice, epoch(1)));
    assert!(recent.knows(&alice, epoch(2)));
    assert_eq!(recent.lock().known.weights(), (10 + ENTRY_WEIGHT, 0));
    assert_eq!((recent.unsaved().len(), recent.lock().unsaved_count), (1, 10));
}

#[test]
fn memory_is_bounded_and_tokens_not_in_use_are_forgotten_first() {
    let (capacity, mut rows) = (10_000, HashMap::new());
    let (recent, alice) = (RecentLookups::new(capacity), token("alice"));
    for number in 0..200 {
        for token in [&alice, &token(&number.to_string())] {
            looks_up(&recent, token, 1, 0..500);
        }
        let (young, old) = recent.lock().known.weights();
        assert!(young + old <= 2 * capacity);
        if number % 5 == 0 {
            save(&recent, &mut rows);
        }
    }
    assert_eq!(looks_up(&recent, &alice, 1, 0..500), 0);
    assert!(!recent.knows(&token("3"), epoch(1)));
    assert_eq!(rows.len(), 197, "what is forgotten has been saved");
}

#[test]
fn unsaved_look_ups_are_bounded_too() {
    let recent = RecentLookups::new(10_000);
    for number in 0..200 {
        looks_up(&recent, &token(&number.to_string()), 1, 0..500);
    }
    assert_eq!(recent.unsaved().iter().map(|unsaved| unsaved.hashes.len()).sum::<usize>(), 10_000);
}

#[test]
fn unsaved_look_ups_survive_being_forgotten() {
    let (recent, alice) = (RecentLookups::new(1_000), token("alice"));
    looks_up(&recent, &alice, 1, 0..100);
    for number in 0..4 {
        let other = token(&number.to_string());
        recent.read(&other, epoch(1), &(0..900).collect::<Vec<_>>(), 0);
    }
    assert!(!recent.knows(&alice, epoch(1)));
    recent.read(&alice, epoch(1), &[], 0);
    assert_eq!(looks_up(&recent, &alice, 1, 0..101), 1);
}

#[test]
fn a_token_is_charged_again_for_what_exceeds_its_memory() {
    let most = u32::try_from(MOST).unwrap();
    let (recent, alice) = (RecentLookups::new(1_000_000), token("alice"));
    assert_eq!(looks_up(&recent, &alice, 1, 0..most + 1_000), most + 1_000);
    assert!(looks_up(&recent, &alice, 1, 0..most + 1_000) > 990);
    let mut rows = HashMap::new();
    save(&recent, &mut rows);
    assert_eq!(rows[&(alice.index, epoch(1))].len(), 1 + 12 + 4 * MOST + 16);
}

#[test]
fn a_row_opens_for_its_token_and_epoch_only_and_its_length_is_a_power_of_two() {
    let alice = token("alice");
    for (count, room) in [(1, 64), (64, 64), (65, 128), (300, 512), (4_000, 4_096), (4_097, 8_192)] {
        let hashes: Vec<u32> = (0..count).map(|number| number * 1_000).collect();
        let row = Row::default().with(&hashes).with(&hashes[..1]);
        let sealed = row.seal(&alice, epoch(1));
        assert_eq!(sealed.len(), 1 + 12 + 4 * room + 16, "{count}");
        assert_eq!(Row::open(&alice, epoch(1), &sealed), Ok(row));
        assert_eq!(Row::open(&alice, epoch(2), &sealed), Err(Unsealable));
        assert_eq!(Row::open(&token("bob"), epoch(1), &sealed), Err(Unsealable));
    }
    let empty = Row::default().seal(&alice, epoch(1));
    assert_eq!(Row::open(&alice, epoch(1), &empty), Ok(Row::default()));
}

proptest! {
    #[test]
    fn a_row_keeps_what_is_added_in_any_order(parts in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..200), 0..6)) {
        let (alice, mut row) = (token("alice"), Row::default());
        for part in &parts {
            let sealed = row.with(part).seal(&alice, epoch(1));
            row = Row::open(&alice, epoch(1), &sealed).unwrap();
        }
        let mut all = parts.concat();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(row.hashes(), all);
    }
}
