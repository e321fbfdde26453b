//! Somebody binds an address that is not theirs: its reader learns who did it, and can undo
//! everything.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use vouch::clock::{DAY, MINUTE};
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::mail_sink::Message;

use crate::database::{count, execute, texts};
use crate::notices::{BOUND, moody, notice, words};
use crate::onbind::invitation;
use crate::undoing::{not_me, presses};
use crate::world::{Person, SECRET, World, link, until};

const PATIENCE: Duration = Duration::from_secs(20);
const ADDRESS: &str = "victim@example.com";
const NOTHING_LEFT: &str = "There is nothing left to undo";

async fn invites(inviter: &Person<'_>, address: &str) -> String {
    let asked = json!({ "medium": "email", "address": address, "room_id": "!room:hs.example", "sender": inviter.mxid });
    inviter.post("/store-invite", asked).await.ok()["token"].as_str().unwrap().to_owned()
}

async fn onbinds(world: &World) -> usize {
    texts(world, "SELECT kind AS text FROM outbox WHERE kind = 'onbind'").await.len()
}

async fn mail_about(world: &World, inviter: &str) -> Message {
    world
        .mail
        .wait_for(|mail| mail.to == [ADDRESS] && mail.text().contains("/invited?") && mail.text().contains(inviter))
        .await
}

/// Returns the tokens of the invitations that were delivered to the homeserver.
fn told(world: &World) -> Vec<String> {
    world.homeserver.told().iter().map(|request| invitation(request)["token"].as_str().unwrap().to_owned()).collect()
}

