//! Rate limits of mails by user, recipient and network.

use reqwest::Method;
use serde_json::json;
use vouch::clock::{MINUTE, SECOND};
use vouch::config::Bucket;

use crate::world::{Answer, Person, SECRET};

/// Two at once, then one a minute.
const TWO: Bucket = Bucket { capacity: 2, per_hour: 60 };

/// Requests a mail from a network reported by a trusted proxy.
async fn asks_from(person: &Person<'_>, network: &str, email: &str, attempt: u32) -> Answer {
    let path = "/_matrix/identity/v2/validate/email/requestToken";
    let body = json!({ "client_secret": SECRET, "email": email, "send_attempt": attempt });
    let request = person.server.request(Method::POST, path, Some(&person.token)).json(&body);
    person.server.send(request.header("X-Forwarded-For", network)).await
}

async fn asks(person: &Person<'_>, email: &str, attempt: u32) -> Answer {
    asks_from(person, "198.51.100.1", email, attempt).await
}

#[track_caller]
fn assert_must_wait_a_minute(answer: &Answer) {
    assert_eq!(answer.error(), (429, "M_LIMIT_EXCEEDED"), "{}", answer.text);
    assert_eq!(answer.headers["retry-after"], "60");
    assert_eq!(answer.body["retry_after_ms"], MINUTE);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

on_both_backends! {
    async fn mails_requested_by_a_user_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.messages_user = TWO;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        for attempt in [1, 1, 2, 2, 1] {
            // A request that sends no mail is not charged.
            asks(&alice, "one@example.com", attempt).await.ok();
        }
        for email in ["one@example.com", "two@example.com"] {
            assert_must_wait_a_minute(&asks(&alice, email, 3).await);
        }
        assert_eq!(world.mail.count(), 2);
        asks(&bob, "one@example.com", 1).await.ok();

        // The level drains, and a refused request was not charged.
        world.clock.advance(MINUTE - 1);
        assert_eq!(asks(&alice, "two@example.com", 3).await.status, 429);
        world.clock.advance(1);
        asks(&alice, "two@example.com", 3).await.ok();
        assert_eq!(world.mail.count(), 4);
        assert_eq!(world.mail.messages()[3].to, ["two@example.com"]);
    }

    async fn mails_to_an_address_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.messages_address = TWO;
        let server = world.start().await;
        let people = [
            world.person(&server, "alice").await, world.person(&server, "bob").await, world.person(&server, "carol").await,
        ];
        asks(&people[0], "victim@example.com", 1).await.ok();
        asks(&people[1], "Victim@Example.com", 1).await.ok();
        assert_must_wait_a_minute(&asks(&people[2], "victim@example.com", 1).await);
        assert_eq!(world.mail.count(), 2);
        asks(&people[2], "other@example.com", 1).await.ok();
        world.clock.advance(MINUTE);
        asks(&people[2], "victim@example.com", 1).await.ok();
        assert_eq!(world.mail.count(), 4);
    }

    async fn mails_requested_from_a_network_are_limited(world: World) {
        let mut world = world;
        world.config.budgets.messages_network = TWO;
        world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let server = world.start().await;
        let people = [
            world.person(&server, "alice").await, world.person(&server, "bob").await, world.person(&server, "carol").await,
        ];
        asks_from(&people[0], "203.0.113.1", "one@example.com", 1).await.ok();
        asks_from(&people[1], "203.0.113.200", "two@example.com", 1).await.ok();
        assert_must_wait_a_minute(&asks_from(&people[2], "203.0.113.77", "three@example.com", 1).await);
        // Anyone could have written what precedes the proxy's own entry.
        assert_eq!(asks_from(&people[2], "198.51.100.9, 203.0.113.77", "three@example.com", 1).await.status, 429);
        assert_eq!(world.mail.count(), 2);
        asks_from(&people[2], "203.0.114.77", "three@example.com", 1).await.ok();
        world.clock.advance(MINUTE);
        asks_from(&people[2], "203.0.113.77", "three@example.com", 2).await.ok();
        assert_eq!(world.mail.count(), 4);
    }

    async fn clients_cannot_forge_their_network(world: World) {
        let mut world = world;
        world.config.budgets.messages_network = TWO;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (attempt, network) in [(1, "203.0.113.1"), (2, "198.51.100.1")] {
            asks_from(&alice, network, "alice@example.com", attempt).await.ok();
        }
        assert_eq!(asks_from(&alice, "192.0.2.1", "alice@example.com", 3).await.status, 429);
        assert_eq!(world.mail.count(), 2);
    }

    async fn a_refused_mail_charges_nobody(world: World) {
        let mut world = world;
        world.config.budgets.messages_address = Bucket { capacity: 1, per_hour: 60 };
        world.config.budgets.messages_user = Bucket { capacity: 1, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        asks(&alice, "alice@example.com", 1).await.ok();
        for _ in 0..3 {
            assert_eq!(asks(&bob, "alice@example.com", 1).await.status, 429);
        }
        asks(&bob, "bob@example.com", 1).await.ok();
        world.clock.advance(30 * SECOND);
        let answer = asks(&bob, "bob@example.com", 2).await;
        assert_eq!((answer.status, &answer.headers["retry-after"]), (429, &"30".parse().unwrap()));
    }
}

on_both_backends! {
    async fn a_mail_that_failed_is_not_charged_to_its_address(world: World) {
        use vouch::config::MailTransport;

        let mut world = world;
        world.config.budgets.messages_address = Bucket { capacity: 1, per_hour: 60 };
        let working = world.config.mail.transport.clone();
        let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { unreachable!("the world has a mail server") };
        // Nothing listens there.
        smtp.port = 1;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..3 {
            assert_eq!(asks(&alice, "alice@example.com", 1).await.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop(alice);
        server.stop().await;
        world.config.mail.transport = working;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        asks(&alice, "alice@example.com", 1).await.ok();
        world.mail.wait_to("alice@example.com").await;
        assert_eq!(asks(&alice, "alice@example.com", 2).await.status, 429);
    }
}
