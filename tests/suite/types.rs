//! Bodies of the wrong shape, for every endpoint that has one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Person, SECRET, Server, World};

/// What a field accepts.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Text,
    TextOrNothing,
    NumberOrNothing,
    Attempt,
    Texts,
    TextsOrNothing,
    Object,
}

use Takes::{Attempt, NumberOrNothing, Object, Text, TextOrNothing, Texts, TextsOrNothing};

/// An endpoint below `/_matrix/identity/v2`, or below `/_matrix/identity` if it is unstable, a
/// valid body, and what each field accepts. A dot separates the levels of a nested object.
struct Endpoint {
    path: &'static str,
    body: Value,
    fields: &'static [(&'static str, Takes)],
}

/// All endpoints with a body; `sid` is the ID of one of the caller's sessions.
fn endpoints(person: &Person<'_>, sid: &str, pepper: &str) -> Vec<Endpoint> {
    let session = json!({ "sid": sid, "client_secret": SECRET });
    let with = |more: Value| -> Value {
        let mut body = session.as_object().unwrap().clone();
        body.extend(more.as_object().unwrap().clone());
        body.into()
    };
    let threepid = json!({ "medium": "email", "address": "alice@example.com" });
    vec![
        Endpoint {
            path: "/account/register",
            body: person.world.homeserver.openid_token("alice"),
            fields: &[
                ("access_token", Text),
                ("matrix_server_name", Text),
                ("token_type", TextOrNothing),
                ("expires_in", NumberOrNothing),
            ],
        },
        Endpoint { path: "/terms", body: json!({ "user_accepts": [] }), fields: &[("user_accepts", Texts)] },
        Endpoint {
            path: "/lookup",
            body: json!({ "algorithm": "sha256", "pepper": pepper, "addresses": ["x"] }),
            fields: &[("algorithm", Text), ("pepper", Text), ("addresses", Texts)],
        },
        Endpoint {
            path: "/validate/email/requestToken",
            body: json!({ "client_secret": SECRET, "email": "alice@example.com", "send_attempt": 1, "next_link": null }),
            fields: &[
                ("client_secret", Text),
                ("email", Text),
                ("send_attempt", Attempt),
                ("next_link", TextOrNothing),
            ],
        },
        Endpoint {
            path: "/validate/email/submitToken",
            body: with(json!({ "token": "wrong" })),
            fields: &[("sid", Text), ("client_secret", Text), ("token", Text)],
        },
        Endpoint {
            path: "/validate/msisdn/requestToken",
            body: json!({ "client_secret": SECRET, "country": "GB", "phone_number": "07700900001", "send_attempt": 1, "next_link": null }),
            fields: &[
                ("client_secret", Text),
                ("country", Text),
                ("phone_number", Text),
                ("send_attempt", Attempt),
                ("next_link", TextOrNothing),
            ],
        },
        Endpoint {
            path: "/validate/msisdn/submitToken",
            body: with(json!({ "token": "wrong" })),
            fields: &[("sid", Text), ("client_secret", Text), ("token", Text)],
        },
        Endpoint {
            path: "/3pid/bind",
            body: with(json!({ "mxid": person.mxid })),
            fields: &[("sid", Text), ("client_secret", Text), ("mxid", Text)],
        },
        Endpoint {
            path: "/store-invite",
            body: json!({ "medium": "email", "address": "bob@example.com", "room_id": "!x:y", "sender": person.mxid }),
            fields: &[("medium", Text), ("address", Text), ("room_id", Text), ("sender", Text)],
        },
        Endpoint {
            path: "/sign-ed25519",
            body: json!({ "mxid": person.mxid, "token": "unknown", "private_key": "A".repeat(43) }),
            fields: &[("mxid", Text), ("token", Text), ("private_key", Text)],
        },
        Endpoint {
            path: "/3pid/unbind",
            body: with(json!({ "mxid": person.mxid, "threepid": threepid })),
            fields: &[
                ("sid", TextOrNothing),
                ("client_secret", TextOrNothing),
                ("mxid", Text),
                ("threepid", Object),
                ("threepid.medium", Text),
                ("threepid.address", Text),
            ],
        },
        Endpoint {
            path: "/unstable/im.vouch/3pid/object",
            body: json!({ "sid": "unknown", "client_secret": SECRET }),
            fields: &[("sid", Text), ("client_secret", Text)],
        },
        Endpoint {
            path: "/unstable/im.vouch/terms/withdraw",
            body: json!({ "policies": [] }),
            fields: &[("policies", TextsOrNothing)],
        },
    ]
}

