//! The content of the audit log.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, MINUTE, Millis};
use vouch::service::{Checkpoints, Listed, Objector, Selection, Services, Subject, Verified};

use crate::address_visitor;
use crate::database::{allow, count, execute, refuse};
use crate::own_proofs::{DATA, proves_again};
use crate::program::{Binary, PATIENCE, done, refused};
use crate::signed_unbind;
use crate::visitor::Visitor;
use crate::world::{NOON, Person, World, until};

pub const ALICE: &str = "alice@example.com";
pub const EVERYTHING: Selection = Selection { since: Millis::MIN, until: Millis::MAX, act: None, of: None };

pub async fn look(world: &World) -> Arc<Services> {
    Services::look(world.config.clone(), world.clock.clone()).await.unwrap()
}

pub async fn verified(world: &World) -> Verified {
    look(world).await.audit.verify(&Checkpoints::default()).await.unwrap()
}

/// Returns the problems, once everything is linked.
pub async fn problems(world: &World) -> Vec<String> {
    until(PATIENCE, "entries are not linked", async || verified(world).await.waiting == 0).await;
    verified(world).await.problems
}

pub async fn listed(world: &World, which: Selection) -> Vec<Listed> {
    look(world).await.audit.list(&which).await.unwrap()
}

/// Returns act, origin and outcome of each entry after the first `skip`.
pub async fn acts(world: &World, skip: usize) -> Vec<String> {
    let all = listed(world, EVERYTHING).await;
    let said = |one: &Listed| format!("{} {} {}", one.record.act, one.record.origin, one.record.outcome);
    all.iter().skip(skip).map(said).collect()
}

/// Returns the acts about a person or address.
pub async fn of(world: &World, subject: Subject) -> Vec<String> {
    let some = listed(world, Selection { of: Some(subject), ..EVERYTHING }).await;
    some.into_iter().map(|one| one.record.act).collect()
}

pub fn user(person: &Person<'_>) -> Subject {
    Subject::User(person.mxid.as_str().try_into().unwrap())
}

pub fn email(text: &str) -> Subject {
    Subject::Address(vouch::identity::threepid::Address::email(text).unwrap())
}

