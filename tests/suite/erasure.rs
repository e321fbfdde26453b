//! `/you/export` and `/you/erase`: users download and erase everything that is stored about them.

use std::fs;

use futures_util::future::join;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vouch::clock::{DAY, MINUTE};
use vouch::config::Bucket;
use vouch::service::Subject;
use vouch_test_support::homeserver::Conduct;

use crate::binding::assert_signed;
use crate::database::{count, texts};
use crate::lookup::hex;
use crate::notices::{ALICE, PATIENCE};
use crate::own_proofs::ERASED;
use crate::undoing::heading;
use crate::visitor::{Visitor, alice_with_data, at, leads_to, leaves_a_delivery_waiting, note, row_counts};
use crate::world::{Answer, NOON, Person, World, hash, until};

/// Looks an address up with a pepper, and returns the status and the user.
async fn found(person: &Person<'_>, email: &str, pepper: &str) -> (u16, Option<String>) {
    let hash = hash(email, pepper);
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
    let answer = person.post("/lookup", asked).await;
    (answer.status, answer.body["mappings"][&hash].as_str().map(str::to_owned))
}

/// Returns the JSON of a receipt page.
fn receipt(page: &Answer) -> Value {
    let json = page.text.split_once("<pre tabindex=\"0\">").unwrap().1.split_once("</pre>").unwrap().0;
    serde_json::from_str(&json.replace("&#34;", "\"")).unwrap()
}

/// Returns the sealed columns and hashes that are stored about Alice, in hexadecimal. Empty on
/// `PostgreSQL`.
async fn secrets(world: &World) -> Vec<String> {
    if world.database.is_some() {
        return Vec::new();
    }
    let theirs = "
        SELECT hex(mxid) AS text FROM accounts WHERE created_at = 1795435200000 AND id = 1
        UNION ALL SELECT hex(user_index) FROM accounts WHERE id = 1
        UNION ALL SELECT hex(token_hash) FROM tokens WHERE account_id = 1
        UNION ALL SELECT hex(address) FROM sessions WHERE account_id = 1
        UNION ALL SELECT hex(room_id) FROM invites WHERE account_id = 1
        UNION ALL SELECT hex(mxid) FROM bindings WHERE id < 3
        UNION ALL SELECT hex(address) FROM bindings WHERE id < 3
        UNION ALL SELECT hex(payload) FROM outbox
        UNION ALL SELECT hex(subject) FROM visits";
    texts(world, theirs).await
}

/// Checks that no deleted bytes are left in the files of `SQLite`.
#[track_caller]
fn assert_gone_from_the_file(world: &World, secrets: &[String]) {
    if world.database.is_some() {
        return;
    }
    assert!(secrets.len() > 12, "{secrets:?}");
    for name in ["vouch.db", "vouch.db-wal"] {
        let file = fs::read(world.folder.path().join(name)).unwrap_or_default();
        let file = hex(&file).to_uppercase();
        assert!(secrets.iter().all(|secret| !file.contains(secret)), "{name}");
    }
}