/// Returns values that the field does not accept.
fn wrong(takes: Takes) -> Vec<Value> {
    let huge = "x".repeat(40_000);
    let all = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(huge),
        json!("7"),
        json!([]),
        json!([["x"]]),
        json!(["x", 1]),
        json!([null]),
        json!({}),
        json!({ "x": [1] }),
    ];
    let fits = |value: &Value| match takes {
        Text => value.is_string(),
        TextOrNothing => value.is_string() || value.is_null(),
        NumberOrNothing => value.is_number() || value.is_null(),
        Attempt => *value == 7 || *value == "7",
        Texts => *value == json!([]),
        TextsOrNothing => *value == json!([]) || value.is_null(),
        // An object without its required fields is wrong too.
        Object => false,
    };
    all.into_iter().filter(|value| !fits(value)).collect()
}

/// Returns a reference to a field in a body.
fn place<'a>(body: &'a mut Value, field: &str) -> (&'a mut serde_json::Map<String, Value>, String) {
    let mut steps: Vec<&str> = field.split('.').collect();
    let last = steps.pop().unwrap().to_owned();
    (steps.into_iter().fold(body, |body, step| &mut body[step]).as_object_mut().unwrap(), last)
}

async fn send(server: &Server, path: &str, token: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let version = if path.starts_with("/unstable/") { "" } else { "/v2" };
    let request = server.request(Method::POST, &format!("/_matrix/identity{version}{path}"), Some(token)).body(body);
    let answer = server.send(request).await;
    (answer.status, answer.body)
}

/// Asserts a refusal: 400, a code from the specification, and an error text.
#[track_caller]
fn assert_refused(answer: &(u16, Value), errcodes: &[&str], what: &str) {
    let (status, body) = answer;
    let errcode = body["errcode"].as_str().unwrap_or_default();
    assert!(*status == 400 && errcodes.contains(&errcode), "{what}: {status} {body}");
    let text = body["error"].as_str().unwrap();
    assert!(!text.is_empty() && !text.contains(" at line ") && text.len() < 120, "{what}: {text}");
}

