//! Look-ups, each of so many addresses, of which one in twenty is bound.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use vouch::identity::pepper::digest;

use crate::Result;
use crate::client::{Connection, post};
use crate::measure::Asking;
use crate::people::Person;
use crate::server::Server;
use crate::world::{address_of, owner_of};

/// One address in so many is bound.
const HIT_EVERY: usize = 20;
/// Addresses of an address book.
const BOOK: usize = 10_000;
/// A hash in base64.
const HASH: usize = 43;
/// A hash in a list, with quotes and comma.
const SLOT: usize = HASH + 3;
/// Steps from binding to binding, so that neighbours in a look-up are none in the database; prime.
const STRIDE: u64 = 7_919;

type Hash = [u8; HASH];

/// The hash of a bound address.
fn bound(number: u32, pepper: &str) -> Hash {
    let hash = digest(&format!("{} email", address_of(number)), pepper).to_base64url();
    hash.into_bytes().try_into().expect("32 bytes are 43 digits")
}

/// The hash of nobody's address, another one for each number: the number, spread, in its first eight digits.
fn strange(number: usize) -> Hash {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut hash = *b"AAAAAAAAstrangerstrangerstrangerstrangerAAA";
    let mut spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    for place in &mut hash[..8] {
        *place = DIGITS[spread % DIGITS.len()];
        spread /= DIGITS.len();
    }
    hash
}

/// An address book's hashes.
pub type Book = Vec<(Hash, Option<u32>)>;

/// An address book for each user.
pub fn books(people: &[Vec<Person>], bindings: u32, pepper: &str) -> Vec<Vec<Book>> {
    let mut first = 0;
    let mut book = || {
        first += BOOK;
        let mut asked = Asked::new_ones(bindings, first);
        (0..BOOK).map(|_| asked.next(pepper)).collect()
    };
    people.iter().map(|group| group.iter().map(|_| book()).collect()).collect()
}

/// Has everybody look up their whole book once, as clients do: from then on it costs no budget.
pub async fn look_up_once(server: &Server, people: &[Vec<Person>], books: &[Vec<Book>], pepper: &str) -> Result<()> {
    for (number, (group, books)) in (0..).zip(people.iter().zip(books)) {
        let mut connection = Connection::open(server.address(), number).await?;
        let mut lookups = Lookups::new(group, books.iter().map(Asked::book).collect(), BOOK, pepper);
        for _ in group {
            let body = connection.exchange(lookups.request()).await?;
            lookups.check(body)?;
        }
    }
    Ok(())
}

/// What a user asks for next.
pub struct Asked<'a> {
    source: Source<'a>,
    cursor: usize,
}

enum Source<'a> {
    Book(&'a Book),
    New { bindings: u32 },
}

impl<'a> Asked<'a> {
    /// The addresses of a book, over and over.
    pub fn book(book: &'a Book) -> Self {
        Self { source: Source::Book(book), cursor: 0 }
    }

    /// Other addresses each time, from the one with that number on.
    pub fn new_ones(bindings: u32, first: usize) -> Self {
        Self { source: Source::New { bindings }, cursor: first }
    }

    fn next(&mut self, pepper: &str) -> (Hash, Option<u32>) {
        let number = self.cursor;
        self.cursor += 1;
        match self.source {
            Source::Book(book) => book[number % book.len()],
            Source::New { bindings } if number.is_multiple_of(HIT_EVERY) => {
                let binding = (number / HIT_EVERY) as u64 * STRIDE % u64::from(bindings);
                let binding = u32::try_from(binding).expect("the remainder is as small as the divisor");
                (bound(binding, pepper), Some(binding))
            }
            Source::New { .. } => (strange(number), None),
        }
    }
}

/// The look-ups of a connection: those of its users in turn.
pub struct Lookups<'a> {
    users: Vec<(Request, Asked<'a>)>,
    pepper: String,
    turn: usize,
    /// The hits that the answer must have.
    hits: Vec<(Hash, u32)>,
    /// How many answers were looked into.
    checked: usize,
}

impl<'a> Lookups<'a> {
    pub fn new(people: &[Person], asked: Vec<Asked<'a>>, addresses: usize, pepper: &str) -> Self {
        let requests = people.iter().map(|person| Request::new(person, addresses, pepper));
        let users: Vec<_> = requests.zip(asked).collect();
        Self { turn: users.len() - 1, users, pepper: pepper.to_owned(), hits: Vec::new(), checked: 0 }
    }
}

impl Asking for Lookups<'_> {
    fn request(&mut self) -> &[u8] {
        self.turn = (self.turn + 1) % self.users.len();
        let (request, asked) = &mut self.users[self.turn];
        self.hits.clear();
        for slot in request.slots.clone().step_by(SLOT) {
            let (hash, binding) = asked.next(&self.pepper);
            request.bytes[slot..slot + HASH].copy_from_slice(&hash);
            self.hits.extend(binding.map(|binding| (hash, binding)));
        }
        &request.bytes
    }

    /// Looks at the length of each answer, which is always the same for so many hits, and into the first ones.
    fn check(&mut self, body: &[u8]) -> Result<()> {
        let wrong = || format!("{} hits were expected: {}", self.hits.len(), String::from_utf8_lossy(body));
        let a_mapping = HASH + owner_of(0).len() + r#""":"","#.len();
        let comma = usize::from(!self.hits.is_empty());
        if body.len() != r#"{"mappings":{}}"#.len() + self.hits.len() * a_mapping - comma {
            return Err(wrong().into());
        }
        if self.checked < 2 * HIT_EVERY {
            self.checked += 1;
            let answer: Value = serde_json::from_slice(body)?;
            let found = |(hash, binding): &(Hash, u32)| {
                std::str::from_utf8(hash).is_ok_and(|hash| answer["mappings"][hash] == owner_of(*binding))
            };
            if !self.hits.iter().all(found) {
                return Err(wrong().into());
            }
        }
        Ok(())
    }
}

/// A request with room for so many hashes.
struct Request {
    bytes: Vec<u8>,
    /// Where the hashes begin; one each [`SLOT`].
    slots: Range<usize>,
}

impl Request {
    fn new(person: &Person, addresses: usize, pepper: &str) -> Self {
        let placeholder = format!("\"{}\"", URL_SAFE_NO_PAD.encode([0; 32]));
        let list = vec![placeholder; addresses].join(",");
        let body = format!(r#"{{"algorithm":"sha256","pepper":"{pepper}","addresses":[{list}]}}"#);
        let bytes = post("/_matrix/identity/v2/lookup", &person.token, &body);
        let first = bytes.len() - "]}".len() - list.len() + 1;
        Self { bytes, slots: first..first + addresses * SLOT }
    }
}
