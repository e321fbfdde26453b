//! What a reader would like to read: `Accept-Language`.

/// More wishes than this are not read.
const MAX_WISHES: usize = 32;

/// The language ranges of a header, dearest first; what is no range, and what is not wanted (`q=0`), is left out.
pub(super) fn wishes(header: &str) -> Vec<&str> {
    let mut wishes: Vec<_> = header.split(',').take(MAX_WISHES).filter_map(wish).collect();
    wishes.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    wishes.into_iter().map(|(range, _)| range).collect()
}

/// A range and its quality in thousandths.
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

/// `0`, `1`, or either with up to three decimals, as thousandths (RFC 9110 section 12.4.2).
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

/// The place of the tag nearest to `wish` among `tags`: itself, else with one subtag less after another (RFC 4647
/// section 3.4), else any of the same language.
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
