//! The differences between two texts, passage by passage, and word by word within a passage.

use std::time::Instant;

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices_deadline, diff_ratio};

use super::blocks::{Block, Kind};

/// The share of common words from which two passages count as one reworded passage.
const MIN_LIKENESS: f32 = 0.4;

/// Consecutive words that were kept, removed or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub tag: ChangeTag,
    /// The words, separated by single spaces.
    pub words: String,
}

/// A passage of either text or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passage {
    pub kind: Kind,
    /// Its words in reading order; never empty.
    pub pieces: Vec<Piece>,
}

impl Passage {
    fn whole(tag: ChangeTag, block: &Block) -> Self {
        Self { kind: block.kind, pieces: vec![Piece { tag, words: block.text.clone() }] }
    }

    /// Returns the change of the passage as a whole, or nothing if only some words have changed.
    pub(super) fn tag(&self) -> Option<ChangeTag> {
        if let [piece] = &*self.pieces { Some(piece.tag) } else { None }
    }
}

/// Merges both texts: without the added words, the result is the old text; without the removed
/// words, the new one. Passages that have not been compared by the deadline are shown as removed
/// and added, which is correct but less readable.
pub(super) fn compare(old: &[Block], new: &[Block], deadline: Instant) -> Vec<Passage> {
    let whole = |tag| move |block| Passage::whole(tag, block);
    let mut passages = Vec::with_capacity(old.len().max(new.len()));
    for op in capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(deadline)) {
        let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
        if matches!(op, DiffOp::Equal { .. }) {
            passages.extend(old.iter().map(whole(ChangeTag::Equal)));
            continue;
        }
        let (mut from, mut to) = (0, 0);
        for (j, after) in new.iter().enumerate() {
            if Instant::now() >= deadline {
                break;
            }
            let mut candidates = old.iter().enumerate().skip(from);
            let reworded = candidates.find_map(|(i, before)| Some((i, reworded(before, after, deadline)?)));
            let Some((i, reworded)) = reworded else { continue };
            passages.extend(old[from..i].iter().map(whole(ChangeTag::Delete)));
            passages.extend(new[to..j].iter().map(whole(ChangeTag::Insert)));
            passages.push(reworded);
            (from, to) = (i + 1, j + 1);
        }
        passages.extend(old[from..].iter().map(whole(ChangeTag::Delete)));
        passages.extend(new[to..].iter().map(whole(ChangeTag::Insert)));
    }
    passages
}

/// Compares two passages word by word, if they are similar. A single word kept between two changes
/// becomes part of the change, because one long change is easier to read than two short ones.
fn reworded(old: &Block, new: &Block, deadline: Instant) -> Option<Passage> {
    if old.kind != new.kind {
        return None;
    }
    let [was, is] = [old, new].map(|block| block.text.split(' ').collect::<Vec<_>>());
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &was, &is, Some(deadline));
    if diff_ratio(&ops, was.len(), is.len()) < MIN_LIKENESS {
        return None;
    }
    let is_kept = |op: &DiffOp| {
        let words = op.old_range();
        matches!(op, DiffOp::Equal { .. }) && (words.len() > 1 || words.start == 0 || words.end == was.len())
    };
    let mut pieces = Vec::new();
    for change in ops.chunk_by(|a, b| !is_kept(a) && !is_kept(b)) {
        let (first, last) = (&change[0], &change[change.len() - 1]);
        let was = &was[first.old_range().start..last.old_range().end];
        let is = &is[first.new_range().start..last.new_range().end];
        let both = [(ChangeTag::Delete, was), (ChangeTag::Insert, is)];
        let parts = if is_kept(first) { &[(ChangeTag::Equal, was)][..] } else { &both };
        let parts = parts.iter().filter(|(_, words)| !words.is_empty());
        pieces.extend(parts.map(|(tag, words)| Piece { tag: *tag, words: words.join(" ") }));
    }
    Some(Passage { kind: new.kind, pieces })
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

    /// Returns the text that remains without those pieces.
    fn without(tag: ChangeTag, passages: &[Passage]) -> Vec<Block> {
        let text = |passage: &Passage| {
            let pieces = passage.pieces.iter().filter(|piece| piece.tag != tag);
            pieces.map(|piece| piece.words.clone()).collect::<Vec<_>>().join(" ")
        };
        let blocks = passages.iter().map(|passage| Block { kind: passage.kind, text: text(passage) });
        blocks.filter(|block| !block.text.is_empty()).collect()
    }

    /// Marks removed words with `-` and added words with `+`.
    fn shown(old: &str, new: &str) -> Vec<String> {
        let passages = compare(&blocks("T", old), &blocks("T", new), soon());
        let mark = |piece: &Piece| match piece.tag {
            ChangeTag::Equal => piece.words.clone(),
            ChangeTag::Delete => format!("-[{}]", piece.words),
            ChangeTag::Insert => format!("+[{}]", piece.words),
        };
        passages.iter().map(|p| p.pieces.iter().map(mark).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_reworded_passage_is_compared_word_by_word_and_others_are_shown_whole() {
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
    fn a_reworded_passage_is_found_among_new_ones() {
        let old = "You can leave whenever you want to.";
        let new = "A paragraph that nobody knew.\n\nYou can leave whenever you like to.";
        assert_eq!(
            shown(old, new),
            ["T", "+[A paragraph that nobody knew.]", "You can leave whenever you -[want] +[like] to."]
        );
    }

    #[test]
    fn a_single_word_between_two_changes_becomes_part_of_them() {
        assert_eq!(shown("a b c d e f x y z", "a b c D e F x y z"), ["T", "a b c -[d e f] +[D e F] x y z"]);
    }

    #[test]
    fn a_heading_does_not_become_a_paragraph() {
        assert_eq!(shown("## One two three", "One two three"), ["T", "-[One two three]", "+[One two three]"]);
    }

    #[test]
    fn comparing_huge_texts_ends_soon_after_the_deadline() {
        let text = |salt: u64, every: &str| {
            let words: Vec<String> = (0..120_000_u64).map(|n| format!("{:x}", n.wrapping_mul(salt) % 65_521)).collect();
            words.chunks(if every == "\n\n" { 3 } else { 120_000 }).map(|c| c.join(" ")).collect::<Vec<_>>().join(every)
        };
        for every in ["\n\n", " "] {
            let (old, new) = (blocks("T", &text(7_919, every)), blocks("T", &text(104_729, every)));
            let begun = Instant::now();
            let passages = compare(&old, &new, begun + Duration::from_millis(150));
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            assert_eq!(without(ChangeTag::Insert, &passages), old);
            assert_eq!(without(ChangeTag::Delete, &passages), new);
        }
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_comparison(old in "([#*-]? ?[ab]{1,2}[ \\n]{1,2}){0,24}", new in "([#*-]? ?[ab]{1,2}[ \\n]{1,2}){0,24}", late: bool) {
            let (old, new) = (blocks("T", &old), blocks("U", &new));
            let deadline = if late { Instant::now() } else { soon() };
            let passages = compare(&old, &new, deadline);
            prop_assert_eq!(without(ChangeTag::Insert, &passages), old);
            prop_assert_eq!(without(ChangeTag::Delete, &passages), new);
            prop_assert!(passages.iter().all(|passage| !passage.pieces.is_empty()));
        }
    }
}
