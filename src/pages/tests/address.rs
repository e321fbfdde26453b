//! Tests of the pages for an address without an account.

use ruma_common::OwnedUserId;

use super::super::held::{OBJECTED, STALE};
use super::*;
use crate::identity::threepid::Address;
use crate::service::{AddressExport, ExportedBinding, ExportedDelivery, ExportedInvite, ExportedSession, Party, Proof};

/// Monday, 2026-11-23, 12:00 UTC.
const NOON: i64 = 1_795_435_200_000;

fn mxid(text: &str) -> OwnedUserId {
    text.try_into().unwrap()
}

fn nothing() -> AddressExport {
    AddressExport {
        medium: "email",
        address: "alice@example.com".to_owned(),
        binding: None,
        validation_sessions: Vec::new(),
        invitations: Vec::new(),
        deliveries: Vec::new(),
        objects_since: None,
        web_sessions: vec![NOON],
    }
}

fn everything() -> AddressExport {
    let (alice, bob) = (mxid("@alice:hs.example"), mxid("@bob:evil.example"));
    let confirmation =
        |user_id, validated_at| ExportedSession { party: Party::User { user_id }, modified_at: NOON, validated_at };
    let delivery = |kind: &str| ExportedDelivery {
        kind: kind.to_owned(),
        party: alice.clone().into(),
        queued_at: NOON,
        attempts: 1,
    };
    AddressExport {
        medium: "msisdn",
        address: "447700900123".to_owned(),
        binding: Some(ExportedBinding { to: alice.clone().into(), bound_at: NOON }),
        validation_sessions: vec![
            confirmation(Some(alice.clone()), Some(NOON)),
            confirmation(Some(bob.clone()), None),
            confirmation(None, None),
        ],
        invitations: vec![ExportedInvite { party: bob.into(), room_id: "!r:hs".try_into().unwrap(), invited_at: NOON }],
        deliveries: vec![delivery("notice"), delivery("onbind")],
        ..nothing()
    }
}

async fn main_of(response: HttpResponse, status: u16) -> String {
    assert_eq!(response.status().as_u16(), status);
    for (name, value) in [("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex, nofollow")] {
        assert_eq!(response.headers().get(name).unwrap(), value);
    }
    let html = html(response).await;
    let (_, title) = html.split_once("<title>").unwrap();
    format!("{}\n{}", title.split_once("</title>").unwrap().0, &html[html.find("<main").unwrap()..])
}

#[actix_web::test]
async fn an_address_is_asked_for_and_its_link_opened_in_four_languages() {
    for (tag, view) in views() {
        let of = Proof::Of { address: Address::email("alice@example.com").unwrap(), sent_at: 0 };
        for (name, response, status) in [
            ("asking", view.asking(None), 200),
            ("left", view.asking(Some("page-address-left")), 200),
            ("mistyped", view.mistyped("\"><b>alice", "page-address-wrong-text"), 400),
            ("sent", view.sent(), 200),
            ("opening", view.opening("t0ken", &of), 200),
            ("expired", view.opening("", &Proof::Expired), 410),
            ("broken", view.opening("", &Proof::None), 404),
            ("objecting", view.objecting("t0ken"), 200),
            ("objecting_expired", view.not_objecting(&Proof::Expired), 410),
        ] {
            insta::assert_snapshot!(format!("address_{name}_{tag}"), main_of(response, status).await);
        }
    }
}

#[actix_web::test]
async fn an_addresss_data_is_shown_in_four_languages() {
    let objecting = AddressExport { objects_since: Some(NOON), ..nothing() };
    for (tag, view) in views() {
        for (name, held, done) in [
            ("everything", &everything(), None),
            ("objecting", &objecting, Some(OBJECTED)),
            ("stale", &nothing(), Some(STALE)),
        ] {
            let page = main_of(view.held(held, "f0rm", done), 200).await;
            insta::assert_snapshot!(format!("held_{name}_{tag}"), page);
        }
    }
}
