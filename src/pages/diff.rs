//! What has changed between two texts, passage by passage, and word by word within a passage.
//!
//! The work is bounded by a deadline: what is not found out by then is shown as removed and added as a whole, which is true, only less
//! readable.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::blocks::{Block, Kind};

/// How alike two passages are that count as one which was changed: in thousandths, all words being the same is 1000.
const ALIKE: u32 = 400;
/// How many pairs of passages are looked at, at the most, to find out which became which.
const MAX_PAIRS: usize = 4_096;

/// What became of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// They are in both texts.
    Kept,
    /// Only in the old one.
    Removed,
    /// Only in the new one.
    Added,
}

/// Words with the same fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What became of them.
    pub fate: Fate,
    /// The words, with one space between them.
    pub words: String,
}

/// A passage of either text or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passage {
    /// What it is.
    pub kind: Kind,
    /// Its words in the order to read them in; never empty.
    pub pieces: Vec<Piece>,
}

impl Passage {
    /// What became of the passage as a whole; nothing if only of some of its words.
    pub(super) fn fate(&self) -> Option<Fate> {
        let mut fates = self.pieces.iter().map(|piece| piece.fate);
        let first = fates.next()?;
        fates.all(|fate| fate == first).then_some(first)
    }

    fn whole(fate: Fate, block: &Block) -> Self {
        Self { kind: block.kind, pieces: vec![Piece { fate, words: block.text.clone() }] }
    }
}

/// Both texts as one: without what was added it is the old one, without what was removed the new one.
pub(super) fn compare(old: &[Block], new: &[Block], deadline: Instant) -> Vec<Passage> {
    let mut passages = Vec::with_capacity(old.len().max(new.len()));
    for op in capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(deadline)) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                passages.extend(old[old_index..][..len].iter().map(|block| Passage::whole(Fate::Kept, block)));
            }
            op => replace(&old[op.old_range()], &new[op.new_range()], deadline, &mut passages),
        }
    }
    passages
}

/// Passages that gave way to others: those that are alike side by side, word by word.
fn replace(old: &[Block], new: &[Block], deadline: Instant, passages: &mut Vec<Passage>) {
    let whole = |fate| move |block| Passage::whole(fate, block);
    let (mut from, mut to) = (0, 0);
    for (i, j) in pairs(old, new, deadline) {
        passages.extend(old[from..i].iter().map(whole(Fate::Removed)));
        passages.extend(new[to..j].iter().map(whole(Fate::Added)));
        passages.push(Passage { kind: new[j].kind, pieces: reworded(&old[i].text, &new[j].text, deadline) });
        (from, to) = (i + 1, j + 1);
    }
    passages.extend(old[from..].iter().map(whole(Fate::Removed)));
    passages.extend(new[to..].iter().map(whole(Fate::Added)));
}

/// Which old passage became which new one: the ascending pairs that are most alike together.
fn pairs(old: &[Block], new: &[Block], deadline: Instant) -> Vec<(usize, usize)> {
    if old.is_empty() || new.is_empty() || old.len().saturating_mul(new.len()) > MAX_PAIRS {
        return Vec::new();
    }
    let mut ids = HashMap::new();
    let [old_bags, new_bags] =
        [old, new].map(|blocks| blocks.iter().map(|block| bag(&block.text, &mut ids)).collect::<Vec<_>>());
    let likeness = |i: usize, j: usize| {
        let comparable = old[i].kind == new[j].kind && Instant::now() < deadline;
        if comparable { likeness(&old_bags[i], &new_bags[j]) } else { 0 }
    };
    // best[i][j] is for what follows i in the old and j in the new text; alike[i][j] for that pair alone.
    let mut best = vec![vec![0; new.len() + 1]; old.len() + 1];
    let mut alike = vec![vec![0; new.len()]; old.len()];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            alike[i][j] = likeness(i, j);
            let paired = if alike[i][j] >= ALIKE { best[i + 1][j + 1] + alike[i][j] } else { 0 };
            best[i][j] = paired.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if best[i][j] == best[i + 1][j] {
            i += 1;
        } else if best[i][j] == best[i][j + 1] {
            j += 1;
        } else {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
    }
    pairs
}

/// The words of a passage as sorted numbers, equal for equal words.
fn bag<'a>(text: &'a str, ids: &mut HashMap<&'a str, usize>) -> Vec<usize> {
    let mut bag: Vec<usize> = words(text)
        .into_iter()
        .map(|word| {
            let next = ids.len();
            *ids.entry(word).or_insert(next)
        })
        .collect();
    bag.sort_unstable();
    bag
}

/// How many of the words of two passages are in both, in thousandths.
fn likeness(old: &[usize], new: &[usize]) -> u32 {
    let (mut i, mut j, mut common) = (0, 0, 0);
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        common += usize::from(a == b);
        (i, j) = (i + usize::from(a <= b), j + usize::from(b <= a));
    }
    u32::try_from(2_000 * common / (old.len() + new.len()).max(1)).unwrap_or(0)
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

