//! Extracting the plain words of a document, passage by passage, for comparison.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::markdown::is_harmless;

/// The kind of a passage, as far as the comparison displays it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A heading of any level.
    Heading,
    /// Anything else: a paragraph, a row of a table, a code block, an item of a numbered list with
    /// its number.
    #[default]
    Text,
    /// An item of a list without numbers.
    Item,
}

/// A passage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Block {
    pub kind: Kind,
    /// Its words, separated by single spaces.
    pub text: String,
}

/// Returns the passages of a document, starting with its title. Raw HTML counts as text. A link is
/// followed by its target, which readers also agree to.
pub(super) fn blocks(title: &str, markdown: &str) -> Vec<Block> {
    let mut reader = Reader { kind: Kind::Heading, text: title.to_owned(), ..Reader::default() };
    reader.begin(Kind::Text);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(tag) => reader.enter(tag),
            Event::End(tag) => reader.leave(tag),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                reader.text.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => reader.text.push(' '),
            _ => {}
        }
    }
    reader.begin(Kind::Text);
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    kind: Kind,
    text: String,
    /// The next number of each enclosing list, innermost last.
    lists: Vec<Option<u64>>,
    /// The target of each enclosing link.
    links: Vec<String>,
}

impl Reader {
    fn enter(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.begin(Kind::Heading),
            Tag::List(first) => self.lists.push(first),
            Tag::Item => match self.lists.last_mut() {
                Some(Some(number)) => {
                    let label = format!("{number}. ");
                    *number = number.saturating_add(1);
                    self.begin(Kind::Text);
                    self.text = label;
                }
                _ => self.begin(Kind::Item),
            },
            Tag::Link { dest_url, .. } => {
                self.links.push(if is_harmless(&dest_url) { dest_url.into_string() } else { String::new() });
            }
            // The first paragraph of an item is the item itself.
            Tag::Paragraph if self.kind == Kind::Item || !self.text.is_empty() => {}
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::TableHead | Tag::TableRow | Tag::HtmlBlock => {
                self.begin(Kind::Text);
            }
            _ => {}
        }
    }

    fn leave(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link => {
                let target = self.links.pop().unwrap_or_default();
                if !target.is_empty() && !self.text.ends_with(&target) {
                    self.text.extend([" <", &target, ">"]);
                }
            }
            TagEnd::TableCell => self.text.push_str(" · "),
            TagEnd::List(_) => {
                self.lists.pop();
                self.begin(Kind::Text);
            }
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::HtmlBlock => self.begin(Kind::Text),
            _ => {}
        }
    }

    /// Ends the current passage, if it has any words, and begins another.
    fn begin(&mut self, kind: Kind) {
        let text = std::mem::take(&mut self.text).split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.strip_suffix(" ·").unwrap_or(&text);
        if !text.is_empty() {
            self.blocks.push(Block { kind: self.kind, text: text.to_owned() });
        }
        self.kind = kind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(markdown: &str) -> Vec<(Kind, String)> {
        blocks("T", markdown).into_iter().skip(1).map(|block| (block.kind, block.text)).collect()
    }

    #[test]
    fn a_document_is_split_into_passages() {
        let markdown =
            "## A *b*\n\none\ntwo\n\n- x\n- y\n\n  z\n\n3. c\n4. d\n\n> q\n\n|h|i|\n|-|-|\n|1|2|\n\n```\nl\nm\n```\n";
        let expected = [
            (Kind::Heading, "A b"),
            (Kind::Text, "one two"),
            (Kind::Item, "x"),
            (Kind::Item, "y"),
            (Kind::Text, "z"),
            (Kind::Text, "3. c"),
            (Kind::Text, "4. d"),
            (Kind::Text, "q"),
            (Kind::Text, "h · i"),
            (Kind::Text, "1 · 2"),
            (Kind::Text, "l m"),
        ];
        assert_eq!(said(markdown), expected.map(|(kind, text)| (kind, text.to_owned())));
        assert_eq!(blocks("A  title", ""), [Block { kind: Kind::Heading, text: "A title".to_owned() }]);
    }

    #[test]
    fn a_link_target_is_part_of_the_text_and_raw_html_is_text() {
        let said = |markdown| said(markdown).remove(0).1;
        assert_eq!(said("see [here](https://a.example/b)."), "see here <https://a.example/b>.");
        assert_eq!(said("<https://a.example>"), "https://a.example");
        assert_eq!(said("[x](javascript:alert)"), "x");
        assert_eq!(said("a <b onclick=x>c</b>"), "a <b onclick=x>c</b>");
        assert_eq!(said("![a map](https://cdn.example/x.png)"), "a map");
    }
}
