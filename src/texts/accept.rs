//! Parsing and matching of `Accept-Language`.

/// The maximum number of language ranges that are read.
const MAX_WISHES: usize = 32;

/// Returns the language ranges of a header, the most wanted first, without invalid or unwanted ones
/// (`q=0`).
pub(super) fn wishes(header: &str) -> Vec<&str> {
    let mut wishes: Vec<_> = header.split(',').take(MAX_WISHES).filter_map(wish).collect();
    wishes.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    wishes.into_iter().map(|(range, _)| range).collect()
}

/// Parses a range and its quality, in thousandths.
fn wish(item: &str) -> Option<(&str, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next()?;
    let quality = match parts.next() {
        None => 1000,
        Some(parameter) => quality(parameter.strip_prefix("q=").or(parameter.strip_prefix("Q="))?)?,
    };
    let is_range = range == "*" || range.split('-').all(is_subtag);
    (is_range && quality > 0 && parts.next().is_none()).then_some((range, quality))
}

fn is_subtag(subtag: &str) -> bool {
    (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Parses a quality between 0 and 1 with up to three decimals, in thousandths (RFC 9110 section
/// 12.4.2).
fn quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    let thousandths = format!("{decimals:0<3}").parse().ok().filter(|_| is_digits)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// Returns the position of the tag nearest to `wish`: the same tag, or the one left after removing
/// subtags from the end (RFC 4647 section 3.4), or any tag of the same language.
pub(super) fn nearest<'a>(wish: &str, tags: &(impl Iterator<Item = &'a str> + Clone)) -> Option<usize> {
    let mut wish = wish;
    loop {
        if let Some(place) = tags.clone().position(|tag| tag.eq_ignore_ascii_case(wish)) {
            return Some(place);
        }
        match wish.rsplit_once('-') {
            Some((shorter, _)) => wish = shorter,
            None => break,
        }
    }
    tags.clone().position(|tag| tag.split('-').next().is_some_and(|base| base.eq_ignore_ascii_case(wish)))
}