on_both_backends! {
    async fn everything_can_be_downloaded_right_after_signing_in(mut world: World) {
        world.config.budgets.exports_user = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        world.clock.advance(5 * MINUTE - 1);
        assert!(note(&visitor.opens("/you?for=export").await).starts_with("You have just signed in"));
        let file = visitor.opens("/you/export").await;
        for (name, value) in [
            ("content-type", "application/json"), ("content-disposition", "attachment; filename=\"my-data.json\""),
            ("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow"), ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(file.headers[name], value);
        }
        let export = file.ok();
        assert_eq!((&export["user_id"], &export["visits"]), (&json!(alice.mxid), &json!([{ "proved_at": NOON }])));
        assert_eq!(export["bindings"].as_array().unwrap().len(), 2);
        // A sign-in is good for one download.
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?for=export&lang=en");
        assert!(!visitor.opens("/you?for=export").await.text.contains("@alice"), "the page asks to sign in again");
        assert!(visitor.opens("/you").await.text.contains("@alice"), "the session itself continues");
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        visitor.opens("/you/export").await.ok();
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?said=later&lang=en");
        assert!(note(&visitor.opens("/you?said=later").await).starts_with("You have reached the download limit"));
        // After exactly five minutes, a new sign-in is needed.
        world.clock.advance(5 * MINUTE - 1);
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?said=later&lang=en");
        world.clock.advance(1);
        assert_eq!(leads_to(&visitor.opens("/you/export").await), "/you?for=export&lang=en");
    }

    async fn an_erasure_requires_a_recent_sign_in_and_the_matrix_id(world: World) {
        let server = world.start().await;
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        let before = row_counts(&world).await;
        let page = visitor.opens(leads_to(&visitor.opens("/you?for=erase").await)).await;
        assert_eq!(heading(&page, 200), "Erase everything?");
        for loss in ["2 links between addresses and you", "1 sign-in of an app", "1 invitation you sent", "for another 30 days, without your name"] {
            assert!(page.text.contains(loss), "{loss} is missing in {}", page.text);
        }
        for wrong in ["", "alice", "@ALICE:hs.example", "@bob:hs.example", "<b>\"@alice:hs.example", "@alice:hs.example2"] {
            let page = visitor.sends("/you/erase", &[("confirmation", wrong)]).await;
            assert_eq!(heading(&page, 400), "Erase everything?");
            assert!(page.text.contains("<title>Nothing was erased") && page.text.contains("role=\"alert\">This is not your Matrix ID"));
            assert!(!page.text.contains("<b>"));
        }
        let token = visitor.form_token().await;
        world.clock.advance(5 * MINUTE);
        let fields = [("form_token", token.as_str()), ("confirmation", alice.mxid.as_str())];
        assert_eq!(leads_to(&visitor.posts("/you/erase", &fields).await), "/you?for=erase&lang=en");
        assert_eq!(leads_to(&visitor.opens("/you/erase").await), "/you?for=erase&lang=en");
        assert_eq!(row_counts(&world).await, before);
    }

    async fn an_erased_user_is_gone_on_every_node_and_gets_a_receipt(mut world: World) {
        world.config.lookup.pepper_period = std::time::Duration::from_hours(24);
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let bob = world.person(&server, "bob").await;
        bob.binds("bobs-own@example.com").await;
        leaves_a_delivery_waiting(&alice).await;
        let before = bob.pepper().await;
        world.clock.advance(DAY);
        until(PATIENCE, "the pepper does not change", async || bob.pepper().await != before).await;
        let peppers = [before, bob.pepper().await];
        let there = at(&bob, &other);
        for pepper in &peppers {
            for bob in [&bob, &there] {
                until(PATIENCE, "the address is not found", async || found(bob, ALICE, pepper).await.1.is_some()).await;
            }
        }
        // The homeserver is unreachable, so the delivery waits, and nobody can sign in through it.
        let subject = Subject::User(alice.mxid.as_str().try_into().unwrap());
        let visitor = Visitor::proven(&world, &server, &subject).await;
        visitor.confirms(&world, ALICE).await;
        until(PATIENCE, "the alert is not delivered", async || count(&world, "outbox").await == 1).await;
        let secrets = secrets(&world).await;
        let page = visitor.sends("/you/erase", &[("confirmation", &format!(" {} ", alice.mxid))]).await;
        for pepper in &peppers {
            for bob in [&there, &bob] {
                for email in [ALICE, "alice@work.example"] {
                    assert_eq!(found(bob, email, pepper).await, (200, None));
                }
            }
        }
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("<h1>Everything has been erased</h1>"));
        assert!(page.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        let receipt = receipt(&page);
        assert_signed(&server, world.config.server.name.as_str(), &receipt).await;
        let mut bare = receipt;
        bare.as_object_mut().unwrap().remove("signatures");
        let now = NOON + DAY;
        assert_eq!(bare, json!({
            "type": "im.vouch.erasure_receipt", "server_name": world.config.server.name, "user_id": alice.mxid, "erased_at": now,
            "erased": {
                "account": true, "bindings": 2, "access_tokens": 1, "validation_sessions": 3, "invitations": 2, "deliveries": 1, "visits": 1,
            },
            "kept": { "consents": 2, "consents_until": now + 30 * DAY },
        }));
        for alice in [&alice, &at(&alice, &other)] {
            assert_eq!(alice.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert!(!visitor.at(&other).opens("/you").await.text.contains("@alice"), "the session has ended");
        assert_eq!(visitor.posts("/you/erase", &[("confirmation", &alice.mxid)]).await.status, 403);
        // The alert that tells her addresses is sealed again, and is deleted when it arrives.
        for address in [ALICE, "alice@work.example"] {
            world.mail.wait_for(|mail| mail.to == [address] && mail.subject() == ERASED).await;
        }
        assert_gone_from_the_file(&world, &secrets);
        assert_eq!(found(&bob, "bobs-own@example.com", &peppers[1]).await, (200, Some(bob.mxid.clone())), "other users are not erased");
        // A user who returns starts from scratch.
        world.homeserver.behave(Conduct::Honest);
        let back = Visitor::signed_in(&world, &server, "alice").await;
        assert!(back.opens("/you").await.text.contains("stores nothing about you"));
        let alice = world.newcomer(&server, "alice").await;
        assert_eq!(alice.get("/account").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        alice.accepts_everything().await;
        alice.get("/account").await.ok();
    }

    async fn of_two_concurrent_erasures_one_takes_effect(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let alice = alice_with_data(&world, &server).await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        visitor.confirms(&world, ALICE).await;
        let token = visitor.form_token().await;
        let fields = [("form_token", token.as_str()), ("confirmation", alice.mxid.as_str())];
        let (one, two) = join(visitor.posts("/you/erase", &fields), visitor.at(&other).posts("/you/erase", &fields)).await;
        let erased: Vec<_> = [&one, &two].into_iter().filter(|page| page.status == 200).map(|page| receipt(page)["erased"]["bindings"].as_i64().unwrap()).collect();
        assert!(erased.iter().sum::<i64>() == 2 && [&one, &two].iter().all(|page| [200, 303, 403].contains(&page.status)), "{erased:?}");
        assert_eq!((count(&world, "accounts").await, count(&world, "bindings").await), (0, 0));
    }

    async fn a_concurrent_bind_does_not_outlive_an_erasure(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        for n in 0..6 {
            let name = format!("user{n}");
            let person = world.person(&server, &name).await;
            let sid = person.proves(&format!("{name}@example.com")).await;
            let visitor = Visitor::signed_in(&world, &other, &name).await;
            let token = visitor.form_token().await;
            let fields = [("form_token", token.as_str()), ("confirmation", person.mxid.as_str())];
            let (bound, erased) = join(person.binds_by(&sid), visitor.posts("/you/erase", &fields)).await;
            // An address that has just been bound must be confirmed first; otherwise nothing is
            // erased.
            let is_erased = erased.status == 200;
            assert!(is_erased || leads_to(&erased) == "/you?said=locked&lang=en", "{}", erased.text);
            assert!([200, 401, 404].contains(&bound.status), "{bound:?}");
            if !is_erased {
                assert_eq!((bound.status, person.looks_up(&format!("{name}@example.com")).await), (200, Some(person.mxid.clone())));
                visitor.confirms(&world, &format!("{name}@example.com")).await;
                assert_eq!(visitor.sends("/you/erase", &fields[1..]).await.status, 200);
            }
            until(PATIENCE, "it is not delivered", async || count(&world, "outbox").await == 0).await;
            for table in ["accounts", "bindings", "sessions", "outbox", "tokens"] {
                assert_eq!(count(&world, table).await, 0, "{table}");
            }
        }
    }

    async fn a_form_still_being_sent_when_its_session_ends_does_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let token = visitor.form_token().await;
        let body = format!("form_token={token}&policy=privacy_policy&version=1.0&language=fr");
        let head = format!(
            "POST /you/accept HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {}\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n",
            visitor.cookie,
            body.len(),
        );
        let mut form = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
        form.write_all(head.as_bytes()).await.unwrap();
        // Erasing takes long enough for the head to arrive first.
        assert_eq!(visitor.sends("/you/erase", &[("confirmation", alice.mxid.as_str())]).await.status, 200);
        form.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        form.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert_eq!(count(&world, "accounts").await, 0);
    }
}
