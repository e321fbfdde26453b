//! Validating a phone number with a texted code. Rate limits of texts have their own chapter.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vouch::clock::MINUTE;

use crate::world::{Answer, NOON, Person, SECRET, World};

pub const REQUEST: &str = "/validate/msisdn/requestToken";
pub const SUBMIT: &str = "/validate/msisdn/submitToken";

/// The specification's example number, national and international.
pub const NUMBER: &str = "07700900001";
const MSISDN: &str = "447700900001";

pub fn asked(number: &str, attempt: impl Into<Value>) -> Value {
    json!({ "client_secret": SECRET, "country": "GB", "phone_number": number, "send_attempt": attempt.into() })
}

pub async fn asks(person: &Person<'_>, attempt: impl Into<Value>) -> Answer {
    person.post(REQUEST, asked(NUMBER, attempt)).await
}

pub fn sid(answer: Answer) -> String {
    answer.ok()["sid"].as_str().unwrap().to_owned()
}

pub async fn submits(person: &Person<'_>, sid: &str, code: &str) -> Answer {
    person.post(SUBMIT, json!({ "sid": sid, "client_secret": SECRET, "token": code })).await
}

pub async fn validated(person: &Person<'_>, sid: &str) -> Answer {
    person.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await
}

/// Returns a code other than this one.
pub fn other_than(code: &str, by: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + by) % 1_000_000)
}

pub fn last_code(world: &World) -> String {
    world.texts().last().expect("there is a text").code()
}

async fn finds(person: &Person<'_>, msisdn: &str) -> Option<String> {
    let pepper = person.pepper().await;
    let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{msisdn} msisdn {pepper}")));
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": [hash] });
    person.post("/lookup", asked).await.ok()["mappings"][&hash].as_str().map(str::to_owned)
}

