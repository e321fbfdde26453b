//! Requests to each gateway, and the meaning of its responses.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use serde_json::{Value, json};

use super::*;
use crate::config::{ContentType, OpenMarket, Template, Webhook};

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

async fn verdicts(gateway: &SmsGateway, sms: &Sms, answers: &[(u16, &str, Result<(), SendError>)]) {
    let sms_sender = sms_sender(sms);
    for (status, body, expected) in answers {
        gateway.behave(Conduct::Answers(*status, (*body).to_owned()));
        assert_eq!(sms_sender.send(&number(), TEXT).await, *expected, "{status} {body}");
    }
}

#[tokio::test]
async fn requests_to_twilio_follow_its_api() {
    let gateway = SmsGateway::start();
    gateway.behave(Conduct::Answers(201, "{}".to_owned()));
    let settings = twilio(&gateway);
    send(&sms(Gateway::Twilio(settings.clone()))).await.unwrap();
    let request = gateway.request();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json");
    assert_eq!(header(&request, "authorization"), Some(&*basic(&settings.account, "twilio-token")));
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    let expected = [("To", "+447700900123"), ("From", "Vouch"), ("Body", TEXT)];
    assert_eq!(pairs(request.body()), expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn twilio_messaging_services_choose_the_sender_and_api_keys_log_in() {
    let gateway = SmsGateway::start();
    gateway.behave(Conduct::Answers(201, "{}".to_owned()));
    let service = "MG00000000000000000000000000000002".to_owned();
    let key = "SK00000000000000000000000000000003".to_owned();
    let settings =
        config::Twilio { messaging_service: Some(service.clone()), api_key: Some(key.clone()), ..twilio(&gateway) };
    send(&sms(Gateway::Twilio(settings))).await.unwrap();
    let request = gateway.request();
    assert!(request.uri().path().contains("/AC00000000000000000000000000000001/"));
    assert_eq!(header(&request, "authorization"), Some(&*basic(&key, "twilio-token")));
    let form = pairs(request.body());
    assert_eq!((form.get("MessagingServiceSid"), form.get("From")), (Some(&service), None));
}

#[tokio::test]
async fn responses_of_twilio_are_understood() {
    let gateway = SmsGateway::start();
    let answers = [
        (201, r#"{"sid":"SM1","status":"queued","error_code":null}"#, Ok(())),
        (
            400,
            r#"{"code":21211,"message":"The 'To' number +447700900123 is not valid.","status":400}"#,
            Err(SendError::Rejected),
        ),
        (400, r#"{"code":21614,"message":"not a mobile number","status":400}"#, Err(SendError::Rejected)),
        (403, r#"{"code":21408,"message":"region","status":403}"#, Err(SendError::Rejected)),
        (400, r#"{"code":21610,"message":"unsubscribed","status":400}"#, Err(SendError::Rejected)),
        (401, r#"{"code":20003,"message":"Authenticate","status":401}"#, Err(SendError::Login)),
        (403, r#"{"code":20003,"message":"Permission Denied","status":403}"#, Err(SendError::Login)),
        (401, "", Err(SendError::Login)),
        (429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#, Err(SendError::Refused)),
        (400, r#"{"code":21606,"message":"From","status":400}"#, Err(SendError::Refused)),
        (
            400,
            r#"{"code":21617,"message":"The concatenated message body exceeds the 1600 character limit"}"#,
            Err(SendError::Refused),
        ),
        (500, "<html>", Err(SendError::Refused)),
        (200, "{}", Err(SendError::Refused)),
        (400, r#"{"code":"21211"}"#, Err(SendError::Refused)),
    ];
    verdicts(&gateway, &sms(Gateway::Twilio(twilio(&gateway))), &answers).await;
    assert_eq!(gateway.connections(), 1, "connections are used again");
}

fn openmarket(gateway: &SmsGateway, sender: Option<Sender>) -> Sms {
    let settings = OpenMarket {
        account: "000-000-000-00001".to_owned(),
        password: "openmarket-password".into(),
        program: None,
        url: format!("{}/sms/v4/mt", gateway.url()).parse().unwrap(),
    };
    Sms { sender, ..sms(Gateway::OpenMarket(settings)) }
}

#[tokio::test]
async fn requests_to_openmarket_follow_its_api() {
    let gateway = SmsGateway::start();
    let sender = |sender| openmarket(&gateway, Some(sender));
    send(&sender(Sender::Name("Vouch".to_owned()))).await.unwrap();
    send(&sender(Sender::Number("12025550123".to_owned()))).await.unwrap();
    send(&sender(Sender::ShortCode("12345".to_owned()))).await.unwrap();
    let mut with_program = openmarket(&gateway, None);
    if let Gateway::OpenMarket(settings) = &mut with_program.gateways[0] {
        settings.program = Some("77".to_owned());
    }
    send(&with_program).await.unwrap();
    let requests = gateway.requests();
    let body = |index: usize| serde_json::from_slice::<Value>(requests[index].body()).unwrap();
    let whole = json!({ "mobileTerminate": {
        "message": { "type": "text", "content": TEXT },
        "destination": { "address": "447700900123" },
        "source": { "ton": "5", "address": "Vouch" },
    } });
    assert_eq!(body(0), whole);
    assert_eq!(body(1)["mobileTerminate"]["source"], json!({ "ton": "1", "address": "12025550123" }));
    assert_eq!(body(2)["mobileTerminate"]["source"], json!({ "ton": "3", "address": "12345" }));
    assert_eq!(body(3)["mobileTerminate"]["source"], Value::Null);
    assert_eq!(body(3)["mobileTerminate"]["options"], json!({ "programId": "77" }));
    assert_eq!((requests[0].method(), requests[0].uri().path()), (&Method::POST, "/sms/v4/mt"));
    assert_eq!(header(&requests[0], "authorization"), Some(&*basic("000-000-000-00001", "openmarket-password")));
    assert_eq!(header(&requests[0], "content-type"), Some("application/json; charset=UTF-8"));
}

#[tokio::test]
async fn responses_of_openmarket_are_understood() {
    let gateway = SmsGateway::start();
    let answers = [
        (202, "", Ok(())),
        (400, r#"{"error":{"code":"345","description":"Unable to determine carrier"}}"#, Err(SendError::Rejected)),
        (400, r#"{"error":{"code":349,"description":"non-numeric"}}"#, Err(SendError::Rejected)),
        (400, r#"{"error":{"code":"1","description":"other"}}"#, Err(SendError::Refused)),
        (401, "", Err(SendError::Login)),
        (403, r#"{"error":{"code":"12001"}}"#, Err(SendError::Login)),
        (429, "", Err(SendError::Refused)),
        (500, "null", Err(SendError::Refused)),
        (204, "", Err(SendError::Refused)),
    ];
    verdicts(&gateway, &openmarket(&gateway, None), &answers).await;
}

fn webhook(url: &str, content_type: &str, body: Option<&str>) -> Webhook {
    Webhook {
        url: Template::parse(url).unwrap(),
        method: Method::POST,
        headers: [("authorization".to_owned(), "Bearer webhook-token".parse().unwrap())].into(),
        content_type: ContentType::parse(content_type).unwrap(),
        body: body.map(|body| Template::parse(body).unwrap()),
        success_status: vec![200..=200, 202..=204],
        success_text: None,
    }
}

fn through(webhook: &Webhook) -> Sms {
    sms(Gateway::Webhook(Box::new(webhook.clone())))
}

#[tokio::test]
async fn a_webhook_request_is_filled_in_from_its_templates() {
    let gateway = SmsGateway::start();
    let url = format!("{}/to/{{number}}/?d={{digits}}", gateway.url());
    let json = r#"{"to":["{number}"],"from":"{sender}","nested":{"text":"{text}"}}"#;
    send(&through(&webhook(&url, "application/json", Some(json)))).await.unwrap();
    let request = gateway.request();
    assert_eq!(request.uri(), "/to/%2B447700900123/?d=447700900123");
    assert_eq!(request.method(), Method::POST);
    assert_eq!(header(&request, "authorization"), Some("Bearer webhook-token"));
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body, json!({ "to": ["+447700900123"], "from": "Vouch", "nested": { "text": TEXT } }));
}

#[tokio::test]
async fn a_webhook_can_use_a_form_xml_plain_text_or_only_the_query() {
    let gateway = SmsGateway::start();
    let url = gateway.url() + "/";
    let form = webhook(&url, "application/x-www-form-urlencoded", Some("n={digits}&t={text}&s={sender}"));
    send(&Sms { sender: None, ..through(&form) }).await.unwrap();
    let xml = webhook(&url, "text/xml; charset=utf-8", Some("<sms to=\"{number}\">{text}</sms>"));
    send(&through(&xml)).await.unwrap();
    send(&through(&webhook(&url, "text/plain", Some("{number} {text}")))).await.unwrap();
    let get = webhook(&format!("{url}send?n={{number}}&t={{text}}"), "application/json", None);
    send(&through(&Webhook { method: Method::GET, ..get })).await.unwrap();
    let requests = gateway.requests();
    let expected = [("n", "447700900123"), ("t", TEXT), ("s", "")];
    assert_eq!(pairs(requests[0].body()), expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    let text = |index: usize| String::from_utf8(requests[index].body().to_vec()).unwrap();
    let escaped = TEXT.replace('&', "&amp;").replace('"', "&quot;");
    assert_eq!(text(1), format!("<sms to=\"+447700900123\">{escaped}</sms>"));
    assert_eq!(text(2), format!("+447700900123 {TEXT}"));
    assert_eq!((requests[3].method(), text(3).as_str()), (&Method::GET, ""));
    assert_eq!(query(&requests[3])["t"], TEXT);
    assert_eq!(query(&requests[3])["n"], "+447700900123");
}

#[tokio::test]
async fn settings_decide_which_webhook_responses_mean_sent() {
    let gateway = SmsGateway::start();
    let any = webhook(&gateway.url(), "text/plain", Some("{number} {text}"));
    let answers = [
        (200, "", Ok(())),
        (203, "", Ok(())),
        (201, "", Err(SendError::Refused)),
        (301, "", Err(SendError::Refused)),
        (401, "", Err(SendError::Login)),
        (403, "", Err(SendError::Login)),
        (500, "", Err(SendError::Refused)),
    ];
    verdicts(&gateway, &through(&any), &answers).await;
    let strict = Webhook { success_text: Some("\"status\":\"ok\"".to_owned()), ..any };
    let answers = [
        (200, r#"{"status":"ok"}"#, Ok(())),
        (200, r#"{"status":"failed"}"#, Err(SendError::Refused)),
        (500, r#"{"status":"ok"}"#, Err(SendError::Refused)),
    ];
    verdicts(&gateway, &through(&strict), &answers).await;
}
