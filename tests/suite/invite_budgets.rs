//! Rate limits of invitations, and of the text messages they cost.

use reqwest::Method;
use serde_json::Value;
use vouch::clock::MINUTE;
use vouch::config::{Bucket, MailTransport};

use crate::database::count;
use crate::invitations::{V2, invitation, invites};
use crate::phones::asked;
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
    async fn invitations_from_one_network_are_limited(mut world: World) {
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

    async fn invitations_by_text_count_towards_the_country_and_daily_limits(mut world: World) {
        // Newcomers may fill half of these.
        world.config.budgets.texts_country = Bucket { capacity: 4, per_hour: 60 };
        world.config.budgets.texts_server = Bucket { capacity: 6, per_hour: 60 };
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

    async fn inviting_a_number_counts_towards_its_country_but_not_towards_its_codes(mut world: World) {
        world.config.budgets.texts_number = Bucket { capacity: 1, per_hour: 1 };
        world.config.budgets.texts_country = Bucket { capacity: 4, per_hour: 60 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        invites_number(&alice, "447700900001").await.ok();
        alice.post("/validate/msisdn/requestToken", asked("07700900001", 1)).await.ok();
        let refused = invites_number(&alice, "447911123456").await;
        assert_eq!(refused.error(), (429, "M_LIMIT_EXCEEDED"));
        assert_eq!(refused.body["retry_after_ms"], MINUTE);
        invites_number(&alice, "16502530000").await.ok();
    }

    async fn invitations_are_limited_by_user_and_by_address(mut world: World) {
        world.config.budgets.invites_user = TWO;
        world.config.budgets.invites_address = Bucket { capacity: 1, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&alice, "one@example.com").await.ok();
        let refused = invites(&bob, "One@example.com").await;
        assert_eq!((refused.error(), &refused.headers["retry-after"]), ((429, "M_LIMIT_EXCEEDED"), &"60".parse().unwrap()));
        // The refused invitation was not charged.
        for email in ["two@example.com", "three@example.com"] {
            invites(&bob, email).await.ok();
        }
        assert_eq!(invites(&bob, "four@example.com").await.status, 429);
        assert_eq!(world.mail.count(), 3);
        world.clock.advance(MINUTE);
        invites(&bob, "four@example.com").await.ok();
    }

    async fn invitations_are_limited_by_homeserver_unless_it_is_trusted(mut world: World) {
        world.config.budgets.invites_homeserver = Bucket { capacity: 1, per_hour: 60 };
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&alice, "one@example.com").await.ok();
        assert_eq!(invites(&bob, "two@example.com").await.error(), (429, "M_LIMIT_EXCEEDED"));
        let (mxid, token) = (bob.mxid.clone(), bob.token.clone());
        drop((alice, bob));
        server.stop().await;
        world.config.budgets.trusted_homeservers = vec!["hs.example".try_into().unwrap()];
        let server = world.start().await;
        let bob = Person { world: &world, server: &server, mxid, token };
        invites(&bob, "two@example.com").await.ok();
    }

    async fn of_a_hundred_concurrent_invitations_only_as_many_as_allowed_are_sent(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let emails: Vec<String> = (0..100).map(|number| format!("guest{number}@example.com")).collect();
        let answers = futures_util::future::join_all(emails.iter().map(|email| invites(&alice, email))).await;
        let with = |status| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((with(200), with(429)), (30, 70));
        assert_eq!((world.mail.count(), count(&world, "invites").await), (30, 30));
    }

    async fn an_invitation_that_cannot_be_sent_is_not_stored_and_charged_to_the_inviter_only(mut world: World) {
        world.config.budgets.invites_user = Bucket { capacity: 4, per_hour: 60 };
        world.config.budgets.invites_server = Bucket { capacity: 1_000, per_hour: 60 };
        world.config.budgets.invites_address = Bucket { capacity: 1, per_hour: 60 };
        let working = world.config.mail.transport.clone();
        let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { unreachable!("the world has a mail server") };
        // Nothing listens on this port.
        smtp.port = 1;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for _ in 0..3 {
            assert_eq!(invites(&alice, "bob@example.com").await.error(), (400, "M_EMAIL_SEND_ERROR"));
        }
        assert_eq!((count(&world, "invites").await, count(&world, "ephemeral_keys").await), (0, 0));
        let (mxid, token) = (alice.mxid.clone(), alice.token.clone());
        drop(alice);
        server.stop().await;
        world.config.mail.transport = working;
        let server = world.start().await;
        let alice = Person { world: &world, server: &server, mxid, token };
        invites(&alice, "bob@example.com").await.ok();
        assert_eq!(count(&world, "invites").await, 1);
        assert_eq!(invites(&alice, "carol@example.com").await.error(), (429, "M_LIMIT_EXCEEDED"));
    }
}
