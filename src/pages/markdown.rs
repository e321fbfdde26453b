//! Converting Markdown to HTML that is as harmless as text.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Returns the HTML of a document below a page's own `h1`. Raw HTML is shown as text, pictures are
/// replaced by their description (a page loads nothing from elsewhere), and links with any scheme
/// other than http, https or mailto are disabled.
pub(super) fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let parse = || Parser::new_ext(markdown, options);
    let has_title = parse().any(|event| matches!(event, Event::Start(Tag::Heading { level: HeadingLevel::H1, .. })));
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut html, parse().filter_map(tamed).map(|event| if has_title { lowered(event) } else { event }));
    html
}

fn tamed(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        // The content security policy of the page forbids `style` attributes.
        Event::Start(Tag::Table(columns)) => {
            Some(Event::Start(Tag::Table(vec![pulldown_cmark::Alignment::None; columns.len()])))
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if is_harmless(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        other => Some(other),
    }
}

/// Returns whether a link has no scheme, or one of http, https and mailto.
pub(super) fn is_harmless(href: &str) -> bool {
    let scheme = href.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme
        .is_none_or(|scheme| ["http", "https", "mailto"].contains(&scheme.as_str()) || scheme.contains(['/', '#', '?']))
}

/// Lowers headings by one level, for a document that has its own title.
fn lowered(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: below(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
        other => other,
    }
}

fn below(level: HeadingLevel) -> HeadingLevel {
    HeadingLevel::try_from(level as usize + 1).unwrap_or(HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn raw_html_is_shown_as_text() {
        assert_eq!(to_html("a <b onclick=x>b</b>"), "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n");
        assert!(to_html("<script>alert(1)</script>\n").contains("&lt;script&gt;"));
    }

    #[test]
    fn a_picture_is_its_description_and_an_odd_link_leads_nowhere() {
        assert_eq!(to_html("![a map](https://cdn.example/x.png)"), "<p>a map</p>\n");
        assert_eq!(to_html("[x](javascript:alert(1))"), "<p><a href=\"#\">x</a></p>\n");
        assert_eq!(to_html("[x](JAVASCRIPT&colon;alert(1))"), "<p><a href=\"#\">x</a></p>\n");
        assert_eq!(to_html("[x](https://example.org/a:b)"), "<p><a href=\"https://example.org/a:b\">x</a></p>\n");
        assert_eq!(to_html("[x](/a?b:c)"), "<p><a href=\"/a?b:c\">x</a></p>\n");
    }

    #[test]
    fn a_documents_own_title_stands_below_the_pages() {
        assert_eq!(to_html("# A\n## B"), "<h2>A</h2>\n<h3>B</h3>\n");
        assert_eq!(to_html("## B"), "<h2>B</h2>\n");
    }

    #[test]
    fn a_table_has_no_style_of_its_own() {
        assert!(!to_html("|a|b|\n|:-:|--:|\n|1|2|").contains("style"));
    }

    proptest! {
        #[test]
        fn no_markdown_makes_a_script(markdown in "[<>!\\[\\]()a-z:/\"'= \\n&;#-]{0,80}") {
            let html = to_html(&format!("{markdown}<script src=x>"));
            prop_assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("href=\"javascript"));
        }
    }
}
