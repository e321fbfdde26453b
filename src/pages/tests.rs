mod address;

use std::path::Path;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::ServiceResponse;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};

use super::notices::{AskedBy, Validation};
use super::*;
use crate::brand::{Brand, Logo};
use crate::clock::Clock;
use crate::config::Config;
use crate::identity::policy::Policies;
use crate::identity::session::NextLink;
use crate::service::Dispute;
use crate::texts::Texts;

mod invited;

fn brand(logo: Option<&Path>) -> Brand {
    Brand {
        name: "Example Club".to_owned(),
        contact: Some("help@example.org".parse().unwrap()),
        imprint: Some("https://example.org/imprint".to_owned()),
        logo: logo.map(|path| Logo::read(path).unwrap()),
        ..Config::default().brand
    }
}

fn site_at(public_url: &str, brand: Brand) -> Site {
    let texts = Texts::load(&"en".parse().unwrap(), None).unwrap();
    let content = Arc::new(Content { brand, texts, policies: Policies::default() });
    let Config { retention, log, .. } = Config::default();
    let rows = RetentionRow::table(&retention, &log);
    Site::new(content, &Url::parse(public_url).unwrap(), rows, true).unwrap()
}

fn site() -> Site {
    site_at("https://id.example.org", brand(None))
}

pub(super) fn view(tag: &str) -> View {
    in_language(site(), tag)
}

