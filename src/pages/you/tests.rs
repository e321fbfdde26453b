use std::path::Path;

use actix_web::HttpResponse;
use actix_web::body::to_bytes;
use ruma_common::{OwnedRoomId, OwnedUserId};

use super::*;
use crate::clock::{DAY, HOUR, Millis};
use crate::http::Query;
use crate::identity::policy::Policies;
use crate::pages::tests::view;
use crate::service::{
    Erased, Export, ExportedAccount, ExportedAddress, ExportedConsent, ExportedDelivery, ExportedInvite,
    ExportedSession, ExportedToken, ExportedWebSession, Need, Party, PendingErasure, Receipt,
};

/// Monday, 2026-11-23, 12:00 UTC.
const NOON: Millis = 1_795_435_200_000;

fn alice() -> OwnedUserId {
    "@alice:matrix.example.com".try_into().unwrap()
}

fn held(account: Option<ExportedAccount>, bindings: Vec<ExportedAddress>, deliveries: Vec<ExportedDelivery>) -> Export {
    let visits = vec![ExportedWebSession { proved_at: NOON }];
    let server_name = "id.example.org".try_into().unwrap();
    Export {
        server_name,
        user_id: alice(),
        exported_at: NOON,
        needs: vec![],
        can_erase: true,
        erasure: None,
        account,
        bindings,
        deliveries,
        web_sessions: visits,
    }
}

fn email(address: &str) -> Party {
    Party::Address { medium: "email", address: address.to_owned() }
}

fn bound(address: &str, bound_at: Millis) -> ExportedAddress {
    let id = format!("id-of-{}", &address[..1]);
    let is_shown = !address.contains('•');
    ExportedAddress { id, medium: "email", address: address.to_owned(), is_shown, user_id: alice(), bound_at }
}

/// A person who has confirmed no address, with a number, and an erasure that is requested.
fn masked() -> Export {
    let number = ExportedAddress { medium: "msisdn", ..bound("44•••", NOON - DAY) };
    let mut masked = held(None, vec![bound("a•••@e•••", NOON - 9 * DAY), number], vec![]);
    masked.needs = vec![Need::Proof, Need::Confirmation];
    masked.can_erase = false;
    masked.erasure = Some(PendingErasure { requested_at: NOON - HOUR, due_at: NOON + 3 * DAY - HOUR });
    masked
}

fn consent(policy: &str, version: &str, withdrawn_at: Option<Millis>) -> ExportedConsent {
    ExportedConsent {
        policy: policy.to_owned(),
        version: version.to_owned(),
        language: "en".to_owned(),
        url: format!("https://id.example.org/policies/{policy}/{version}/en"),
        sha256: "0f".repeat(32),
        accepted_at: NOON - 9 * DAY,
        withdrawn_at,
    }
}

/// A person with data of every kind.
fn everything() -> Export {
    let delivery = |kind: &str, address: &str| ExportedDelivery {
        kind: kind.to_owned(),
        party: email(address),
        queued_at: NOON - HOUR,
        attempts: 1,
    };
    let session =
        |address: &str, validated_at| ExportedSession { party: email(address), modified_at: NOON - HOUR, validated_at };
    let invite = |address: Option<&str>| ExportedInvite {
        party: address.map_or(Party::Deleted {}, email),
        room_id: OwnedRoomId::try_from("!tea:example.com").unwrap(),
        invited_at: NOON - DAY,
    };
    let account = ExportedAccount {
        user_id: alice(),
        registered_at: NOON - 9 * DAY,
        access_tokens: vec![ExportedToken { created_at: NOON - 9 * DAY, last_used_at: NOON - DAY }],
        consents: vec![
            consent("privacy_policy", "0.9", None),
            consent("terms_of_service", "1.0", Some(NOON - DAY)),
            consent("long_gone", "3", None),
        ],
        validation_sessions: vec![session("<b>@example.com", None), session("alice@example.com", Some(NOON - HOUR))],
        invitations: vec![invite(Some("bob@example.com")), invite(None)],
    };
    let bindings = vec![bound("alice@example.com", NOON - 9 * DAY), bound("alice@work.example", NOON - DAY)];
    let deliveries = vec![delivery("notice", "alice@example.com"), delivery("onbind", "carol@example.com")];
    held(Some(account), bindings, deliveries)
}

fn policies() -> Policies {
    Policies::load(Some(Path::new("policies"))).unwrap()
}

