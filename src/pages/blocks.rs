//! The plain words of a document, passage by passage: what a reader compares.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::markdown::is_harmless;

/// What a passage is, as far as it shows when versions are set side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A heading, of whatever level.
    Heading,
    /// A paragraph, a quotation, a row of a table, an item of a numbered list with its number.
    #[default]
    Text,
    /// An item of a list without numbers.
    Item,
    /// A line of code.
    Code,
}

/// One passage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its words, with one space between them.
    pub text: String,
}

/// The passages of a document, its title first. Raw HTML is text; a link is followed by where it leads, for that is part of what is
/// agreed to.
pub(super) fn blocks(title: &str, markdown: &str) -> Vec<Block> {
    let mut reader = Reader { kind: Kind::Heading, text: title.to_owned(), ..Reader::default() };
    reader.end();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(markdown, options) {
        reader.read(event);
    }
    reader.end();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    kind: Kind,
    text: String,
    /// The lists around, innermost last, each with its next number.
    lists: Vec<Option<u64>>,
    /// Where the links around lead.
    links: Vec<String>,
}

impl Reader {
    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.leave(tag),
            Event::Text(text) if self.kind == Kind::Code => {
                for line in text.lines() {
                    self.text.push_str(line);
                    self.end();
                    self.kind = Kind::Code;
                }
            }
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.text.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.begin(Kind::Heading),
            Tag::CodeBlock(_) => self.begin(Kind::Code),
            Tag::List(first) => {
                self.end();
                self.lists.push(first);
            }
            Tag::Item => match self.lists.last_mut() {
                Some(Some(number)) => {
                    let label = format!("{number}. ");
                    *number = number.saturating_add(1);
                    self.begin(Kind::Text);
                    self.text.push_str(&label);
                }
                _ => self.begin(Kind::Item),
            },
            Tag::Link { dest_url, .. } => {
                self.links.push(if is_harmless(&dest_url) { dest_url.into_string() } else { String::new() });
            }
            // The first paragraph of an item is the item.
            Tag::Paragraph if self.kind == Kind::Item || !self.text.is_empty() => {}
            Tag::Paragraph | Tag::TableHead | Tag::TableRow | Tag::HtmlBlock => self.begin(Kind::Text),
            _ => {}
        }
    }

    fn leave(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link => {
                let leads_to = self.links.pop().unwrap_or_default();
                if !leads_to.is_empty() && !self.text.ends_with(&leads_to) {
                    self.text.extend([" <", &leads_to, ">"]);
                }
            }
            TagEnd::TableCell => self.text.push_str(" · "),
            TagEnd::List(_) => {
                self.end();
                self.lists.pop();
            }
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::HtmlBlock => self.end(),
            _ => {}
        }
    }

    fn begin(&mut self, kind: Kind) {
        self.end();
        self.kind = kind;
    }

    fn end(&mut self) {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let text = words.join(" ");
        let text = text.strip_suffix(" ·").unwrap_or(&text);
        if !text.is_empty() {
            self.blocks.push(Block { kind: self.kind, text: text.to_owned() });
        }
        self.text.clear();
        self.kind = Kind::Text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(markdown: &str) -> Vec<(Kind, String)> {
        blocks("T", markdown).into_iter().skip(1).map(|block| (block.kind, block.text)).collect()
    }

    #[test]
    fn a_document_is_its_passages() {
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
            (Kind::Code, "l"),
            (Kind::Code, "m"),
        ];
        assert_eq!(said(markdown), expected.map(|(kind, text)| (kind, text.to_owned())));
        assert_eq!(blocks("A  title", ""), [Block { kind: Kind::Heading, text: "A title".to_owned() }]);
    }

    #[test]
    fn where_a_link_leads_is_part_of_the_text_and_raw_html_is_text() {
        let said = |markdown| said(markdown).remove(0).1;
        assert_eq!(said("see [here](https://a.example/b)."), "see here <https://a.example/b>.");
        assert_eq!(said("<https://a.example>"), "https://a.example");
        assert_eq!(said("[x](javascript:alert)"), "x");
        assert_eq!(said("a <b onclick=x>c</b>"), "a <b onclick=x>c</b>");
        assert_eq!(said("![a map](https://cdn.example/x.png)"), "a map");
    }
}