/// A passage that was changed, word by word. A single word that stayed between two changes is part of the change: three snippets are
/// harder to read than one.
fn reworded(old: &str, new: &str, deadline: Instant) -> Vec<Piece> {
    let (old, new) = (words(old), words(new));
    let mut pieces = Vec::new();
    let mut say = |fate, words: &[&str]| {
        if !words.is_empty() {
            pieces.push(Piece { fate, words: words.join(" ") });
        }
    };
    for (is_kept, was, is) in hunks(&old, &new, deadline) {
        if is_kept {
            say(Fate::Kept, &old[was]);
        } else {
            say(Fate::Removed, &old[was]);
            say(Fate::Added, &new[is]);
        }
    }
    pieces
}

/// Stretches of words, kept and changed in turn.
fn hunks(old: &[&str], new: &[&str], deadline: Instant) -> Vec<(bool, Range<usize>, Range<usize>)> {
    let mut hunks: Vec<(bool, Range<usize>, Range<usize>)> = Vec::new();
    for op in capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(deadline)) {
        let (is_kept, was, is) = (matches!(op, DiffOp::Equal { .. }), op.old_range(), op.new_range());
        let between = matches!(hunks.as_slice(), [.., (false, ..), (true, kept, _)] if kept.len() == 1) && !is_kept;
        if between {
            hunks.pop();
        }
        match hunks.last_mut() {
            Some((false, before, after)) if !is_kept => (before.end, after.end) = (was.end, is.end),
            _ => hunks.push((is_kept, was, is)),
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::pages::blocks::blocks;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    /// The text that remains without that fate.
    fn without(fate: Fate, passages: &[Passage]) -> Vec<Block> {
        let text = |passage: &Passage| {
            let pieces = passage.pieces.iter().filter(|piece| piece.fate != fate);
            pieces.map(|piece| piece.words.clone()).collect::<Vec<_>>().join(" ")
        };
        let blocks = passages.iter().map(|passage| Block { kind: passage.kind, text: text(passage) });
        blocks.filter(|block| !block.text.is_empty()).collect()
    }

    /// `-` what was removed, `+` what was added.
    fn shown(old: &str, new: &str) -> Vec<String> {
        let passages = compare(&blocks("T", old), &blocks("T", new), soon());
        let mark = |piece: &Piece| match piece.fate {
            Fate::Kept => piece.words.clone(),
            Fate::Removed => format!("-[{}]", piece.words),
            Fate::Added => format!("+[{}]", piece.words),
        };
        passages.iter().map(|p| p.pieces.iter().map(mark).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_changed_passage_is_shown_word_by_word_and_another_one_as_a_whole() {
        let old = "We keep logs for ten days and no longer.\n\nGone for good.\n\nSame.";
        let new = "We keep logs for twenty days and no longer.\n\nSame.\n\nQuite new here.";
        assert_eq!(
            shown(old, new),
            [
                "T",
                "We keep logs for -[ten] +[twenty] days and no longer.",
                "-[Gone for good.]",
                "Same.",
                "+[Quite new here.]"
            ]
        );
    }

    #[test]
    fn a_passage_finds_its_successor_among_new_ones() {
        let old = "You can leave whenever you want to.";
        let new = "A paragraph that nobody knew.\n\nYou can leave whenever you like to.";
        assert_eq!(
            shown(old, new),
            ["T", "+[A paragraph that nobody knew.]", "You can leave whenever you -[want] +[like] to."]
        );
    }

    #[test]
    fn a_word_between_two_changes_goes_with_them() {
        assert_eq!(shown("a b c d e f x y z", "a b c D e F x y z"), ["T", "a b c -[d e f] +[D e F] x y z"]);
    }

    #[test]
    fn a_heading_does_not_become_a_paragraph() {
        assert_eq!(shown("## One two three", "One two three"), ["T", "-[One two three]", "+[One two three]"]);
    }

    #[test]
    fn huge_texts_take_no_longer_than_they_may() {
        let text = |salt: u64, every: &str| {
            let words: Vec<String> = (0..120_000_u64).map(|n| format!("{:x}", n.wrapping_mul(salt) % 65_521)).collect();
            words.chunks(if every == "\n\n" { 3 } else { 120_000 }).map(|c| c.join(" ")).collect::<Vec<_>>().join(every)
        };
        for every in ["\n\n", " "] {
            let (old, new) = (blocks("T", &text(7_919, every)), blocks("T", &text(104_729, every)));
            let begun = Instant::now();
            let passages = compare(&old, &new, begun + Duration::from_millis(150));
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            assert_eq!(without(Fate::Added, &passages), old);
            assert_eq!(without(Fate::Removed, &passages), new);
        }
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_comparison(old in "([#*-]? ?[ab]{1,2}[ \\n]{1,2}){0,24}", new in "([#*-]? ?[ab]{1,2}[ \\n]{1,2}){0,24}", late: bool) {
            let (old, new) = (blocks("T", &old), blocks("U", &new));
            let deadline = if late { Instant::now() } else { soon() };
            let passages = compare(&old, &new, deadline);
            prop_assert_eq!(without(Fate::Added, &passages), old);
            prop_assert_eq!(without(Fate::Removed, &passages), new);
            prop_assert!(passages.iter().all(|passage| !passage.pieces.is_empty()));
        }
    }
}
