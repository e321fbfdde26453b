//! The values that stand for somebody, and the search for them.

use std::fs;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine};
use url::form_urlencoded::byte_serialize;

pub const SERVER: &str = "canary-dotterel.example";
pub const LOCALPART: &str = "canary-ptarmigan";
pub const EMAIL: &str = "Canary.Kestrel@canary-plover.example";
pub const REFUSED_EMAIL: &str = "canary-refused@canary-sandpiper.example";
pub const OPERATORS_EMAIL: &str = "canary-bittern@canary-crake.example";
pub const OPERATORS_USER: &str = "@canary-lapwing:canary-redshank.example";
pub const ABSENT_EMAIL: &str = "canary-absent@canary-curlew.example";
pub const TYPED_NUMBER: &str = "07700 900123";
pub const NUMBER: &str = "447700900123";
pub const SECRET: &str = "canary_secret.oystercatcher";
pub const NEXT_LINK: &str = "https://canary-godwit.example/canary-after?who=canary-turnstone";
pub const USER_AGENT: &str = "canary-whimbrel/1.0";
pub const QUERY: &str = "canary-phalarope";
pub const PATH: &str = "canary-corncrake";
pub const BODY: &str = "canary-garganey";
pub const CLIENT: &str = "203.0.113.77";
pub const MAIL_PASSWORD: &str = "canary-password-goosander";
pub const INVITED_EMAIL: &str = "canary-invited@canary-dunlin.example";
pub const OBJECTING_EMAIL: &str = "canary-objecting@canary-avocet.example";
pub const UNWANTED_EMAIL: &str = "canary-unwanted@canary-smew.example";
pub const ROOM: &str = "!canary-fulmar:canary-gannet.example";
pub const ROOM_NAME: &str = "canary-kittiwake";
pub const INVITER_NAME: &str = "canary-guillemot";
pub const AVATAR: &str = "mxc://canary-razorbill.example/canary-shag";
pub const ACCEPTING_USER: &str = "@canary-pipit:canary-wheatear.example";
pub const UNKNOWN_TOKEN: &str = "canaryunknowntokenmerganser";

/// The values that must not be found, each with a description.
pub struct Canaries(Vec<(&'static str, Vec<u8>)>);

impl Canaries {
    pub fn new() -> Self {
        let mut canaries = Self(Vec::new());
        for (what, value) in [
            ("server name", SERVER),
            ("localpart", LOCALPART),
            ("e-mail address", EMAIL),
            ("refused e-mail address", REFUSED_EMAIL),
            ("operator's e-mail address", OPERATORS_EMAIL),
            ("operator's Matrix ID", OPERATORS_USER),
            ("absent e-mail address", ABSENT_EMAIL),
            ("phone number as it was typed", TYPED_NUMBER),
            ("phone number", NUMBER),
            ("client secret", SECRET),
            ("next link", NEXT_LINK),
            ("user agent", USER_AGENT),
            ("query string", QUERY),
            ("path", PATH),
            ("body", BODY),
            ("IP address", CLIENT),
            ("mail password", MAIL_PASSWORD),
            ("invited address", INVITED_EMAIL),
            ("room", ROOM),
            ("name of a room", ROOM_NAME),
            ("name of an inviter", INVITER_NAME),
            ("picture of a room", AVATAR),
            ("accepting user", ACCEPTING_USER),
            ("unknown token", UNKNOWN_TOKEN),
            ("objecting address", OBJECTING_EMAIL),
            ("unwanted address", UNWANTED_EMAIL),
        ] {
            canaries.keep(what, value);
        }
        canaries
    }

    pub fn keep(&mut self, what: &'static str, value: impl AsRef<[u8]>) {
        self.0.push((what, value.as_ref().to_vec()));
    }

    /// Returns the values found, and how they were written.
    fn found_in(&self, text: &[u8]) -> Vec<String> {
        let forms = self.0.iter().flat_map(|(what, value)| {
            forms(value).into_iter().map(move |(form, bytes)| (format!("{what} ({form})"), bytes))
        });
        find(text, &forms.collect::<Vec<_>>())
    }

    #[track_caller]
    pub fn assert_absent(&self, place: &str, text: &[u8]) {
        let found = self.found_in(text);
        assert!(found.is_empty(), "in {place}: {found:?}");
    }
}

/// Returns all the forms in which a value may have been written.
fn forms(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = hex(value);
    let mut forms = vec![
        ("as it is", value.to_vec()),
        ("lower case", value.to_ascii_lowercase()),
        ("percent-encoded", byte_serialize(value).collect::<String>().into_bytes()),
        ("hex", hex.to_lowercase().into_bytes()),
        ("upper-case hex", hex.into_bytes()),
    ];
    for before in 0..3 {
        // For base64 of something longer that contains the value: the part that lies wholly within
        // the value, at each of three alignments.
        let longer = [&vec![0; before][..], value].concat();
        let (first, end) = ((before * 8).div_ceil(6), longer.len() * 8 / 6);
        forms.push(("base64", BASE64_STANDARD.encode(&longer).as_bytes()[first..end].to_vec()));
        forms.push(("URL-safe base64", BASE64_URL_SAFE.encode(&longer).as_bytes()[first..end].to_vec()));
    }
    forms
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)]))
        .collect()
}

/// Returns the names of the needles that are in `text`. It makes one pass for all of them, by their
/// first two bytes, since the text is large.
fn find(text: &[u8], needles: &[(String, Vec<u8>)]) -> Vec<String> {
    let beginning = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    let mut by_beginning = vec![Vec::new(); 1 << 16];
    for needle in needles {
        by_beginning[beginning(&needle.1)].push(needle);
    }
    let mut found: Vec<String> = Vec::new();
    for at in 0..text.len().saturating_sub(1) {
        for (name, needle) in &by_beginning[beginning(&text[at..])] {
            if text[at..].starts_with(needle) && !found.contains(name) {
                found.push(name.clone());
            }
        }
    }
    found
}

pub fn contains(text: &[u8], needle: &str) -> bool {
    !find(text, &[(String::new(), needle.into())]).is_empty()
}

/// Returns the contents of all files below a folder, one after the other.
pub fn contents(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Files that a database removes while it is being read were read often enough.
        all.extend(if path.is_dir() { contents(&path) } else { fs::read(&path).unwrap_or_default() });
    }
    all
}

#[test]
fn a_canary_is_found_however_it_is_written() {
    let canaries = Canaries::new();
    for text in [
        format!("x{EMAIL}x"),
        format!("<{}>", EMAIL.to_lowercase()),
        byte_serialize(NEXT_LINK.as_bytes()).collect(),
        hex(SECRET.as_bytes()),
        BASE64_STANDARD.encode(format!("a{SECRET}")),
        BASE64_STANDARD.encode(format!("ab {LOCALPART}:")),
        BASE64_URL_SAFE.encode(OPERATORS_USER),
    ] {
        assert!(!canaries.found_in(text.as_bytes()).is_empty(), "{text}");
    }
    assert_eq!(canaries.found_in(b"nobody was here, nor was canary or 203.0.113.0/24"), Vec::<String>::new());
}
