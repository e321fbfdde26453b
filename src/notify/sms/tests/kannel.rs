//! Kannel: a stub for its responses, and a real one.

use std::time::{Duration, Instant};

use vouch_test_support::kannel::Kannel;

use super::*;

/// A text that fits into a 7-bit message.
const SHORT: &str = "Grüße für 5 €: [123456]\n@id.example.org #123456";

fn through(url: &str, password: &str) -> Sms {
    sms(Gateway::Kannel(kannel_at(url, password)))
}

fn strings<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[tokio::test]
async fn requests_to_kannel_follow_its_guide() {
    let gateway = SmsGateway::start();
    let url = format!("{}/cgi-bin/sendsms", gateway.url());
    send(&through(&url, "kannel-password")).await.unwrap();
    let settings = config::Kannel { smsc: Some("main".to_owned()), ..kannel_at(&url, "kannel-password") };
    let quiet = Sms { sender: None, ..sms(Gateway::Kannel(settings)) };
    sms_sender(&quiet).send(&number(), SHORT).await.unwrap();
    let requests = gateway.requests();
    assert_eq!((requests[0].method().as_str(), requests[0].uri().path()), ("GET", "/cgi-bin/sendsms"));
    let login = strings([("username", "vouch"), ("password", "kannel-password"), ("charset", "UTF-8")]);
    let mut expected = login.clone();
    expected.extend(strings([("to", "+447700900123"), ("from", "Vouch"), ("coding", "2"), ("text", TEXT)]));
    assert_eq!(query(&requests[0]), expected);
    let mut expected = login;
    expected.extend(strings([("to", "+447700900123"), ("smsc", "main"), ("coding", "0"), ("text", SHORT)]));
    assert_eq!(query(&requests[1]), expected);
}

#[tokio::test]
async fn responses_of_kannel_are_understood() {
    let gateway = SmsGateway::start();
    let sms_sender = sms_sender(&through(&gateway.url(), "kannel-password"));
    for (status, body, expected) in [
        (202, "0: Accepted for delivery", Ok(())),
        (202, "3: Queued for later delivery", Ok(())),
        (200, "0: Accepted for delivery", Ok(())),
        (200, "<html>a captive portal</html>", Err(SendError::Refused)),
        (403, "Authorization failed for sendsms", Err(SendError::Login)),
        (400, "Number(s) has/have been denied by white- and/or black-lists.", Err(SendError::Rejected)),
        (400, "Sender missing and no global set, rejected", Err(SendError::Refused)),
        (404, "Unknown request.", Err(SendError::Refused)),
        (503, "Temporal failure, try again later.", Err(SendError::Refused)),
    ] {
        gateway.behave(Conduct::Answers(status, body.to_owned()));
        assert_eq!(sms_sender.send(&number(), TEXT).await, expected, "{status} {body}");
    }
}

/// Waits for a text, because Kannel accepts it at once and sends it in the background.
async fn wait_for(smsc: &SmsGateway, count: usize) -> Vec<Request<Bytes>> {
    let begun = Instant::now();
    loop {
        let requests = smsc.requests();
        if requests.len() >= count {
            return requests;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "Kannel has sent {} of {count}", requests.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Decodes a message as the SMSC receives it: bytes, and their charset.
fn content(request: &Request<Bytes>) -> String {
    let encoded = request.uri().query().unwrap().split('&').find_map(|pair| pair.strip_prefix("text=")).unwrap();
    let mut bytes = Vec::new();
    let mut rest = encoded.replace('+', " ").into_bytes().into_iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => u8::from_str_radix(&String::from_utf8(rest.by_ref().take(2).collect()).unwrap(), 16).unwrap(),
            other => other,
        });
    }
    match query(request)["charset"].as_str() {
        "UTF-16BE" => {
            let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).unwrap()
        }
        charset => {
            assert_eq!(charset, "UTF-8");
            String::from_utf8(bytes).unwrap()
        }
    }
}

#[tokio::test]
async fn a_real_kannel_passes_texts_on_unchanged() {
    let smsc = SmsGateway::start();
    smsc.behave(Conduct::Answers(202, "0: Accepted for delivery".to_owned()));
    let kannel = Kannel::start(&smsc.url());
    let sms_sender = sms_sender(&through(kannel.url(), kannel.password()));
    sms_sender.send(&number(), TEXT).await.unwrap();
    wait_for(&smsc, 1).await;
    sms_sender.send(&number(), SHORT).await.unwrap();
    let requests = wait_for(&smsc, 2).await;
    for (request, text, coding) in [(&requests[0], TEXT, "2"), (&requests[1], SHORT, "0")] {
        let query = query(request);
        assert_eq!((query["to"].as_str(), query["from"].as_str()), ("+447700900123", "Vouch"));
        assert_eq!(query["coding"], coding);
        assert_eq!(content(request), text);
    }
    let long = "All of this must arrive. ".repeat(20);
    sms_sender.send(&number(), long.trim()).await.unwrap();
    let parts: Vec<String> = wait_for(&smsc, 6).await[2..].iter().map(content).collect();
    assert_eq!(parts.concat(), long.trim());
}

#[tokio::test]
async fn a_real_kannel_refuses_a_wrong_password_and_a_missing_sender() {
    let smsc = SmsGateway::start();
    let kannel = Kannel::start(&smsc.url());
    let wrong = through(kannel.url(), "wrong");
    assert_eq!(send(&wrong).await, Err(SendError::Login));
    let anonymous = Sms { sender: None, ..through(kannel.url(), kannel.password()) };
    assert_eq!(send(&anonymous).await, Err(SendError::Refused));
    assert_eq!(smsc.requests().len(), 0);
}
