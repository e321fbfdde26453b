//! Connecting to one of many addresses: RFC 8305, "Happy Eyeballs".
//!
//! Attempts start a quarter of a second apart, or when one has failed, and the first that succeeds
//! wins. So an address that drops packets, or a DNS query that is never answered, costs a fraction
//! of a second, as long as another address is known by then.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::error::Cause;

/// The time to wait for other addresses once the first is known (RFC 8305 section 3).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
/// The time between two attempts (RFC 8305 section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// The maximum number of addresses that are tried.
const MAX_ATTEMPTS: usize = 16;

/// The place of an address: the number of its target, its number among the addresses of its family,
/// and its family, IPv6 first. Sorted like this, the families of a target alternate.
pub(super) type Rank = (usize, usize, bool);

/// The result of one DNS query.
pub(super) type Found = Result<Vec<(Rank, SocketAddr)>, Cause>;

/// Opens a connection to one of the addresses that `lookups` find, within `patience` after the
/// first attempt has begun.
///
/// # Errors
/// The reason why the last attempt failed, [`Cause::Timeout`] if one is still waiting,
/// [`Cause::Dns`] if there are no addresses because a query failed, and [`Cause::NoAddress`] if
/// there are simply none.
pub(super) async fn connect<T, F: Future<Output = Result<T, Cause>>>(
    mut lookups: impl Stream<Item = Found> + Unpin,
    open: impl Fn(SocketAddr) -> F,
    patience: Duration,
) -> Result<T, Cause> {
    let (mut waiting, mut attempts) = (BTreeMap::new(), FuturesUnordered::new());
    let (mut is_resolved, mut started, mut failure) = (false, 0, Cause::NoAddress);
    let mut next_at = Instant::now();
    let mut deadline = None;
    loop {
        let has_next = started < MAX_ATTEMPTS && !waiting.is_empty();
        let is_due = Instant::now() >= next_at || (started == 0 && is_resolved);
        if has_next
            && is_due
            && let Some((_, address)) = waiting.pop_first()
        {
            attempts.push(open(address));
            started += 1;
            next_at = Instant::now() + ATTEMPT_DELAY;
            deadline.get_or_insert(Instant::now() + patience);
            continue;
        }
        if is_resolved && attempts.is_empty() && !has_next {
            return Err(failure);
        }
        tokio::select! {
            biased;
            Some(outcome) = attempts.next(), if !attempts.is_empty() => match outcome {
                Ok(connection) => return Ok(connection),
                Err(cause) => {
                    failure = cause;
                    next_at = Instant::now();
                }
            },
            found = lookups.next(), if !is_resolved => match found {
                Some(Ok(found)) => {
                    if started == 0 && waiting.is_empty() {
                        next_at = Instant::now() + RESOLUTION_DELAY;
                    }
                    waiting.extend(found);
                }
                Some(Err(cause)) if started == 0 => failure = cause,
                Some(Err(_)) => {}
                None => is_resolved = true,
            },
            () = sleep_until(next_at), if has_next => {}
            () = sleep_until(deadline.unwrap_or(next_at)), if deadline.is_some() => return Err(Cause::Timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use tokio::time::sleep;

    use super::*;

    /// The behaviour of an address.
    #[derive(Clone, Copy)]
    enum Host {
        Accepts,
        Refuses,
        /// Drops packets.
        Drops,
        AcceptsAfter(u64),
    }
    use Host::{Accepts, AcceptsAfter, Drops, Refuses};

    /// A description of the case, the queries, the hosts, the outcome, the addresses tried, and the
    /// milliseconds.
    type Case = (&'static str, Vec<Query>, Vec<Host>, Result<u16, Cause>, Vec<u16>, u128);

    /// A query that is answered after this many milliseconds, or never.
    type Query = (Option<u64>, Found);

    /// The port stands for the address: it is the index of its behaviour.
    fn address(nth: u16) -> SocketAddr {
        ([192, 0, 2, 1], nth).into()
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands for the outcome of a query")]
    fn finds(target: usize, is_v4: bool, hosts: &[u16]) -> Found {
        let ranked = hosts.iter().enumerate().map(|(nth, host)| ((target, nth, is_v4), address(*host)));
        Ok(ranked.collect())
    }

    /// Returns the outcome, the addresses tried, and the milliseconds it took.
    async fn race(queries: Vec<Query>, hosts: &[Host]) -> (Result<u16, Cause>, Vec<u16>, u128) {
        let lookups: FuturesUnordered<_> = queries
            .into_iter()
            .map(|(after, found)| async move {
                match after {
                    Some(after) => sleep(Duration::from_millis(after)).await,
                    None => std::future::pending().await,
                }
                found
            })
            .collect();
        let tried = Mutex::new(Vec::new());
        let open = |address: SocketAddr| async move {
            match hosts[usize::from(address.port())] {
                Accepts => {}
                AcceptsAfter(after) => sleep(Duration::from_millis(after)).await,
                Refuses => return Err(Cause::Connect(io::ErrorKind::ConnectionRefused)),
                Drops => std::future::pending().await,
            }
            Ok(address.port())
        };
        let begun = Instant::now();
        let open = |address: SocketAddr| {
            tried.lock().unwrap().push(address.port());
            open(address)
        };
        let outcome = connect(lookups, open, Duration::from_secs(3)).await;
        let took = begun.elapsed().as_millis();
        (outcome, tried.into_inner().unwrap(), took)
    }

    const V6: bool = false;
    const V4: bool = true;

    #[tokio::test(start_paused = true)]
    async fn the_first_address_that_accepts_is_found_within_a_second() {
        let refused = Err(Cause::Connect(io::ErrorKind::ConnectionRefused));
        let cases: Vec<Case> = vec![
            ("one", vec![(Some(0), finds(0, V4, &[0]))], vec![Accepts], Ok(0), vec![0], 0),
            (
                "AAAA is never answered",
                vec![(None, finds(0, V6, &[])), (Some(0), finds(0, V4, &[0]))],
                vec![Accepts],
                Ok(0),
                vec![0],
                50,
            ),
            (
                "A is never answered",
                vec![(Some(10), finds(0, V6, &[0])), (None, finds(0, V4, &[]))],
                vec![Accepts],
                Ok(0),
                vec![0],
                60,
            ),
            (
                "AAAA fails",
                vec![(Some(0), Err(Cause::Dns)), (Some(0), finds(0, V4, &[0]))],
                vec![Accepts],
                Ok(0),
                vec![0],
                0,
            ),
            (
                "AAAA comes within the delay and is first",
                vec![(Some(40), finds(0, V6, &[1])), (Some(0), finds(0, V4, &[0]))],
                vec![Accepts, Accepts],
                Ok(1),
                vec![1],
                40,
            ),
            (
                "IPv6 is a black hole",
                vec![(Some(0), finds(0, V6, &[0])), (Some(0), finds(0, V4, &[1]))],
                vec![Drops, Accepts],
                Ok(1),
                vec![0, 1],
                250,
            ),
            (
                "families alternate",
                vec![(Some(0), finds(0, V6, &[0, 1, 2])), (Some(0), finds(0, V4, &[3, 4]))],
                vec![Refuses, Refuses, Refuses, Refuses, Accepts],
                Ok(4),
                vec![0, 3, 1, 4],
                0,
            ),
            (
                "a slow one beats the next",
                vec![(Some(0), finds(0, V4, &[0, 1]))],
                vec![AcceptsAfter(300), Drops],
                Ok(0),
                vec![0, 1],
                300,
            ),
            (
                "the first two targets are dead",
                vec![(Some(0), finds(0, V4, &[0])), (Some(0), finds(1, V4, &[1])), (Some(0), finds(2, V4, &[2]))],
                vec![Drops, Drops, Accepts],
                Ok(2),
                vec![0, 1, 2],
                500,
            ),
            (
                "an address found late",
                vec![(Some(600), finds(0, V6, &[1])), (Some(0), finds(0, V4, &[0]))],
                vec![Refuses, Accepts],
                Ok(1),
                vec![0, 1],
                600,
            ),
            (
                "the first target is answered last",
                vec![(Some(20), finds(0, V4, &[0])), (Some(0), finds(1, V4, &[1]))],
                vec![Accepts, Accepts],
                Ok(0),
                vec![0],
                20,
            ),
            ("all refuse", vec![(Some(0), finds(0, V4, &[0, 0]))], vec![Refuses], refused, vec![0, 0], 0),
            ("all drop", vec![(Some(0), finds(0, V4, &[0, 0]))], vec![Drops], Err(Cause::Timeout), vec![0, 0], 3000),
            ("no address", vec![(Some(0), finds(0, V4, &[]))], vec![], Err(Cause::NoAddress), vec![], 0),
            (
                "queries fail",
                vec![(Some(0), Err(Cause::Dns)), (Some(0), finds(0, V4, &[]))],
                vec![],
                Err(Cause::Dns),
                vec![],
                0,
            ),
        ];
        for (what, queries, hosts, outcome, tried, took) in cases {
            let (found, attempts, millis) = race(queries, &hosts).await;
            assert_eq!((found, attempts), (outcome, tried), "{what}");
            assert!((took..took + 5).contains(&millis), "{what}: {millis} ms, expected {took}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_addresses_are_tried() {
        let (outcome, tried, _) = race(vec![(Some(0), finds(0, V4, &[0; 100]))], &[Refuses]).await;
        assert_eq!(outcome, Err(Cause::Connect(io::ErrorKind::ConnectionRefused)));
        assert_eq!(tried.len(), MAX_ATTEMPTS);
    }
}