on_both_backends! {
    async fn a_value_of_the_wrong_type_is_a_bad_request(mut world: World) {
        // Registration is charged before the body is validated.
        world.config.budgets.registrations_network.capacity = 1_000;
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (sid, pepper) = (alice.asks_to_prove("alice@example.com").await, alice.pepper().await);
        for endpoint in endpoints(&alice, &sid, &pepper) {
            for (field, takes) in endpoint.fields {
                for value in wrong(*takes) {
                    let mut body = endpoint.body.clone();
                    let (object, name) = place(&mut body, field);
                    object.insert(name, value.clone());
                    let answer = send(&server, endpoint.path, &alice.token, body.to_string()).await;
                    let mut what = format!("{} {field} = {value}", endpoint.path);
                    what.truncate(120);
                    assert_refused(&answer, &["M_INVALID_PARAM", "M_BAD_JSON", "M_MISSING_PARAMS"], &what);
                }
            }
        }
    }

    async fn strange_strings_never_cause_a_server_error(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let (sid, pepper) = (alice.asks_to_prove("alice@example.com").await, alice.pepper().await);
        let strange = ["", " ", "x", "\u{1}", "\u{fffd}\u{10ffff}", "' OR 1=1 --", "../../etc/passwd", "a\r\nb: c", &"ß".repeat(20_000)];
        for endpoint in endpoints(&alice, &sid, &pepper) {
            for (field, takes) in endpoint.fields.iter().filter(|(_, takes)| !matches!(takes, NumberOrNothing | Object)) {
                for text in strange {
                    let mut body = endpoint.body.clone();
                    let (object, name) = place(&mut body, field);
                    object.insert(name, if matches!(takes, Texts | TextsOrNothing) { json!([text]) } else { json!(text) });
                    let (status, body) = send(&server, endpoint.path, &alice.token, body.to_string()).await;
                    let errcode = body["errcode"].as_str().unwrap_or_default();
                    // The homeserver does not exist, or the request is invalid.
                    let expected = status < 500 || (status, *field) == (502, "matrix_server_name");
                    let what = format!("{} {field} = {text:.40}: {status} {body}", endpoint.path);
                    assert!(expected && (status == 200 || errcode.starts_with("M_")), "{what}");
                }
            }
        }
    }

    async fn an_error_names_the_missing_field(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for endpoint in endpoints(&alice, "sid", "pepper") {
            for (field, takes) in endpoint.fields {
                let mut body = endpoint.body.clone();
                let (object, name) = place(&mut body, field);
                object.remove(&name).unwrap();
                if matches!(takes, TextOrNothing | NumberOrNothing | TextsOrNothing) {
                    continue;
                }
                let (status, body) = send(&server, endpoint.path, &alice.token, body.to_string()).await;
                assert_eq!((status, &body["errcode"]), (400, &json!("M_MISSING_PARAMS")), "{} {field}", endpoint.path);
                assert!(body["error"].as_str().unwrap().contains(&name), "{body}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_must_be_a_single_json_object() {
    let mut world = World::on_sqlite().await;
    world.config.budgets.registrations_network.capacity = 1_000;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let deep = |open: &str, close: &str| format!("{{\"x\":{}1{}}}", open.repeat(1_000), close.repeat(1_000));
    let bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "}",
        "nonsense",
        "{} {}",
        "{}x",
        "{'a':1}",
        "{\"a\":1,}",
        "[]",
        "[{}]",
        "\"text\"",
        "null",
        "true",
        "1",
        "{\"x\":NaN}",
        "{\"x\":Infinity}",
        "{\"x\":-Infinity}",
        "{\"x\":1e400}",
        "{\"x\":01}",
        r#"{"x":"\ud800"}"#,
        r#"{"x":"\udc00\ud800"}"#,
        r#"{"x":"\u0000"}"#,
        r#"{"\u0000":1}"#,
        "{\"x\":\"\0\"}",
        r#"{"x":1,"x":1}"#,
        r#"{"x":1,"\u0078":1}"#,
        r#"{"x":{"y":1,"y":1}}"#,
        r#"{"x":[{"y":"\u0000"}]}"#,
        "access_token=x&matrix_server_name=y",
        "\u{feff}{}",
        "{\"x\":\"a\nb\"}",
    ]
    .map(|body| body.as_bytes().to_vec())
    .into_iter()
    .chain([
        deep("[", "]").into_bytes(),
        deep("{\"y\":", "}").into_bytes(),
        b"{\"x\":\"\xff\"}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
    ])
    .collect();
    for endpoint in endpoints(&alice, "sid", "pepper") {
        for body in &bodies {
            let answer = send(&server, endpoint.path, &alice.token, body.clone()).await;
            let mut what = format!("{} {}", endpoint.path, String::from_utf8_lossy(body));
            what.truncate(100);
            // Web clients send no body there.
            let is_none = body.is_empty() && endpoint.path == "/sign-ed25519";
            let errcodes: &[_] = if is_none { &["M_MISSING_PARAMS"] } else { &["M_NOT_JSON", "M_BAD_JSON"] };
            assert_refused(&answer, errcodes, &what);
        }
    }
}

#[tokio::test]
async fn invalid_json_after_the_read_fields_is_found_too() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let (sid, pepper) = ("sid".to_owned(), alice.pepper().await);
    for endpoint in endpoints(&alice, &sid, &pepper) {
        for (field, _) in endpoint.fields.iter().filter(|(field, _)| !field.contains('.')) {
            for fault in
                ["NaN", "1e400", r#""\ud800""#, r#""\u0000""#, r#"["\u0000"]"#, r#"{"x":1,"x":1}"#, "[[[NaN]]]"]
            {
                let mut body = endpoint.body.clone();
                body.as_object_mut().unwrap().insert((*field).to_owned(), json!("the fault"));
                let body = body.to_string().replace("\"the fault\"", fault);
                let answer = send(&server, endpoint.path, &alice.token, body).await;
                let what = format!("{} {field} = {fault}", endpoint.path);
                assert_refused(&answer, &["M_NOT_JSON", "M_BAD_JSON", "M_INVALID_PARAM"], &what);
            }
        }
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let (sid, pepper) = (alice.asks_to_prove("alice@example.com").await, alice.pepper().await);
    for mut endpoint in endpoints(&alice, &sid, &pepper) {
        let plain = send(&server, endpoint.path, &alice.token, endpoint.body.to_string()).await;
        endpoint.body["id_access_token"] = "x".into();
        endpoint.body["org.example.more"] = json!({ "x": [null, 1.5, "y"] });
        let more = send(&server, endpoint.path, &alice.token, endpoint.body.to_string()).await;
        assert_eq!((plain.0, &plain.1["errcode"]), (more.0, &more.1["errcode"]), "{}", endpoint.path);
    }
}