/// A view of a site below a path, in each language.
fn views() -> [(&'static str, View); 4] {
    let site = || site_at("https://example.org/id/", brand(None));
    ["en", "fr", "de", "es"].map(|tag| (tag, in_language(site(), tag)))
}

fn in_language(site: Site, tag: &str) -> View {
    let language = site.texts.nearest(tag).unwrap();
    View::new(Arc::new(site), language)
}

fn ours() -> Policies {
    Policies::load(Some(Path::new("policies"))).unwrap()
}

/// Terms in an old version and in one that has replaced it.
fn renewed() -> Policies {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("terms/1.9/en.md", "---\nname: Old Terms\n---\nOld.\n"),
        ("terms/1.10/en.md", "---\nname: Terms\n---\nNew <script>alert(1)</script>.\n"),
        ("terms/1.10/nl.md", "---\nname: Voorwaarden\n---\nNieuw.\n"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Policies::load(Some(folder.path())).unwrap()
}

async fn get(site: Site, policies: Policies, request: TestRequest) -> ServiceResponse<impl MessageBody> {
    serve(Site { comparisons: Comparisons::of(&policies), ..site }, policies, request).await
}

async fn serve(site: Site, policies: Policies, request: TestRequest) -> ServiceResponse<impl MessageBody> {
    let content = Arc::into_inner(site.content).unwrap();
    let site = Site { content: Arc::new(Content { policies, ..content }), ..site };
    let site = web::Data::new(CurrentSite::from_pointee(site));
    let clock = web::Data::new(Clock::system());
    let app = App::new().app_data(site).app_data(clock).configure(routes);
    call_service(&init_service(app).await, request.to_request()).await
}

async fn page(site: Site, policies: Policies, uri: &str) -> (u16, String) {
    let response = get(site, policies, TestRequest::get().uri(uri)).await;
    let status = response.status().as_u16();
    (status, String::from_utf8(read_body(response).await.to_vec()).unwrap())
}

async fn html(response: HttpResponse) -> String {
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

/// The page without its style, which would drown the snapshot.
fn bare(html: &str) -> String {
    let (head, rest) = html.split_once("<style>").unwrap();
    format!("{head}<style>{}", &rest[rest.find("</style>").unwrap()..])
}

fn header<'a>(response: &'a ServiceResponse<impl MessageBody>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn the_start_page_in_three_languages() {
    for tag in ["en", "fr", "de", "es"] {
        let (status, html) = page(site(), ours(), &format!("/?lang={tag}")).await;
        assert_eq!(status, 200);
        insta::assert_snapshot!(format!("home_{tag}"), bare(&html));
    }
}

#[actix_web::test]
async fn the_privacy_policy_ends_with_the_table_in_force() {
    for tag in ["en", "fr", "de", "es"] {
        let (status, html) = page(site(), ours(), &format!("/policies/privacy_policy/1.0/{tag}")).await;
        assert_eq!(status, 200);
        assert!(html.contains(&format!("<html lang=\"{tag}\"")));
        insta::assert_snapshot!(format!("retention_{tag}"), &html[html.find("<table").unwrap()..]);
    }
    let (_, terms) = page(site(), ours(), "/policies/terms_of_service/1.0/en").await;
    assert!(!terms.contains("<table"));
    insta::assert_snapshot!("terms_en", bare(&terms));
}

#[actix_web::test]
async fn an_old_version_stays_readable_and_names_its_successor() {
    let (status, old) = page(site(), renewed(), "/policies/terms/1.9/en").await;
    assert_eq!(status, 200);
    assert!(old.contains("<a href=\"/policies/terms/1.10/en\""), "{}", bare(&old));
    let (_, new) = page(site(), renewed(), "/policies/terms/1.10/en").await;
    assert!(new.contains("This is the current version.") && new.contains("&lt;script&gt;"), "{}", bare(&new));
    let (_, list) = page(site(), renewed(), "/policies").await;
    insta::assert_snapshot!("policies_en", bare(&list));
}

/// Terms whose second version differs and lacks German, and whose third version says the same as
/// the second.
fn amended() -> Policies {
    let folder = tempfile::tempdir().unwrap();
    let old = "## Logs\n\nWe keep logs for ten days.\n\nOne.\n\nTwo.\n\nThree.\n\n## Leaving\n\n- You may leave.\n- Ask us.\n";
    let new = "## Logs\n\nWe keep logs for <b>twenty</b> days.\n\nOne.\n\nTwo.\n\nThree.\n\n## Leaving\n\n- You may leave.\n- [Write](javascript:x) <script>.\n";
    for (path, text) in [("1/en", old), ("1/de", "Alt."), ("2/en", new), ("2/fr", "Neuf."), ("3/en", new)] {
        let path = folder.path().join(format!("terms/{path}.md"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("---\nname: Terms\n---\n{text}")).unwrap();
    }
    Policies::load(Some(folder.path())).unwrap()
}

#[actix_web::test]
async fn changes_are_shown_to_eyes_and_ears_and_cannot_do_more_than_text_can() {
    let (status, html) = page(site(), amended(), "/policies/terms/2/en/changes?since=1").await;
    assert_eq!(status, 200);
    assert!(!html.contains("<script") && !html.contains("javascript:") && !html.contains("<b>"));
    insta::assert_snapshot!("changes_en", &html[html.find("<main").unwrap()..]);
    let (_, without) = page(site(), amended(), "/policies/terms/2/en/changes").await;
    assert_eq!(without, html, "the version before is what is meant without any");
}

#[actix_web::test]
async fn changes_are_computed_at_the_start_and_for_no_reader() {
    let uri = "/policies/terms/2/en/changes?since=1";
    let response = serve(site(), amended(), TestRequest::get().uri(uri)).await;
    let html = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    assert!(html.contains("Nothing has changed"), "a reader had the documents compared: {}", bare(&html));
}

#[actix_web::test]
async fn the_same_text_has_no_changes() {
    for uri in ["/policies/terms/3/en/changes?since=2", "/policies/terms/2/en/changes?since=2"] {
        let (status, html) = page(site(), amended(), uri).await;
        assert_eq!((status, html.contains("Nothing has changed"), html.contains("<article")), (200, true, false));
    }
}

#[actix_web::test]
async fn versions_in_different_languages_are_not_compared_but_named() {
    let (status, html) = page(site(), amended(), "/policies/terms/2/fr/changes?since=1").await;
    assert_eq!(status, 200);
    assert!(html.contains("La version 1 n’existe pas dans cette langue"), "{}", bare(&html));
    assert!(html.contains("href=\"/policies/terms/2/fr\"") && html.contains("href=\"/policies/terms/1/en\""));
    assert!(html.contains("href=\"/policies/terms/2/en/changes?since=1\""), "{}", bare(&html));
}

#[actix_web::test]
async fn changes_of_missing_things_are_not_found() {
    for uri in [
        "/policies/terms/2/en/changes?since=9",
        "/policies/terms/2/en/changes?since=%22%3E%3Cscript%3E",
        "/policies/terms/2/en/changes?since=",
        "/policies/terms/2/de/changes?since=1",
        "/policies/terms/9/en/changes?since=1",
        "/policies/none/2/en/changes?since=1",
        "/policies/terms/1/en/changes",
    ] {
        let (status, html) = page(site(), amended(), uri).await;
        assert_eq!((status, html.contains("Page not found")), (404, true), "{uri}");
    }
}

#[actix_web::test]
async fn every_version_but_the_newest_links_to_the_changes_since() {
    let (_, list) = page(site(), amended(), "/policies").await;
    let link = |newer: u8, older: u8| format!("href=\"/policies/terms/{newer}/en/changes?since={older}\"");
    assert!(list.contains(&link(3, 1)) && list.contains(&link(3, 2)), "{}", bare(&list));
    let (_, old) = page(site(), amended(), "/policies/terms/1/en").await;
    assert!(old.contains(&link(3, 1)), "{}", bare(&old));
    let (_, newest) = page(site(), amended(), "/policies/terms/3/en").await;
    assert!(newest.contains(&link(3, 2)), "{}", bare(&newest));
    let (policies, site) = (amended(), site_at("https://example.org/id/", brand(None)));
    let accepted = |version| policies.find("terms", version, "en").unwrap();
    let since = site.changes_since(&policies, accepted("1"));
    assert_eq!(since.as_deref(), Some("/id/policies/terms/3/en/changes?since=1"));
    assert_eq!(site.changes_since(&policies, accepted("3")), None);
}

#[actix_web::test]
async fn stored_data_has_its_own_page_that_every_page_links_to() {
    let (status, html) = page(site(), ours(), "/retention?lang=es").await;
    assert_eq!(status, 200);
    assert!(html.contains("<table") && html.contains("<html lang=\"es\""), "{}", bare(&html));
    let (_, missing) = page(site(), ours(), "/nothing?lang=es").await;
    assert!(missing.contains("href=\"/retention?lang=es\""), "{}", bare(&missing));
}

#[actix_web::test]
async fn every_page_leads_to_the_legal_notice_of_an_operator_who_has_one() {
    let (_, html) = page(site(), ours(), "/?lang=de").await;
    assert!(html.contains("<a href=\"https://example.org/imprint\">Impressum</a>"), "{}", bare(&html));
}

#[actix_web::test]
async fn a_document_in_a_language_without_texts_is_marked_as_such() {
    let (_, html) = page(site(), renewed(), "/policies/terms/1.10/nl").await;
    assert!(html.contains("<html lang=\"en\"") && html.contains("<article lang=\"nl\""), "{}", bare(&html));
}

#[actix_web::test]
async fn how_a_validation_went_in_three_languages() {
    for (tag, view) in ["en", "fr", "de", "es"].map(|tag| (tag, view(tag))) {
        for (outcome, status) in [
            (Validation::Proved, 200),
            (Validation::AlreadyDone, 200),
            (Validation::Expired, 400),
            (Validation::WrongLink, 404),
            (Validation::CodeExpired, 400),
            (Validation::WrongCode, 404),
        ] {
            let asked_by = (outcome == Validation::Proved).then(|| AskedBy {
                mxid: ruma_common::OwnedUserId::try_from("@mallory:evil.example").unwrap(),
                cancel: Url::parse("https://id.example.org/not-me?token=t0ken&lang=en").unwrap(),
            });
            let next = (outcome == Validation::Proved)
                .then(|| NextLink::parse("https://app.example/done?a=b&c=%22", None).unwrap());
            let response = view.validated(outcome, asked_by.as_ref(), next.as_ref());
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get("Cache-Control").unwrap(), "no-store");
            let html = html(response).await;
            insta::assert_snapshot!(format!("validated_{outcome:?}_{tag}"), &html[html.find("<main").unwrap()..]);
        }
    }
}

#[actix_web::test]
async fn a_dispute_is_asked_about_and_answered_in_three_languages() {
    let mxid = || ruma_common::OwnedUserId::try_from("@mallory:evil.example").unwrap();
    let main = |html: &str| html[html.find("<main").unwrap()..].to_owned();
    for (tag, view) in views() {
        for (name, dispute, asked, done) in [
            ("bound", Dispute::Bound(mxid()), 200, 200),
            ("asked", Dispute::Asked(mxid()), 200, 200),
            ("added", Dispute::Added(mxid()), 200, 200),
            ("signed_out", Dispute::SignedOut, 200, 200),
            ("settled", Dispute::Settled, 200, 200),
            ("superseded", Dispute::Superseded, 410, 410),
            ("unknown", Dispute::Unknown, 404, 404),
        ] {
            let question = view.question("id.example.org", "t0ken", &dispute);
            let answer = view.undone(&dispute);
            assert_eq!((question.status().as_u16(), answer.status().as_u16()), (asked, done), "{name}");
            for page in [&question, &answer] {
                assert_eq!(page.headers().get("Cache-Control").unwrap(), "no-store");
                assert_eq!(page.headers().get("X-Robots-Tag").unwrap(), "noindex, nofollow");
            }
            let (question, answer) = (main(&html(question).await), main(&html(answer).await));
            if question != answer {
                insta::assert_snapshot!(format!("not_me_{name}_question_{tag}"), question);
            }
            insta::assert_snapshot!(format!("not_me_{name}_{tag}"), answer);
        }
    }
}

#[actix_web::test]
async fn a_form_may_be_sent_to_this_server_from_the_page_that_has_one_and_from_no_other() {
    let view = view("en");
    let policy = |response: &HttpResponse| {
        response.headers().get("Content-Security-Policy").unwrap().to_str().unwrap().to_owned()
    };
    let mallory = ruma_common::OwnedUserId::try_from("@mallory:evil.example").unwrap();
    let question = view.question("id.example.org", "t0ken", &Dispute::Bound(mallory));
    assert!(policy(&question).contains("form-action 'self';") && policy(&question).starts_with("default-src 'none';"));
    assert!(policy(&view.undone(&Dispute::Settled)).contains("form-action 'none';"));
}

#[actix_web::test]
async fn an_unknown_page_is_a_page_too() {
    for uri in ["/nothing", "/policies/terms/1.10/fr", "/policies/terms/../1.10/en", "/logo"] {
        let (status, html) = page(site(), renewed(), uri).await;
        assert_eq!((status, html.contains("Page not found")), (404, true), "{uri}");
    }
    assert_eq!(view("en").fault(Fault::Unavailable).status().as_u16(), 503);
}

#[actix_web::test]
async fn the_query_chooses_the_language_before_the_header_does() {
    for (uri, accept, tag) in
        [("/", "fr-CA", "fr"), ("/?lang=de", "fr", "de"), ("/?lang=%00", "fr", "fr"), ("/", "x;", "en")]
    {
        let response =
            get(site(), ours(), TestRequest::get().uri(uri).insert_header(("Accept-Language", accept))).await;
        assert_eq!(header(&response, "vary"), "Accept-Language");
        let html = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        assert!(html.contains(&format!("<html lang=\"{tag}\"")), "{uri} {accept}");
    }
}

#[actix_web::test]
async fn every_page_forbids_what_it_does_not_need() {
    let response = get(site(), ours(), TestRequest::get().uri("/")).await;
    assert_eq!(header(&response, "x-frame-options"), "DENY");
    assert_eq!(header(&response, "referrer-policy"), "no-referrer");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let policy = header(&response, "content-security-policy").to_owned();
    let html = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    let style = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    );
    // The link opens the operator's own page, and nothing is loaded from there.
    let elsewhere = html.replace("href=\"https://example.org/imprint\"", "").contains("//");
    assert!(!html.contains("<script") && !html.contains("style=") && !elsewhere, "{}", bare(&html));
}

#[actix_web::test]
async fn a_logo_is_served_from_here_and_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logo.svg");
    std::fs::write(&path, "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>").unwrap();
    let site = || site_at("https://example.org/id/", brand(Some(&path)));
    let response = get(site(), ours(), TestRequest::get().uri("/logo")).await;
    assert_eq!(header(&response, "content-type"), "image/svg+xml");
    assert!(header(&response, "content-security-policy").ends_with("sandbox"));
    let (_, html) = page(site(), ours(), "/").await;
    assert!(html.contains("<img src=\"/id/logo\"") && html.contains("href=\"/id/policies/privacy_policy/1.0/en\""));
}

#[actix_web::test]
async fn head_is_answered_like_get() {
    let response = get(site(), ours(), TestRequest::with_uri("/policies").method(actix_web::http::Method::HEAD)).await;
    assert_eq!(response.status().as_u16(), 200);
}
