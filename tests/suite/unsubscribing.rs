//! The headers by which mail programs offer to unsubscribe from this server's mails, and what
//! happens then.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use vouch::clock::DAY;
use vouch_test_support::mail_sink::Message;

use crate::address_visitor::{FORM, Visitor, asks, is_link, path_of, value};
use crate::database::{count, refuse};
use crate::invitations::{BOB, invites};
use crate::notices::{ALICE, BOUND, notice};
use crate::undoing::heading;
use crate::world::{Answer, Server};

const OBJECTED: &str = "You will not be invited again";

/// Sends the request that mail programs send when their user unsubscribes.
async fn unsubscribes(server: &Server, path: &str, content_type: &str, body: &str) -> Answer {
    let request = server.request(Method::POST, path, None).header(CONTENT_TYPE, content_type);
    server.send(request.body(body.to_owned())).await
}

async fn with_one_click(server: &Server, path: &str) -> Answer {
    unsubscribes(server, path, FORM, "List-Unsubscribe=One-Click").await
}

/// Returns path and query of the link in `List-Unsubscribe`.
#[track_caller]
fn unsubscribe_path(mail: &Message) -> String {
    let header = mail.header("List-Unsubscribe").expect("every mail has the header");
    path_of(header.strip_prefix('<').unwrap().strip_suffix('>').unwrap())
}

on_both_backends! {
    async fn every_mail_says_how_to_unsubscribe_in_which_language_and_where_to_reply(mut world: World) {
        world.config.server.public_url = "https://id.example/vouch/".parse().unwrap();
        world.config.brand.contact = Some("help@club.example".parse().unwrap());
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        invites(&alice, BOB).await.ok();
        asks(&server, ALICE).await;
        let mails = [
            world.validation_mail(ALICE).await,
            notice(&world, ALICE, BOUND).await,
            world.mail.wait_for(is_link).await,
            world.mail.wait_to(BOB).await,
        ];
        for mail in mails {
            let header = |name| mail.header(name).unwrap_or_default();
            let link = header("List-Unsubscribe");
            assert!(link.starts_with("<https://id.example/vouch/address/object?token="), "{link}");
            assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
            assert_eq!((header("Content-Language"), header("Reply-To")), ("en".to_owned(), "help@club.example".to_owned()));
        }
    }

    async fn a_mail_program_objects_with_one_click(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = unsubscribe_path(&notice(&world, ALICE, BOUND).await);
        assert_eq!(heading(&with_one_click(&server, &path).await, 200), OBJECTED);
        assert_eq!(alice.looks_up(ALICE).await, None);
        assert_eq!((count(&world, "bindings").await, count(&world, "objections").await), (0, 1));
        // Again, and as RFC 8058 allows as well.
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        let answer = unsubscribes(&server, &path, "multipart/form-data; boundary=b", multipart).await;
        assert_eq!(heading(&answer, 200), OBJECTED);
        // The owner can withdraw it.
        let owner = Visitor::by_mail(&world, &server, ALICE).await;
        assert_eq!(owner.done("withdraw").await, "Your objection has been withdrawn");
    }

    async fn opening_the_link_changes_nothing_and_its_button_objects(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let path = unsubscribe_path(&notice(&world, ALICE, BOUND).await);
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(server.send(server.request(method, &path, None)).await.status, 200);
        }
        let page = server.get(&path.replace("lang=en", "lang=de"), None).await;
        assert_eq!(heading(&page, 200), "Nie auffindbar machen oder einladen");
        assert_eq!(alice.looks_up(ALICE).await, Some(alice.mxid.clone()));
        let button = value(&page.text, "<form method=\"post\" action=\"").replace("&#38;", "&").replace("&amp;", "&");
        let answer = server.send(server.request(Method::POST, &button, None)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(alice.looks_up(ALICE).await, None);
    }

    async fn useless_links_object_to_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds(ALICE).await;
        let mail = notice(&world, ALICE, BOUND).await;
        assert_eq!(mail.header("List-Unsubscribe-Post"), None, "without TLS, mail programs would not send it");
        let path = unsubscribe_path(&mail);
        asks(&server, ALICE).await;
        let managing = world.mail.wait_for(is_link).await;
        let managing = path_of(&managing.links().into_iter().find(|link| link.contains("/address/open?")).unwrap());
        let other_kind = managing.replace("/address/open?", "/address/object?");
        for broken in ["/address/object", "/address/object?token=", "/address/object?token=AAAA", &other_kind] {
            assert_eq!(with_one_click(&server, broken).await.status, 404, "{broken}");
            assert_eq!(server.get(broken, None).await.status, 404, "{broken}");
        }
        let managing = path.replace("/address/object?", "/address/open?");
        assert_eq!(server.get(&managing, None).await.status, 404, "an unsubscribe link shows no data");

        refuse(&world, "INSERT", "objections").await;
        assert_eq!(with_one_click(&server, &path).await.status, 503);
        world.clock.advance(60 * DAY);
        assert_eq!(heading(&with_one_click(&server, &path).await, 410), "This link has expired");
        assert_eq!(count(&world, "objections").await, 0);
    }
}