on_both_backends! {
    async fn a_number_can_be_validated_bound_found_and_unbound(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let requested = asks(&alice, 1).await.ok();
        let sid = requested["sid"].as_str().unwrap();
        assert!(sid.len() >= 22);
        assert_eq!(requested, json!({ "sid": sid, "msisdn": MSISDN, "intl_fmt": "+44 7700 900001", "success": true }));
        let texts = world.texts();
        assert_eq!((texts.len(), texts[0].to.as_str(), texts[0].code().len()), (1, MSISDN, 6));

        assert_eq!(validated(&alice, sid).await.error(), (400, "M_SESSION_NOT_VALIDATED"));
        assert_eq!(submits(&alice, sid, &other_than(&texts[0].code(), 1)).await.error(), (400, "M_TOKEN_INCORRECT"));
        world.clock.advance(MINUTE);
        // Copying a code may include a space.
        assert_eq!(submits(&alice, sid, &format!(" {} ", texts[0].code())).await.ok(), json!({ "success": true }));
        world.clock.advance(MINUTE);
        assert_eq!(submits(&alice, sid, &texts[0].code()).await.ok(), json!({ "success": true }));
        let proved = json!({ "medium": "msisdn", "address": MSISDN, "validated_at": NOON + MINUTE });
        assert_eq!(validated(&alice, sid).await.ok(), proved);
        assert_eq!(world.texts().len(), 1);

        let session = json!({ "sid": sid, "client_secret": SECRET, "mxid": alice.mxid,
            "threepid": { "medium": "msisdn", "address": MSISDN } });
        let bound = alice.post("/3pid/bind", session.clone()).await.ok();
        assert_eq!((&bound["medium"], &bound["address"], &bound["mxid"]), (&json!("msisdn"), &json!(MSISDN), &json!(alice.mxid)));
        assert_eq!(finds(&bob, MSISDN).await, Some(alice.mxid.clone()));
        assert_eq!(alice.post("/3pid/unbind", session).await.ok(), json!({}));
        assert_eq!(finds(&bob, MSISDN).await, None);
    }

    async fn invalid_numbers_get_no_text(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (forty, huge) = ("7".repeat(40), "7".repeat(60_000));
        let bad = [
            ("GB", "12"), ("GB", ""), ("GB", "letters"), ("GB", "0800-PIZZA"), ("GB", "+"), ("GB", &forty), ("GB", &huge),
            ("GB", "+999 123 456 789"), ("GB", "07911123456;phone-context=+44"), ("GB", "tel:+447911123456"), ("GB", "07911123456\n"),
            ("XX", NUMBER), ("", NUMBER), ("GBR", NUMBER), ("44", NUMBER), ("ＧＢ", NUMBER), (&huge, NUMBER), ("US", NUMBER),
        ];
        for (country, number) in bad {
            let body = json!({ "client_secret": SECRET, "country": country, "phone_number": number, "send_attempt": 1 });
            assert_eq!(alice.post(REQUEST, body).await.error(), (400, "M_INVALID_ADDRESS"), "{country:.20} {number:.60}");
        }
        for field in ["client_secret", "country", "phone_number", "send_attempt"] {
            let mut body = asked(NUMBER, 1);
            body.as_object_mut().unwrap().remove(field);
            let answer = alice.post(REQUEST, body).await;
            assert_eq!(answer.error(), (400, "M_MISSING_PARAMS"), "{field}");
            assert!(answer.body["error"].as_str().unwrap().contains(field));
        }
        assert_eq!(world.texts().len(), 0);
    }

    async fn a_number_is_the_same_in_every_notation(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        for (country, number) in [
            ("gb", NUMBER), ("GB", "+44 (7700) 900-001"), ("US", "+447700900001"), ("FR", "00 44 7700 900001"), ("GB", "０７７００９００００１"),
        ] {
            let body = json!({ "client_secret": SECRET, "country": country, "phone_number": number, "send_attempt": 1 });
            assert_eq!(sid(alice.post(REQUEST, body).await), first, "{country} {number}");
        }
        assert_eq!(world.texts().len(), 1);
    }

    async fn a_number_with_a_plus_needs_no_country(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let missing = json!({ "client_secret": SECRET, "phone_number": "+447911123456", "send_attempt": 1 });
        let first = sid(alice.post(REQUEST, missing.clone()).await);
        let asks_from = async |country: Value, number: &str| {
            let mut body = missing.clone();
            body["country"] = country;
            body["phone_number"] = number.into();
            alice.post(REQUEST, body).await
        };
        // Element Web sends null, Element iOS an empty string. The others have no numbers of their
        // own.
        let countries = [
            Value::Null, "".into(), "AQ".into(), "PN".into(), "GS".into(), "TF".into(), "UM".into(), "HM".into(), "BV".into(),
            "AN".into(), "001".into(), "aq".into(), "EU".into(), "ZZ".into(), "us".into(), "TA".into(), "XK".into(),
        ];
        for country in countries {
            for number in ["+447911123456", "\u{ff0b}44 (0)7911 123456"] {
                assert_eq!(sid(asks_from(country.clone(), number).await), first, "{country} {number}");
            }
            let invalid = asks_from(country.clone(), "+999 123 456 789").await;
            assert_eq!(invalid.error(), (400, "M_INVALID_ADDRESS"), "{country}");
        }
        assert_eq!(world.texts().len(), 1);
        for wrong in [json!(44), json!(true), json!(["GB"]), json!({ "code": "GB" }), json!(4.4)] {
            let answer = asks_from(wrong.clone(), "+447911123456").await;
            assert_eq!(answer.error(), (400, "M_INVALID_PARAM"), "{wrong}");
            assert!(answer.body["error"].as_str().unwrap().contains("country"));
        }
    }

    async fn a_number_without_plus_needs_a_country(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for country in ["", "AQ", "PN", "GS", "TF", "UM", "HM", "BV", "AN", "001", "EU", "ZZ", "gbr", "+44"] {
            for number in ["07911 123456", "447911123456", "0044 7911 123456"] {
                let body = json!({ "client_secret": SECRET, "country": country, "phone_number": number, "send_attempt": 1 });
                let answer = alice.post(REQUEST, body).await;
                assert_eq!(answer.error(), (400, "M_INVALID_ADDRESS"), "{country} {number}");
                assert!(answer.body["error"].as_str().unwrap().contains("needs the code of a country"), "{:?}", answer.body);
            }
        }
        for body in [
            json!({ "client_secret": SECRET, "phone_number": NUMBER, "send_attempt": 1 }),
            json!({ "client_secret": SECRET, "phone_number": NUMBER, "send_attempt": 1, "country": null }),
        ] {
            let answer = alice.post(REQUEST, body).await;
            assert_eq!(answer.error(), (400, "M_MISSING_PARAMS"));
            assert!(answer.body["error"].as_str().unwrap().contains("country"));
        }
        assert_eq!(world.texts().len(), 0);
    }

    async fn a_text_reaches_the_number_that_was_typed(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let typed = [
            // These start like a national prefix behind the calling code.
            (Value::Null, "+7 812 309 00 00", "78123090000"), (Value::Null, "+7 863 200 12 34", "78632001234"),
            (Value::Null, "+7 800 555 35 35", "78005553535"), (Value::Null, "+375 801 123 4567", "3758011234567"),
            (Value::Null, "+370 800 12345", "37080012345"),
            // These start like their own calling code.
            ("IT".into(), "390 286 9487", "393902869487"), ("BR".into(), "(55) 4002-7229", "555540027229"),
            ("IN".into(), "91234 56789", "919123456789"), ("KZ".into(), "7 701 123 4567", "77011234567"),
            ("SE".into(), "468 123 456", "46468123456"),
        ];
        for (country, number, msisdn) in typed {
            let body = json!({ "client_secret": SECRET, "country": country, "phone_number": number, "send_attempt": 1 });
            let answer = alice.post(REQUEST, body).await.ok();
            assert_eq!(answer["msisdn"], msisdn, "{number}");
            let texts = world.texts();
            assert!(texts.iter().any(|text| text.to == msisdn), "{texts:?}");
        }
    }

    async fn repeated_requests_send_one_text_and_a_greater_attempt_another(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 2).await);
        // Element sends the attempt as a string.
        for attempt in [json!(2), json!("2"), json!(1), json!("0")] {
            assert_eq!(sid(asks(&alice, attempt).await), first);
        }
        assert_eq!(world.texts().len(), 1);
        assert_eq!(sid(asks(&alice, "3").await), first);
        // The code stays the same while at least half of its lifetime is left.
        world.clock.advance(5 * MINUTE);
        assert_eq!(sid(asks(&alice, 4).await), first);
        let texts = world.texts();
        assert_eq!((texts.len(), texts[0].code(), texts[1].code()), (3, texts[2].code(), texts[2].code()));
        assert!(texts[0].body.contains("10 min") && texts[2].body.contains("5 min"), "{texts:?}");
        world.clock.advance(1);
        assert_eq!(sid(asks(&alice, 5).await), first);
        let new = last_code(&world);
        assert_ne!(new, texts[0].code());
        assert_eq!(submits(&alice, &first, &texts[0].code()).await.error(), (400, "M_TOKEN_INCORRECT"));
        submits(&alice, &first, &new).await.ok();
    }

    async fn equal_requests_at_the_same_time_send_one_text(world: World) {
        let (one, other) = (world.start().await, world.start().await);
        let here = world.person(&one, "alice").await;
        let there = Person { world: &world, server: &other, mxid: here.mxid.clone(), token: here.token.clone() };
        let answers = join_all((0..8).map(|n| asks(if n % 2 == 0 { &here } else { &there }, 1))).await;
        let mut sids: Vec<String> = answers.into_iter().map(sid).collect();
        sids.dedup();
        assert_eq!((sids.len(), world.texts().len()), (1, 1));
    }

    async fn after_a_failure_the_same_attempt_sends_again(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (there, away) = (world.folder.path().join("sms"), world.folder.path().join("away"));
        fs::rename(&there, &away).unwrap();
        for _ in 0..2 {
            assert_eq!(asks(&alice, 1).await.error(), (400, "M_SEND_ERROR"));
        }
        assert_eq!(crate::database::count(&world, "sessions").await, 0);
        fs::rename(&away, &there).unwrap();
        let first = sid(asks(&alice, 1).await);
        assert_eq!(sid(asks(&alice, 1).await), first);
        assert_eq!(world.texts().len(), 1);
    }

    async fn a_text_that_cannot_be_sent_leaves_the_last_code_valid(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let first = sid(asks(&alice, 1).await);
        let code = last_code(&world);
        // The next text would carry a new code.
        world.clock.advance(6 * MINUTE);
        let (directory, elsewhere) = (world.folder.path().join("sms"), world.folder.path().join("elsewhere"));
        fs::rename(&directory, &elsewhere).unwrap();
        assert_eq!(asks(&alice, 2).await.error(), (400, "M_SEND_ERROR"));
        fs::rename(&elsewhere, &directory).unwrap();
        submits(&alice, &first, &code).await.ok();
    }

    async fn a_text_is_in_the_askers_language_and_bound_to_a_web_origin(world: World) {
        let mut world = world;
        world.config.validation.web_otp_domain = Some("app.example.org".to_owned());
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for (attempt, language, said) in [
            (1, "en", "is your code for 127.0.0.1:8090. It works for 10 min. Do not share it."),
            (2, "fr", "est votre code pour 127.0.0.1:8090. Valable 10 min. Ne le donnez à personne."),
            (3, "de", "ist dein Code für 127.0.0.1:8090. Er gilt 10 Min. Gib ihn nicht weiter."),
        ] {
            let path = format!("/_matrix/identity/v2{REQUEST}");
            let asked = server.request(Method::POST, &path, Some(&alice.token)).json(&asked(NUMBER, attempt));
            server.send(asked.header("Accept-Language", language)).await.ok();
            let texts = world.texts();
            let text = texts.last().unwrap();
            let lines: Vec<&str> = text.body.lines().collect();
            assert_eq!(lines[0], format!("{} {said}", text.code()));
            assert!(lines[1].contains(&alice.mxid), "{lines:?}");
            assert_eq!(lines[2..], [format!("@app.example.org #{}", text.code())]);
        }
    }

    async fn phone_numbers_require_accepted_terms(world: World) {
        let server = world.start().await;
        let mallory = world.newcomer(&server, "mallory").await;
        assert_eq!(asks(&mallory, 1).await.error(), (403, "M_TERMS_NOT_SIGNED"));
        assert_eq!(submits(&mallory, "x", "x").await.error(), (403, "M_TERMS_NOT_SIGNED"));
        for path in [REQUEST, SUBMIT] {
            let path = format!("/_matrix/identity/v2{path}");
            assert_eq!(server.post(&path, None, &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
            assert_eq!(server.post(&path, Some("wrong"), &json!({})).await.error(), (401, "M_UNAUTHORIZED"));
        }
        assert_eq!(world.texts().len(), 0);
    }
}
