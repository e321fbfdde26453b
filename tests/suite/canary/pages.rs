//! The same values, on their way through the pages and the API for a person's rights.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use serde_json::json;
use url::form_urlencoded;

use super::needles::{
    BODY, Canaries, EMAIL, INVITER_NAME, LOCALPART, OPERATORS_USER, PATH, QUERY, ROOM, ROOM_NAME, UNKNOWN_TOKEN,
    UNWANTED_EMAIL,
};
use crate::address_visitor::FORM;
use crate::confirming::mailed_confirmation;
use crate::invitations::{landing, objects};
use crate::world::{Answer, Person, Server, query};

async fn posts(server: &Server, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = server.request(Method::POST, path, None).header(COOKIE, cookie);
    server.send(request.header(CONTENT_TYPE, FORM).body(form)).await
}

async fn opens(server: &Server, path: &str, cookie: &str) -> Answer {
    server.send(server.request(Method::GET, path, None).header(COOKIE, cookie)).await
}

/// Somebody signs in, looks at the data stored about them, and sends forms, valid and invalid ones.
pub async fn visits(person: &Person<'_>, canaries: &mut Canaries) {
    let (world, server) = (person.world, person.server);
    let openid = world.homeserver.openid_token(LOCALPART);
    let (token, name) = (openid["access_token"].as_str().unwrap(), openid["matrix_server_name"].as_str().unwrap());
    canaries.keep("OpenID token", token);
    for (token, name) in [(UNKNOWN_TOKEN, name), (token, OPERATORS_USER.split_once(':').unwrap().1), (token, BODY)] {
        let fields = [("access_token", token), ("matrix_server_name", name), ("for", PATH)];
        assert!(posts(server, "/you/sign-in", "", &fields).await.status >= 400);
    }
    let signs_in = [("access_token", token), ("matrix_server_name", name), ("for", "")];
    let answer = posts(server, "/you/sign-in", "", &signs_in).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    canaries.keep("visit", cookie.split_once('=').unwrap().1);

    let page = opens(server, &format!("/you?said={QUERY}"), cookie).await;
    assert!(page.text.contains(&person.mxid) && !page.text.contains(&EMAIL.to_lowercase()), "{}", page.text);
    let form_token = page.text.split_once("name=\"form_token\" value=\"").unwrap().1.split_once('"').unwrap().0;
    canaries.keep("form token", form_token);
    let ids = page.text.split("name=\"id\" value=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0);
    let ids: BTreeSet<_> = ids.chain([BODY]).collect();
    for id in ids {
        let fields = [("form_token", form_token), ("id", id)];
        let answer = posts(server, "/you/confirm", cookie, &fields).await;
        let said = answer.headers["location"].to_str().unwrap();
        assert_eq!(said.contains("said=link-sent"), id != BODY, "{said}");
    }
    let path = mailed_confirmation(world, &EMAIL.to_lowercase()).await;
    canaries.keep("token of a link", query(&format!("http://h{path}"), "token"));
    assert_eq!(crate::confirming::presses(server, &path, "confirm").await.status, 200);
    assert!(opens(server, "/you", cookie).await.text.contains(&EMAIL.to_lowercase()));
    assert_eq!(opens(server, "/you/erase", cookie).await.status, 200);
    assert_eq!(opens(server, "/you/export", cookie).await.status, 200);
    let name = cookie.split_once('=').unwrap().0;
    assert!(!opens(server, "/you", &format!("{name}={UNKNOWN_TOKEN}")).await.text.contains(&person.mxid));
    for (path, field, value) in [
        ("/you/unbind", "id", UNWANTED_EMAIL),
        ("/you/confirm", "id", UNWANTED_EMAIL),
        ("/you/erase-later", "confirmation", BODY),
        ("/you/keep", "more", BODY),
        ("/you/withdraw", "policy", BODY),
        ("/you/erase", "confirmation", BODY),
        ("/you/accept", "policy", BODY),
    ] {
        for form_token in [form_token, UNKNOWN_TOKEN] {
            let fields = [("form_token", form_token), ("medium", "email"), (field, value)];
            assert!(posts(server, path, cookie, &fields).await.status < 500, "{path}");
        }
    }
    assert_eq!(posts(server, "/you/sign-out", cookie, &[("form_token", form_token)]).await.status, 303);
}

/// Somebody opens the link of an invitation, and wants no more of them.
pub async fn refuses(person: &Person<'_>, canaries: &mut Canaries) {
    let (world, server) = (person.world, person.server);
    let asked = json!({
        "medium": "email", "address": UNWANTED_EMAIL, "room_id": ROOM, "sender": person.mxid, "room_name": ROOM_NAME,
        "sender_display_name": INVITER_NAME,
    });
    person.post("/store-invite", asked).await.ok();
    let path = landing(world, UNWANTED_EMAIL).await;
    canaries.keep("token of a link", query(&format!("http://h{path}"), "token"));
    let page = server.get(&path, None).await;
    assert!(page.text.contains(ROOM_NAME) && page.text.contains(&person.mxid), "{}", page.text);
    assert_eq!(server.get(&format!("/invited?token={UNKNOWN_TOKEN}&{QUERY}"), None).await.status, 404);
    for action in ["decline", "object", BODY] {
        assert_eq!(posts(server, "/invited", "", &[("token", UNKNOWN_TOKEN), ("action", action)]).await.status, 404);
    }
    assert_eq!(objects(server, &path).await.status, 200);
}

/// A client requests all stored data, and withdraws a consent that was never given.
pub async fn uses_rights(person: &Person<'_>) {
    let data = "/_matrix/identity/unstable/im.vouch/account/data";
    let export = person.server.get(data, Some(&person.token)).await.ok();
    assert_eq!(export["user_id"], person.mxid);
    assert_eq!(person.server.get(data, Some(UNKNOWN_TOKEN)).await.status, 401);
    let withdraw = "/_matrix/identity/unstable/im.vouch/terms/withdraw";
    let answer = person.server.post(withdraw, Some(&person.token), &json!({ "policies": [BODY, PATH] })).await;
    assert!(answer.status < 500, "{answer:?}");
    assert_eq!(person.server.get(&format!("{withdraw}/{PATH}?{QUERY}"), Some(&person.token)).await.status, 404);
}
