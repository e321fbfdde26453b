//! Look-ups while the master key is exchanged.

use std::time::{Duration, Instant};

use vouch::crypto::master_key::MasterKey;

use crate::lookups::{self, Addresses, Book};
use crate::measure::{Measurement, Setup};
use crate::people::Person;
use crate::world::World;
use crate::{Result, report};

/// How many addresses each look-up has.
const ADDRESSES: usize = 100;
/// How long an exchange may take.
const TIMEOUT: Duration = Duration::from_mins(30);

/// Puts a new key beside the old one, and looks addresses up until the server has renewed all rows.
/// A look-up that is refused ends the test.
pub async fn measure(
    world: &World,
    setup: &Setup<'_>,
    people: &[Vec<Person>],
    books: &[Vec<Book>],
    pepper: &str,
) -> Result<()> {
    let lookups = || lookups::of_all(people, books, Addresses::book, ADDRESSES, pepper);
    report::row("look-up × 100, before", ADDRESSES, &setup.measure(lookups()).await?);
    MasterKey::make(&world.next_master_key())?;
    let (begun, mut all): (_, Option<Measurement>) = (Instant::now(), None);
    while setup.server.log_line("the exchange of the master key is complete").is_err() {
        if begun.elapsed() > TIMEOUT {
            return Err("the exchange of the master key takes too long".into());
        }
        let measured = setup.measure(lookups()).await?;
        match &mut all {
            Some(all) => all.add(measured),
            None => all = Some(measured),
        }
    }
    if let Some(all) = all {
        report::row("look-up × 100, exchanging", ADDRESSES, &all.sorted());
    }
    for line in ["the master key is exchanged", "the exchange of the master key is complete"] {
        println!("server log: {}", setup.server.log_line(line)?);
    }
    Ok(())
}
