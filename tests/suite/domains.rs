//! Domains of email addresses: all spellings of one are the same address, and no other domain is.

use serde_json::{Value, json};
use vouch::config::{Bucket, MailTransport};
use vouch_test_support::mail_sink::{MailSink, Options};

use crate::address_visitor::Visitor;
use crate::invitations::invites;
use crate::world::{Answer, Person, SECRET, World, link, query};

/// The typed address, the recipient of the mail, the forms that clients may hash to find it, and
/// addresses that must not find it.
const CASES: [(&str, &str, &[&str], &[&str]); 12] = [
    (
        "a@straße.example",
        "a@xn--strae-oqa.example",
        &["a@straße.example", "a@xn--strae-oqa.example"],
        &["a@strasse.example"],
    ),
    (
        "b@strasse.example",
        "b@strasse.example",
        &["b@strasse.example"],
        &["b@straße.example", "b@xn--strae-oqa.example"],
    ),
    ("C@STRAẞE.Example", "c@xn--strae-oqa.example", &["c@straße.example"], &["c@strasse.example", "c@STRAẞE.example"]),
    (
        "x@bücher.example",
        "x@xn--bcher-kva.example",
        &["x@bücher.example", "x@xn--bcher-kva.example"],
        &["x@bucher.example"],
    ),
    ("y@XN--BCHER-KVA.example", "y@xn--bcher-kva.example", &["y@bücher.example", "y@xn--bcher-kva.example"], &[]),
    ("z@bu\u{308}cher。example", "z@xn--bcher-kva.example", &["z@bücher.example", "z@xn--bcher-kva.example"], &[]),
    (
        "Strauß@BÜCHER.example",
        "strauss@xn--bcher-kva.example",
        &[
            "strauss@bücher.example",
            "strauß@bücher.example",
            "strauss@xn--bcher-kva.example",
            "strauß@xn--bcher-kva.example",
        ],
        &["strauss@bucher.example"],
    ),
    ("a@βόλος.example", "a@xn--nxasmm1c.example", &["a@βόλος.example"], &["a@βόλοσ.example", "a@xn--nxasmq6b.example"]),
    ("b@ΒΌΛΟΣ.example", "b@xn--nxasmq6b.example", &["b@βόλοσ.example"], &["b@βόλος.example", "b@xn--nxasmm1c.example"]),
    (
        "a@نامه\u{200C}ای.example",
        "a@xn--mgba3gch31f060k.example",
        &["a@نامه\u{200C}ای.example", "a@xn--mgba3gch31f060k.example"],
        &["a@نامهای.example", "a@xn--mgba3gch31f.example"],
    ),
    ("a@\u{212A}elvin.example", "a@kelvin.example", &["a@kelvin.example"], &[]),
    ("a@ﬁrma.example", "a@firma.example", &["a@firma.example"], &["a@ﬁrma.example"]),
];

async fn asks(person: &Person<'_>, email: &str, secret: &str) -> Answer {
    let asked = json!({ "client_secret": secret, "email": email, "send_attempt": 1 });
    person.post("/validate/email/requestToken", asked).await
}

/// Validates and binds an address whose mail is sent to `canonical`.
async fn binds(person: &Person<'_>, typed: &str, canonical: &str) -> Value {
    person.world.mail.forget();
    let sid = person.asks_to_prove(typed).await;
    let mail = person.world.validation_mail(canonical).await;
    assert_eq!(mail.to, [canonical]);
    let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": query(&link(&mail), "token") });
    person.post("/validate/email/submitToken", submitted).await.ok();
    let path = format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}");
    assert_eq!(person.get(&path).await.ok()["address"], canonical);
    person.binds_by(&sid).await.ok()
}