async fn main_of(response: HttpResponse) -> String {
    let html = String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap();
    html[html.find("<main").unwrap()..html.find("<footer").unwrap()].to_owned()
}

#[actix_web::test]
async fn stored_data_is_shown_in_four_languages() {
    for (tag, view) in ["en", "fr", "de", "es"].map(|tag| (tag, view(tag))) {
        let page = view.overview("t0ken", &everything(), &policies(), Some(UNBOUND));
        insta::assert_snapshot!(format!("overview_{tag}"), main_of(page).await);
    }
}

#[actix_web::test]
async fn masked_addresses_can_be_confirmed_and_an_erasure_stopped_in_four_languages() {
    for (tag, view) in ["en", "fr", "de", "es"].map(|tag| (tag, view(tag))) {
        let page = main_of(view.overview("t0ken", &masked(), &policies(), None)).await;
        assert!(page.contains("+44•••") && page.matches("/you/confirm?").count() == 2, "{page}");
        insta::assert_snapshot!(format!("overview_masked_{tag}"), page);
        insta::assert_snapshot!(
            format!("erase_pending_{tag}"),
            main_of(view.erase_question(&masked(), "t0ken", "30 d", None)).await
        );
        let later = Export { erasure: None, ..masked() };
        let page = main_of(view.erase_question(&later, "t0ken", "30 d", None)).await;
        assert!(page.contains("/you/erase-later?") && !page.contains("/you/keep?"), "{page}");
        insta::assert_snapshot!(format!("erase_later_{tag}"), page);
    }
    let partly = Export { needs: vec![Need::OlderConfirmation], erasure: None, ..masked() };
    let page = main_of(view("en").overview("t0ken", &partly, &policies(), None)).await;
    assert!(page.contains("in the last three days") && page.matches("/you/confirm?").count() == 2, "{page}");
}

#[actix_web::test]
async fn the_page_also_says_if_nothing_is_stored() {
    let page = view("en").overview("t0ken", &held(None, vec![], vec![]), &policies(), None);
    insta::assert_snapshot!("overview_nothing", main_of(page).await);
}

#[actix_web::test]
async fn an_erasure_is_asked_about_and_receipted_in_four_languages() {
    let erased = Erased {
        bindings: 2,
        validation_sessions: 1,
        invitations: 1,
        deliveries: 3,
        web_sessions: 1,
        access_tokens: 1,
        account: true,
    };
    let receipt = Receipt { user_id: alice(), erased_at: NOON, erased, consents: 2, consents_until: NOON + 30 * DAY };
    for (tag, view) in ["en", "fr", "de", "es"].map(|tag| (tag, view(tag))) {
        for (name, typed, status) in [("asked", None, 200), ("mistyped", Some("<alice>"), 400)] {
            let page = view.erase_question(&everything(), "t0ken", "30 d", typed);
            assert_eq!(page.status().as_u16(), status);
            insta::assert_snapshot!(format!("erase_{name}_{tag}"), main_of(page).await);
        }
        let page = view.erased("id.example.org", &receipt, "{\n  \"a\": 1\n}".to_owned());
        insta::assert_snapshot!(format!("erased_{tag}"), main_of(page).await);
    }
}

#[actix_web::test]
async fn whatever_was_done_is_said_and_nothing_else_can_be() {
    for view in ["en", "fr", "de", "es"].map(view) {
        for said in SAYINGS {
            let page = main_of(view.overview("t0ken", &everything(), &policies(), Some(said))).await;
            let role = if said.is_good { "status" } else { "alert" };
            assert!(page.contains(&format!(" role=\"{role}\">{}</p>", view.say(said.text))));
        }
    }
    for (query, said) in [("said=unbound", Some(UNBOUND)), ("said=Your+account+is+hacked", None), ("", None)] {
        let request = actix_web::test::TestRequest::get().uri(&format!("/you?{query}")).to_http_request();
        assert_eq!(said_in(&Query::from(&request)), said);
    }
}

#[actix_web::test]
async fn somebody_who_has_opened_it_too_often_can_still_sign_out_everywhere_in_four_languages() {
    for (tag, view) in ["en", "fr", "de", "es"].map(|tag| (tag, view(tag))) {
        let page = view.busy_page("t0ken", Some(SIGNED_OUT));
        assert_eq!(page.status().as_u16(), 429);
        insta::assert_snapshot!(format!("busy_{tag}"), main_of(page).await);
    }
}