on_both_backends! {
    async fn what_people_and_homeservers_do_is_in_the_log(world: World) {
        let server = world.start().await;
        assert_eq!(acts(&world, 0).await, ["keys start done", "settings start done"]);
        let alice = world.person(&server, "alice").await;
        assert_eq!(acts(&world, 2).await, ["accept api done"; 2]);
        alice.accepts_everything().await;
        alice.binds(ALICE).await;
        alice.binds_by(&alice.proves(ALICE).await).await.ok();
        assert_eq!(acts(&world, 4).await, ["bind api done"], "what is repeated changes nothing");
        alice.unbinds(ALICE).await.ok();
        alice.unbinds(ALICE).await.ok();
        assert_eq!(acts(&world, 5).await, ["unbind api done"]);
        alice.binds(ALICE).await;
        world.mail.forget();
        let bob = world.person(&server, "bob").await;
        bob.binds(ALICE).await;
        assert_eq!(acts(&world, 7).await, ["accept api done", "accept api done", "unbind api done", "bind api done"]);
        let signed = signed_unbind::unbinding("bound@example.com");
        alice.binds("bound@example.com").await;
        let header = signed_unbind::good_header(&world, &signed);
        signed_unbind::post(&server, &[&header], &signed).await.ok();
        signed_unbind::post(&server, &[&header], &signed).await.ok();
        assert_eq!(acts(&world, 11).await, ["bind api done", "unbind homeserver done"]);
        let theirs = ["accept", "accept", "bind", "unbind", "bind", "unbind", "bind", "unbind"];
        assert_eq!(of(&world, user(&alice)).await, theirs);
        assert_eq!(of(&world, email(ALICE)).await, ["bind", "unbind", "bind", "unbind", "bind"]);
        assert_eq!(of(&world, email("nobody@example.com")).await, [""; 0]);
        world.mail.forget();
        let visitor = address_visitor::Visitor::by_mail(&world, &server, ALICE).await;
        for (action, act) in [("object", "object"), ("withdraw", "withdraw_objection")] {
            let before = acts(&world, 0).await.len();
            visitor.done(action).await;
            assert_eq!(acts(&world, before).await, [format!("{act} page done")]);
        }
        let before = acts(&world, 0).await.len();
        visitor.downloads().await;
        assert_eq!(acts(&world, before).await, ["export page done"]);
        assert_eq!(problems(&world).await, [""; 0]);
    }

    async fn what_people_do_with_everything_about_them_is_in_the_log(world: World) {
        let server = world.start().await;
        let mut alice = world.person(&server, "alice").await;
        let before = acts(&world, 0).await.len();
        alice.token = world.newcomer(&server, "alice").await.token;
        server.get(DATA, Some(&alice.token)).await.ok();
        proves_again(&alice).await;
        let erasure = "/_matrix/identity/unstable/im.vouch/account/erasure";
        assert_eq!(server.post(erasure, Some(&alice.token), &json!({})).await.status, 202);
        proves_again(&alice).await;
        server.send(server.request(Method::DELETE, erasure, Some(&alice.token))).await.ok();
        proves_again(&alice).await;
        assert_eq!(acts(&world, before).await, ["export api done", "request_erasure api done", "stop_erasure api done"]);
        let before = before + 3;
        server.send(server.request(Method::DELETE, DATA, Some(&alice.token))).await.ok();
        assert_eq!(acts(&world, before).await, ["erase api done"]);
        assert_eq!(of(&world, user(&alice)).await.last().unwrap(), "erase", "who it was can still be told");
        assert_eq!(problems(&world).await, [""; 0]);
    }

    async fn a_consent_that_is_withdrawn_and_given_again_keeps_its_history(world: World) {
        let server = world.start().await;
        let mut alice = world.person(&server, "alice").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let shown = [("policy", "privacy_policy"), ("version", "1.0"), ("language", "fr")];
        for _ in 0..2 {
            world.clock.advance(MINUTE);
            visitor.sends("/you/withdraw", &[("policy", "privacy_policy")]).await;
            assert_eq!(alice.get("/account").await.status, 403);
            world.clock.advance(MINUTE);
            visitor.sends("/you/accept", &shown).await;
            visitor.sends("/you/accept", &shown).await;
            assert_eq!(alice.get("/account").await.status, 200);
            // Apps repeat what was accepted.
            alice.accepts_everything().await;
        }
        alice.token = world.newcomer(&server, "alice").await.token;
        let export = server.get(DATA, Some(&alice.token)).await.ok();
        let consents = export["account"]["consents"].as_array().unwrap();
        let history: Vec<_> = consents.iter().filter(|consent| consent["policy"] == "privacy_policy").collect();
        let times = |consent: &&Value| {
            let minutes = |name: &str| consent[name].as_i64().map(|at| (at - NOON) / MINUTE);
            (consent["language"].as_str().unwrap().to_owned(), minutes("accepted_at"), minutes("withdrawn_at"))
        };
        let expected = [("en", Some(0), Some(1)), ("fr", Some(2), Some(3)), ("fr", Some(4), None)];
        let expected = expected.map(|(language, from, to)| (language.to_owned(), from, to));
        assert_eq!(history.iter().map(times).collect::<Vec<_>>(), expected);
        let page = visitor.opens("/you").await;
        assert!(page.text.contains("name=\"policy\" value=\"privacy_policy\""), "{page:?}");
        let said = acts(&world, 4).await;
        assert_eq!(said, ["withdraw page done", "accept page done", "withdraw page done", "accept page done", "export api done"]);
        // A withdrawal holds for apps, whatever was accepted before.
        visitor.sends("/you/withdraw", &[("policy", "privacy_policy")]).await;
        let url = format!("{}policies/privacy_policy/1.0/en", world.config.server.public_url);
        let answer = alice.post("/terms", json!({ "user_accepts": [url] })).await;
        assert_eq!(answer.error(), (403, "M_FORBIDDEN"));
    }

    async fn there_is_neither_an_act_without_its_entry_nor_an_entry_without_its_act(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let sid = alice.proves(ALICE).await;
        let before = acts(&world, 0).await;
        refuse(&world, "INSERT", "audit_queue").await;
        assert!(alice.binds_by(&sid).await.status >= 500);
        allow(&world, "audit_queue").await;
        assert_eq!(count(&world, "bindings").await, 0);
        refuse(&world, "INSERT", "outbox").await;
        assert!(alice.binds_by(&sid).await.status >= 500);
        allow(&world, "outbox").await;
        assert_eq!((count(&world, "bindings").await, acts(&world, 0).await), (0, before));
        alice.binds_by(&sid).await.ok();
        assert_eq!(problems(&world).await, [""; 0]);
    }

    async fn settings_are_noted_when_they_change(mut world: World) {
        world.start().await.stop().await;
        world.start().await.stop().await;
        assert_eq!(acts(&world, 0).await.len(), 2);
        world.config.retention.invite += DAY;
        world.start().await.stop().await;
        assert_eq!(acts(&world, 2).await, ["settings start done"]);
        let all = listed(&world, EVERYTHING).await;
        let detail = |entry: usize| all[entry].record.detail.clone().unwrap();
        assert_ne!(detail(1), detail(2));
        assert_eq!(detail(2)["version"], env!("CARGO_PKG_VERSION"));
        let key = detail(0)["signs"].as_str().unwrap().to_owned();
        assert!(key.starts_with("ed25519:"), "{key}");
    }

    async fn the_operator_s_acts_are_in_the_log(world: World) {
        let mut world = world;
        world.clock = vouch::clock::Clock::stopped_at(crate::world::an_hour_ago());
        let server = world.start().await;
        world.person(&server, "alice").await;
        let binary = Binary::beside(&world);
        let bind = ["bind", "--address", ALICE, "--user", "@alice:hs.example"];
        let unbind = ["unbind", "--address", ALICE, "--user", "@alice:hs.example"];
        for (command, acts_of_it) in [
            (&bind[..], &["bind command done"][..]),
            (&["lookup", ALICE], &["lookup command done"]),
            (&["lookup", "nobody@example.com"], &["lookup command nothing"]),
            (&["export", "--user", "@alice:hs.example"], &["export command done"]),
            (&unbind, &["unbind command done"]),
            (&unbind, &["unbind command nothing"]),
            (&["object", ALICE], &["object command done"]),
            (&["object", ALICE, "--withdraw"], &["withdraw_objection command done"]),
            (&["object", ALICE, "--withdraw"], &["withdraw_objection command nothing"]),
            (&["outbox", "list", "--reveal"], &["reveal command done"]),
            (&["outbox", "list"], &[]),
            (&["outbox", "retry", "123456"], &["retry_delivery command nothing"]),
            (&["outbox", "drop", "123456"], &["drop_delivery command nothing"]),
            (&bind, &["bind command done"]),
            (&["erase", "--address", ALICE, "--yes"], &["erase command done"]),
            (&bind, &["bind command done"]),
            (&["erase", "--user", "@alice:hs.example", "--yes"], &["erase command done", "unbind command done"]),
            (&["keys", "list"], &[]),
            (&["keys", "new"], &["keys command done"]),
            (&["clock"], &[]),
            (&["clock", "--accept"], &["set_clock command done"]),
            (&["status"], &[]),
        ] {
            let before = acts(&world, 0).await.len();
            let said = binary.run(command);
            assert_ne!(said.status, Some(2), "{said:?}");
            assert_eq!(acts(&world, before).await, acts_of_it, "{command:?}: {said:?}");
        }
        assert_eq!(problems(&world).await, [""; 0]);
        drop(server);

        let list = |arguments: &[&str]| done(binary.run(&[&["audit", "list"], arguments].concat()));
        assert!(list(&[]).starts_with("ENTRY") && list(&["--kind", "export"]).lines().count() == 2);
        assert_eq!(list(&["--until", "2020-01-01"]), "no entries\n");
        let json: Value = serde_json::from_str(&list(&["--since", "2020-01-01", "--json", "--of", "@alice:hs.example"])).unwrap();
        assert_eq!(json[0]["act"], "accept");
        let from_stdin = binary.run_with(&["audit", "list", "--of-from", "-", "--json"], "Alice@Example.com\n");
        let json: Value = serde_json::from_str(&done(from_stdin)).unwrap();
        assert_eq!((&json[0]["act"], &json[0]["origin"]), (&json!("bind"), &json!("command")));
        assert!(!json.to_string().contains("xample"));
        refused(&binary.run(&["audit", "list", "--kind", "bidn"]), 2, "bind");
        refused(&binary.run(&["audit", "list", "--since", "yesterday"]), 2, "2026-11-28");
        refused(&binary.run(&["audit", "list", "--of", "alice"]), 2, "expected an e-mail address");
    }

    async fn objecting_by_the_operator_names_whose_address_it_was(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let vouch = look(&world).await;
        let Subject::Address(address) = email(ALICE) else { unreachable!() };
        vouch.objections.object(&address, Objector::Operator, vouch.content.load().texts.default_language()).await.unwrap();
        assert_eq!(of(&world, user(&alice)).await, ["accept", "accept", "bind", "object"]);
    }

    async fn nobody_fills_the_log_by_changing_their_mind(world: World) {
        let server = world.start().await;
        world.person(&server, "alice").await;
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let token = visitor.form_token().await;
        let shown = [("form_token", &*token), ("policy", "privacy_policy"), ("version", "1.0"), ("language", "en")];
        let mut given = 0;
        loop {
            // A withdrawal is never refused.
            execute(&world, "UPDATE consents SET withdrawn_at = accepted_at WHERE policy = 'privacy_policy'").await;
            match visitor.posts("/you/accept", &shown).await.status {
                303 => given += 1,
                429 => break,
                status => panic!("{status}"),
            }
            assert!(given < 20, "there is no limit");
        }
        assert_eq!(acts(&world, 4).await.len(), given);
        assert_eq!(visitor.posts("/you/withdraw", &shown[..2]).await.status, 303);

        execute(&world, "DELETE FROM consents WHERE policy = 'privacy_policy'; UPDATE consents SET withdrawn_at = 1").await;
        for number in 0..210 {
            let one = format!(
                "INSERT INTO consents (account_id, policy, version, language, url, sha256, accepted_at, withdrawn_at) \
                 SELECT account_id, policy, version, language, url, sha256, {number}, {number} FROM consents WHERE withdrawn_at = 1 \
                 AND policy = 'terms_of_service' LIMIT 1"
            );
            execute(&world, &one).await;
        }
        world.clock.advance(DAY);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        let before = count(&world, "consents").await;
        visitor.sends("/you/accept", &[("policy", "privacy_policy"), ("version", "1.0"), ("language", "en")]).await;
        assert_eq!(count(&world, "consents").await, before, "the oldest one has ended");
        assert_eq!(count(&world, "consents WHERE policy = 'privacy_policy'").await, 1);
    }
}