on_both_backends! {
    async fn a_domain_is_found_as_itself_and_as_no_other(world: World) {
        let mut world = world;
        world.config.budgets.messages_user.capacity = 100;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (typed, canonical, found, not_found) in CASES {
            assert_eq!(binds(&alice, typed, canonical).await["address"], canonical, "{typed}");
            for email in found {
                assert_eq!(alice.looks_up(email).await.as_ref(), Some(&alice.mxid), "{email} of {typed}");
            }
            for email in not_found {
                assert_eq!(alice.looks_up(email).await, None, "{email} of {typed}");
            }
        }
        // Another node, which reads the stored rows, finds the same.
        let other = world.start().await;
        let there = Person { world: &world, server: &other, mxid: alice.mxid.clone(), token: alice.token.clone() };
        for (typed, _, found, not_found) in CASES {
            for (emails, mxid) in [(found, Some(&alice.mxid)), (not_found, None)] {
                for email in emails {
                    assert_eq!(there.looks_up(email).await.as_ref(), mxid, "{email} of {typed}");
                }
            }
        }
    }

    async fn neighbouring_domains_can_be_bound_by_different_people(world: World) {
        let server = world.start().await;
        let (alice, mallory) = (world.person(&server, "alice").await, world.person(&server, "mallory").await);
        binds(&alice, "a@straße.example", "a@xn--strae-oqa.example").await;
        binds(&mallory, "a@strasse.example", "a@strasse.example").await;
        for (email, person) in [("a@straße.example", &alice), ("a@xn--strae-oqa.example", &alice), ("a@strasse.example", &mallory)] {
            assert_eq!(alice.looks_up(email).await.as_ref(), Some(&person.mxid), "{email}");
        }
    }

    async fn all_spellings_share_the_session_the_binding_and_the_objection(world: World) {
        const SPELLINGS: [&str; 6] = [
            "x@bücher.example", "x@xn--bcher-kva.example", "X@BÜCHER.Example", "x@bu\u{308}cher.example",
            "x@bücher．example", "x@Xn--Bcher-KVA.EXAMPLE",
        ];
        let mut world = world;
        // Each bind sends a notice.
        world.config.budgets.messages_address.capacity = 100;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let sid = alice.asks_to_prove(SPELLINGS[0]).await;
        for email in SPELLINGS {
            assert_eq!(alice.asks_to_prove(email).await, sid, "{email}");
        }
        assert_eq!(world.mail.messages().len(), 1);
        let token = query(&link(&world.validation_mail(SPELLINGS[1]).await), "token");
        let submitted = json!({ "sid": sid, "client_secret": SECRET, "token": token });
        alice.post("/validate/email/submitToken", submitted).await.ok();
        for email in SPELLINGS {
            alice.binds_by(&sid).await.ok();
            let invited = invites(&bob, email).await;
            assert_eq!(invited.error(), (400, "M_THREEPID_IN_USE"), "{email}");
            assert_eq!(invited.body["mxid"], alice.mxid);
            let threepid = json!({ "medium": "email", "address": email });
            let body = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid, "threepid": threepid });
            alice.post("/3pid/unbind", body).await.ok();
            assert_eq!(alice.looks_up("x@bücher.example").await, None, "{email}");
        }
        let visitor = Visitor::by_mail(&world, &server, SPELLINGS[1]).await;
        visitor.done("object").await;
        world.mail.forget();
        for email in SPELLINGS {
            assert_eq!(asks(&bob, email, "another").await.error(), (400, "M_EMAIL_SEND_ERROR"), "{email}");
            assert_eq!(invites(&bob, email).await.error(), (400, "M_EMAIL_SEND_ERROR"), "{email}");
        }
        assert!(world.mail.messages().is_empty());
    }

    async fn all_spellings_share_one_limit(world: World) {
        let mut world = world;
        world.config.budgets.messages_address = Bucket { capacity: 3, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (number, email) in ["x@bücher.example", "x@xn--bcher-kva.example", "X@BÜCHER.example"].into_iter().enumerate() {
            asks(&alice, email, &format!("secret{number}")).await.ok();
        }
        for email in ["x@bücher.example", "x@bu\u{308}cher.example", "x@bücher。example", "x@XN--BCHER-KVA.example"] {
            assert_eq!(asks(&alice, email, "more").await.error(), (429, "M_LIMIT_EXCEEDED"), "{email}");
        }
        asks(&alice, "x@bucher.example", "more").await.ok();
    }

    async fn a_domain_that_is_not_valid_gets_no_mail(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let label = "a".repeat(64);
        let overlong = format!("a@{label}.example");
        let bad = [
            "a@localhost", "a@LOCALHOST", "a@mail.localhost", "a@localhost.localdomain", "a@intranet", "a@bücher",
            "a%b.example@example.com", "b.example!a@example.com", "a@b%c.example", "a@example.com.", "a@example..com",
            "a@-b.example", "a@b-.example", "a@127.0.0.1", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@b.1", &overlong,
            "a@xn--.example", "a@xn--a.example", "a@xn--example-.com", "a@xn--a-ecp.example", "a@b\u{AD}c.example",
            "a@b\u{200B}c.example", "a@b\u{200D}c.example", "a@b\u{202E}c.example", "a@ⓑ.example", "a@½.example", "a@😀.example",
            "a@אb.example", "a＠b.example",
        ];
        for email in bad {
            assert_eq!(asks(&alice, email, SECRET).await.error(), (400, "M_INVALID_EMAIL"), "{email}");
            assert_eq!(invites(&alice, email).await.error(), (400, "M_INVALID_EMAIL"), "{email}");
        }
        assert_eq!(world.mail.connections(), 0);
    }

    async fn plain_look_ups_find_every_spelling(mut world: World) {
        world.config.lookup.plain = true;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        binds(&alice, "Strauß@bücher.example", "strauss@xn--bcher-kva.example").await;
        let pepper = alice.pepper().await;
        let finds = async |address: &str| {
            let asked = json!({ "algorithm": "none", "pepper": pepper, "addresses": [address] });
            alice.post("/lookup", asked).await.ok()["mappings"][address] == alice.mxid
        };
        for address in [
            "Strauß@bücher.example", "STRAUSS@BÜCHER.EXAMPLE", "strauß@bu\u{308}cher。example", "strauss@xn--bcher-kva.example",
            "strauss@Xn--Bcher-Kva.example",
        ] {
            assert!(finds(&format!("{address} email")).await, "{address}");
        }
        for address in ["strauss@bucher.example", "straus@bücher.example", "strauss@bücher.example.example"] {
            assert!(!finds(&format!("{address} email")).await, "{address}");
        }
    }
}

#[tokio::test]
async fn a_relay_without_smtputf8_is_given_the_ascii_form() {
    let mut world = World::on_sqlite().await;
    world.mail = MailSink::start_with(Options { smtputf8: false, ..Options::default() }).await;
    let MailTransport::Smtp(smtp) = &mut world.config.mail.transport else { panic!("the world has a mail server") };
    smtp.port = world.mail.address().port();
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for (typed, canonical) in [
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@STRAẞE.example", "info@xn--strae-oqa.example"),
        ("info@例え。テスト", "info@xn--r8jz45g.xn--zckzah"),
        ("info@ตัวอย่าง.ไทย", "info@xn--72c1a1bt4awk9o.xn--o3cw4h"),
        ("info@пример.example", "info@xn--e1afmkfd.example"),
    ] {
        binds(&alice, typed, canonical).await;
    }
}
