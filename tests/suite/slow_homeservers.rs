//! Slow homeservers: they delay deliveries to themselves, but neither to other homeservers nor to
//! people.

use std::time::Duration;

use vouch::config::Bucket;
use vouch_test_support::homeserver::{Conduct, Homeserver};

use crate::crowds::{homeservers, user_of};
use crate::notices::{BOUND, notice};
use crate::onbind::{EMAIL, PATIENCE, ROOM, invitation, invites};
use crate::world::{Person, Server, World, until};

/// Starts homeservers with these names. Invitations are not limited.
fn many(world: &mut World, names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Homeserver> {
    world.config.server.shutdown_timeout = Duration::ZERO;
    let many = Bucket { capacity: 100_000, per_hour: 1 };
    let budgets = &mut world.config.budgets;
    for budget in [&mut budgets.invites_user, &mut budgets.invites_address, &mut budgets.invites_homeserver] {
        *budget = many;
    }
    (budgets.invites_network, budgets.invites_server) = (many, many);
    homeservers(world, names)
}

/// Binds an address with four invitations to a user of each of these homeservers, which answer
/// after an hour.
async fn bind_invited(world: &World, server: &Server, inviter: &Person<'_>, slow: &[Homeserver]) {
    for (n, homeserver) in slow.iter().enumerate() {
        let person = user_of(world, server, homeserver).await;
        let address = format!("slow{n}@example.com");
        for _ in 0..4 {
            invites(inviter, ROOM, &address).await;
        }
        let sid = person.proves(&address).await;
        homeserver.behave(Conduct::Slow(Duration::from_hours(1)));
        person.binds_by(&sid).await.ok();
    }
}

fn told(homeservers: &[Homeserver]) -> usize {
    homeservers.iter().map(|homeserver| homeserver.told().len()).sum()
}

async fn until_told(homeservers: &[Homeserver], times: usize) {
    until(PATIENCE, "they are not told", async || told(homeservers) >= times).await;
}

on_both_backends! {
    async fn those_of_one_domain_delay_no_other(world: World) {
        let mut world = world;
        let homeservers = many(&mut world, ["good.example", "a.wild.example", "b.wild.example", "wild.example"]);
        let (good, slow) = homeservers.split_at(1);
        let server = world.start().await;
        let person = user_of(&world, &server, &good[0]).await;
        bind_invited(&world, &server, &person, slow).await;
        until_told(slow, 4).await;
        // Later deliveries arrive, and no more of the earlier ones are tried.
        let token = invites(&person, ROOM, EMAIL).await;
        person.binds(EMAIL).await;
        until_told(good, 1).await;
        assert_eq!(invitation(&good[0].told()[0])["token"], token);
        assert_eq!(told(slow), 4);
    }

    async fn those_of_many_domains_delay_no_notice(world: World) {
        let mut world = world;
        let names = (0..17).map(|n| format!("hs.wild{n}.example"));
        let homeservers = many(&mut world, names);
        let (good, slow) = homeservers.split_at(1);
        let server = world.start().await;
        let person = user_of(&world, &server, &good[0]).await;
        bind_invited(&world, &server, &person, slow).await;
        until_told(slow, 32).await;
        person.binds(EMAIL).await;
        notice(&world, EMAIL, BOUND).await;
        assert_eq!(told(slow), 32);
    }
}