on_both_backends! {
    async fn whoever_opens_a_link_they_did_not_ask_for_is_told_and_can_undo_it(world: World) {
        let server = world.start().await;
        let (victim, mallory) = (world.person(&server, "victim").await, world.person(&server, "mallory").await);
        let sid = mallory.asks_to_prove(ADDRESS).await;
        let mail = world.validation_mail(ADDRESS).await;
        assert!(words(&mail).contains(&mallory.mxid), "{}", mail.text());
        // The link is still opened.
        let clicked = link(&mail);
        let path = &clicked[clicked.find("/_matrix").unwrap()..];
        assert_eq!(server.get(path, None).await.status, 200);

        let bind = |mxid: &str| json!({ "sid": sid, "client_secret": SECRET, "mxid": mxid });
        // The session belongs to Mallory and proves nothing for anybody else.
        assert_eq!(victim.post("/3pid/bind", bind(&victim.mxid)).await.error(), (404, "M_NO_VALID_SESSION"));
        assert_eq!(mallory.post("/3pid/bind", bind(&victim.mxid)).await.error(), (403, "M_FORBIDDEN"));
        assert_eq!(victim.looks_up(ADDRESS).await, None);
        mallory.post("/3pid/bind", bind(&mallory.mxid)).await.ok();
        let told = notice(&world, ADDRESS, BOUND).await;
        assert!(words(&told).contains(&mallory.mxid), "{}", told.text());
        presses(&server, &not_me(&told)).await;
        assert_eq!(victim.looks_up(ADDRESS).await, None);
        assert_eq!(mallory.post("/3pid/bind", bind(&mallory.mxid)).await.error(), (404, "M_NO_VALID_SESSION"));
    }

    async fn an_undone_bind_delivers_no_invitation(world: World) {
        let server = world.start().await;
        let (bob, mallory) = (world.person(&server, "bob").await, world.person(&server, "mallory").await);
        for by_the_notice in [true, false] {
            world.mail.forget();
            // The same user's deliveries for another address are kept.
            let others = format!("mallory{by_the_notice}@example.com");
            invites(&bob, ADDRESS).await;
            invites(&bob, &others).await;
            world.homeserver.behave(Conduct::HangsUp);
            mallory.binds(ADDRESS).await;
            mallory.binds(&others).await;
            let path = if by_the_notice {
                not_me(&notice(&world, ADDRESS, BOUND).await)
            } else {
                not_me(&world.validation_mail(ADDRESS).await)
            };
            until(PATIENCE, "they are not tried", async || {
                let tried = "SELECT kind AS text FROM outbox WHERE kind = 'onbind' AND attempts = 1 AND held_until = 0";
                texts(&world, tried).await.len() == 2
            }).await;
            let done = presses(&server, &path).await;
            assert!(done.status == 200 && !done.text.contains(NOTHING_LEFT), "{}", done.text);
            assert_eq!(onbinds(&world).await, 1);
            let before = world.homeserver.told().len();
            world.homeserver.behave(Conduct::Honest);
            world.clock.advance(10 * MINUTE);
            until(PATIENCE, "the other is not told", async || count(&world, "outbox").await == 0).await;
            let told: Vec<_> = world.homeserver.told().iter().skip(before).map(invitation).collect();
            assert_eq!(told.len(), 1);
            assert_eq!(told[0]["address"], others);
        }
    }

    async fn undoing_a_bind_also_removes_its_pending_deliveries(world: World) {
        let server = world.start().await;
        let (bob, mallory) = (world.person(&server, "bob").await, world.person(&server, "mallory").await);
        invites(&bob, ADDRESS).await;
        world.homeserver.behave(Conduct::HangsUp);
        mallory.binds(ADDRESS).await;
        mallory.unbinds(ADDRESS).await.ok();
        // Unbinding one's own address keeps the accepted invitations.
        assert_eq!(onbinds(&world).await, 1);
        presses(&server, &not_me(&world.validation_mail(ADDRESS).await)).await;
        assert_eq!(onbinds(&world).await, 0);
    }

    async fn invitations_do_not_leak_into_each_other(world: World) {
        let server = world.start().await;
        let victim = world.person(&server, "victim").await;
        let (bob, carol) = (world.person(&server, "bob").await, world.person(&server, "carol").await);
        let (bobs, carols) = (invites(&bob, ADDRESS).await, invites(&carol, ADDRESS).await);
        for (inviter, other, token) in [(&bob, &carol, &carols), (&carol, &bob, &bobs)] {
            let mail = mail_about(&world, &inviter.mxid).await;
            let all = format!("{}{}", mail.text(), mail.html());
            assert!(!all.contains(&other.mxid) && !all.contains(token.as_str()), "{all}");
        }
        victim.binds(ADDRESS).await;
        until(PATIENCE, "they are not told", async || count(&world, "outbox").await == 0).await;
        let mut both = told(&world);
        both.sort();
        let mut expected = [bobs.clone(), carols.clone()];
        expected.sort();
        assert_eq!(both, expected);
        for request in world.homeserver.told() {
            let raw = String::from_utf8(request.body().to_vec()).unwrap();
            let of_bob = (raw.contains(&bob.mxid), raw.contains(&bobs));
            let of_carol = (raw.contains(&carol.mxid), raw.contains(&carols));
            assert!(matches!((of_bob, of_carol), ((true, true), (false, false)) | ((false, false), (true, true))), "{raw}");
        }
    }

    async fn a_notice_expires_after_a_day_even_if_it_was_never_tried(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, ADDRESS).await;
        let sid = alice.proves(ADDRESS).await;
        refuses.store(true, Ordering::SeqCst);
        world.homeserver.behave(Conduct::HangsUp);
        alice.binds_by(&sid).await.ok();
        let tried = "SELECT kind AS text FROM outbox WHERE attempts = 1 AND held_until = 0";
        until(PATIENCE, "they are not tried", async || texts(&world, tried).await.len() == 2).await;
        // As if the next attempt were far in the future.
        execute(&world, &format!("UPDATE outbox SET next_at = next_at + {}", 30 * DAY)).await;
        world.clock.advance(DAY - 11 * MINUTE);
        server.until_ready().await;
        assert_eq!(count(&world, "outbox").await, 2);
        // The nodes sweep every ten minutes.
        world.clock.advance(22 * MINUTE);
        until(PATIENCE, "it is not swept", async || {
            // Wakes the sweeper in case it was busy when the clock was advanced.
            world.clock.advance(MINUTE);
            count(&world, "outbox").await == 1
        }).await;
        assert_eq!(texts(&world, "SELECT kind AS text FROM outbox").await, ["onbind"]);
    }
}
