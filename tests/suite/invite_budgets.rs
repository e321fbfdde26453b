//! Rate limits of invitations by network, and of the text messages they cost.

use reqwest::Method;
use serde_json::Value;
use vouch::clock::MINUTE;
use vouch::config::Bucket;

use crate::invites::{V2, invitation};
use crate::world::{Answer, Person};

/// Two at once, then one a minute.
const TWO: Bucket = Bucket { capacity: 2, per_hour: 60 };

async fn invites_through(person: &Person<'_>, network: &str, email: &str) -> Answer {
    let path = format!("{V2}/store-invite");
    let request = person.server.request(Method::POST, &path, Some(&person.token)).header("X-Forwarded-For", network);
    person.server.send(request.json(&invitation(person, email))).await
}

async fn invites_number(person: &Person<'_>, number: &str) -> Answer {
    let mut asked = invitation(person, number);
    asked["medium"] = Value::from("msisdn");
    person.post("/store-invite", asked).await
}

#[track_caller]
fn assert_must_wait_a_minute(answer: &Answer) {
    assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"), "{answer:?}");
    assert_eq!(
        (&answer.headers["retry-after"], &answer.body["retry_after_ms"]),
        (&"60".parse().unwrap(), &MINUTE.into())
    );
}

on_both_backends! {
    async fn invitations_from_one_network_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.invites_network = TWO;
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites_through(&alice, "203.0.113.1", "one@example.com").await.ok();
        invites_through(&bob, "203.0.113.200", "two@example.com").await.ok();
        assert_must_wait_a_minute(&invites_through(&alice, "203.0.113.77", "three@example.com").await);
        invites_through(&alice, "203.0.114.77", "three@example.com").await.ok();
        world.clock.advance(MINUTE);
        invites_through(&bob, "203.0.113.77", "four@example.com").await.ok();
        assert_eq!(world.mail.count(), 4);
    }

    async fn invitations_by_text_count_towards_the_country_and_daily_limits(world: World) {
        let mut world = world;
        world.config.budgets.texts_country = TWO;
        world.config.budgets.texts_server = Bucket { capacity: 3, per_hour: 60 };
        // Invitations to a number do not use up the codes that its owner may request.
        world.config.budgets.texts_number = Bucket { capacity: 1, per_hour: 1 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites_number(&alice, "447700900001").await.ok();
        invites_number(&bob, "447700900001").await.ok();
        assert_must_wait_a_minute(&invites_number(&alice, "447700900002").await);
        invites_number(&alice, "491701234567").await.ok();
        assert_must_wait_a_minute(&invites_number(&bob, "16502530000").await);
        world.clock.advance(MINUTE);
        invites_number(&alice, "447700900002").await.ok();
        assert_eq!(world.texts().len(), 4);
    }
}
