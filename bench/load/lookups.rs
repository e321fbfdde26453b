//! Look-ups of a given number of addresses, of which one in twenty is bound.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use vouch::identity::pepper::digest;

use crate::Result;
use crate::client::{Connection, post};
use crate::measure::Requests;
use crate::people::Person;
use crate::server::Server;
use crate::world::{address_of, owner_of};

/// One in this many addresses is bound.
const HIT_EVERY: usize = 20;
/// The number of addresses in an address book.
const BOOK: usize = 10_000;
/// The length of a hash in base64.
const HASH: usize = 43;
/// The length of a hash in a JSON list, including quotes and comma.
const SLOT: usize = HASH + 3;
/// The distance between the bindings looked up together, so that they are not adjacent in the
/// database; a prime.
const STRIDE: u64 = 7_919;

type Hash = [u8; HASH];

/// Returns the hash of a bound address.
fn bound_hash(number: u32, pepper: &str) -> Hash {
    let hash = digest(&format!("{} email", address_of(number)), pepper).to_base64url();
    hash.into_bytes().try_into().expect("32 bytes have 43 digits")
}

/// Returns a hash that no address has. The first eight digits, derived from `number`, are different
/// for each.
fn unbound_hash(number: usize) -> Hash {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut hash = *b"AAAAAAAAstrangerstrangerstrangerstrangerAAA";
    let mut spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    for place in &mut hash[..8] {
        *place = DIGITS[spread % DIGITS.len()];
        spread /= DIGITS.len();
    }
    hash
}

/// The hashes of an address book, with the number of the binding if there is one.
pub type Book = Vec<(Hash, Option<u32>)>;

/// Makes an address book for each user.
pub fn books(people: &[Vec<Person>], bindings: u32, pepper: &str) -> Vec<Vec<Book>> {
    let mut first = 0;
    let mut book = || {
        first += BOOK;
        let mut asked = Addresses::unseen(bindings, first);
        (0..BOOK).map(|_| asked.next(pepper)).collect()
    };
    people.iter().map(|group| group.iter().map(|_| book()).collect()).collect()
}

/// Looks up every user's whole address book once, as clients do. Repeated look-ups are then not
/// charged to the rate limit.
pub async fn look_up_once(server: &Server, people: &[Vec<Person>], books: &[Vec<Book>], pepper: &str) -> Result<()> {
    for (number, (group, books)) in (0..).zip(people.iter().zip(books)) {
        let mut connection = Connection::open(server.address(), number).await?;
        let mut lookups = Lookups::new(group, books.iter().map(Addresses::book).collect(), BOOK, pepper);
        for _ in group {
            let body = connection.exchange(lookups.request()).await?;
            lookups.check(body)?;
        }
    }
    Ok(())
}

/// Returns the look-ups of each connection, of addresses that `source` takes from each user's book.
pub fn of_all<'a>(
    people: &[Vec<Person>],
    books: &'a [Vec<Book>],
    source: impl Fn(&'a Book) -> Addresses<'a>,
    addresses: usize,
    pepper: &str,
) -> Vec<Lookups<'a>> {
    let groups = people.iter().zip(books);
    groups.map(|(group, books)| Lookups::new(group, books.iter().map(&source).collect(), addresses, pepper)).collect()
}

/// The addresses that a user looks up.
pub struct Addresses<'a> {
    source: Source<'a>,
    cursor: usize,
}

enum Source<'a> {
    Book(&'a Book),
    Unseen { bindings: u32 },
}

impl<'a> Addresses<'a> {
    /// The addresses of a book, repeatedly.
    pub fn book(book: &'a Book) -> Self {
        Self { source: Source::Book(book), cursor: 0 }
    }

    /// New addresses each time, starting with the one with number `first`.
    pub fn unseen(bindings: u32, first: usize) -> Self {
        Self { source: Source::Unseen { bindings }, cursor: first }
    }

    fn next(&mut self, pepper: &str) -> (Hash, Option<u32>) {
        let number = self.cursor;
        self.cursor += 1;
        match self.source {
            Source::Book(book) => book[number % book.len()],
            Source::Unseen { bindings } if number.is_multiple_of(HIT_EVERY) => {
                let binding = (number / HIT_EVERY) as u64 * STRIDE % u64::from(bindings);
                let binding = u32::try_from(binding).expect("the remainder is less than the divisor");
                (bound_hash(binding, pepper), Some(binding))
            }
            Source::Unseen { .. } => (unbound_hash(number), None),
        }
    }
}

/// The look-ups on a connection, by its users in turn.
pub struct Lookups<'a> {
    users: Vec<(Request, Addresses<'a>)>,
    pepper: String,
    turn: usize,
    /// The hits expected in the response.
    hits: Vec<(Hash, u32)>,
    /// The number of responses that have been parsed.
    checked: usize,
}

impl<'a> Lookups<'a> {
    pub fn new(people: &[Person], sources: Vec<Addresses<'a>>, addresses: usize, pepper: &str) -> Self {
        let requests = people.iter().map(|person| Request::new(person, addresses, pepper));
        let users: Vec<_> = requests.zip(sources).collect();
        Self { turn: users.len() - 1, users, pepper: pepper.to_owned(), hits: Vec::new(), checked: 0 }
    }
}

impl Requests for Lookups<'_> {
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

    /// Checks the length of each response, which only depends on the number of hits, and the
    /// content of the first ones.
    fn check(&mut self, body: &[u8]) -> Result<()> {
        let wrong = || format!("expected {} hits: {}", self.hits.len(), String::from_utf8_lossy(body));
        let mapping_len = HASH + owner_of(0).len() + r#""":"","#.len();
        let comma = usize::from(!self.hits.is_empty());
        if body.len() != r#"{"mappings":{}}"#.len() + self.hits.len() * mapping_len - comma {
            return Err(wrong().into());
        }
        if self.checked < 2 * HIT_EVERY {
            self.checked += 1;
            let response: Value = serde_json::from_slice(body)?;
            let found = |(hash, binding): &(Hash, u32)| {
                std::str::from_utf8(hash).is_ok_and(|hash| response["mappings"][hash] == owner_of(*binding))
            };
            if !self.hits.iter().all(found) {
                return Err(wrong().into());
            }
        }
        Ok(())
    }
}

/// A request with slots for the hashes.
struct Request {
    bytes: Vec<u8>,
    /// The position of the hashes; one starts every [`SLOT`] bytes.
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
