//! A look-up from the request to the response, without the network, on `SQLite`: routing, access
//! token, JSON, rate limits, directory, database query, decryption, and JSON again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::rt::{self, System, SystemRunner};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data};
use actix_web::{App, Error, http::header::AUTHORIZATION};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ruma_common::UserId;
use serde_json::json;
use vouch::api;
use vouch::clock::Clock;
use vouch::config::{Bucket, Config, DatabaseUrl};
use vouch::identity::pepper::digest;
use vouch::identity::threepid::Address;
use vouch::service::{Network, Registration, Services};
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;

/// Without optimisation, the benchmark is only tried.
const BINDINGS: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
const HIT_EVERY: usize = 20;

fn address(number: usize) -> String {
    format!("person{number}@example.com")
}

fn config(folder: &Path, ca: &Ca, homeserver: &Homeserver) -> Config {
    let mut config = Config::default();
    let path = |name: &str| folder.join(name);
    ca.write_to(&path("ca.pem"));
    config.database.url = DatabaseUrl::Sqlite(path("vouch.db"));
    config.keys.master_key_file = path("master.key");
    config.keys.signing_key_file = path("signing.key");
    config.terms.directory = None;
    config.mail.transport = vouch::config::MailTransport::Directory(path("mail"));
    config.sms.directory = path("sms");
    config.federation.ca_file = Some(path("ca.pem"));
    config.federation.allowed_ranges = vec!["127.0.0.0/8".parse().expect("a range")];
    let name = homeserver.name().try_into().expect("a server name");
    config.federation.overrides.insert(name, homeserver.address().into());
    let wide = Bucket { capacity: 1_000_000_000, per_hour: 1_000_000_000 };
    config.budgets.lookup_user = wide;
    config.budgets.lookup_homeserver = wide;
    config.budgets.lookup_network = wide;
    config.budgets.lookup_server = wide;
    config
}

/// Starts a server with bindings and one user, and returns it with the user's access token.
async fn prepare(config: Config, homeserver: &Homeserver) -> (Arc<Services>, String) {
    let vouch = Services::open(config, Clock::system()).await.expect("the server starts");
    let owner = UserId::parse("@somebody.ordinary:example.org").expect("a Matrix ID");
    let bindings: Vec<_> =
        (0..BINDINGS).map(|number| (Address::email(&address(number)).expect("an address"), owner.clone())).collect();
    vouch.bindings.load(&bindings).await.expect("the bindings are loaded");
    rt::spawn(Arc::clone(&vouch.directory).keep_built());
    while !vouch.directory.is_ready() {
        rt::time::sleep(Duration::from_millis(10)).await;
    }
    let openid = homeserver.openid_token("alice");
    let registration = Registration {
        matrix_server_name: homeserver.name().try_into().expect("a server name"),
        access_token: openid["access_token"].as_str().expect("a token").to_owned(),
        expires_in: None,
    };
    let network = Network::of([127, 0, 0, 1].into());
    let token = vouch.accounts.register(&network, &registration).await.expect("Alice is registered");
    (vouch, token)
}

fn body(addresses: usize, pepper: &str) -> Bytes {
    let hash = |number: usize| {
        let binding = if number.is_multiple_of(HIT_EVERY) { number * 7 % BINDINGS } else { BINDINGS + number };
        digest(&format!("{} email", address(binding)), pepper).to_base64url()
    };
    let hashes: Vec<_> = (0..addresses).map(hash).collect();
    json!({ "algorithm": "sha256", "pepper": pepper, "addresses": hashes }).to_string().into()
}

async fn send<R, B: MessageBody>(
    app: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
    request: R,
) -> Bytes {
    let response = app.call(request).await.expect("a response");
    assert!(response.status().is_success(), "{}", response.status());
    to_bytes(response.into_body()).await.ok().expect("a body")
}

fn bench_lookups<R, B: MessageBody>(
    c: &mut Criterion,
    system: &SystemRunner,
    app: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
    request: impl Fn(Bytes) -> R,
    pepper: &str,
) {
    let mut group = c.benchmark_group("look-up, 5 % hits");
    for addresses in [1, 100, 1_000, 10_000] {
        let body = body(addresses, pepper);
        let request = || request(body.clone());
        let found = system.block_on(send(app, request()));
        let hits = addresses.div_ceil(HIT_EVERY);
        assert_eq!(found.windows(9).filter(|text| text == b"@somebody").count(), hits);
        group.throughput(Throughput::Elements(addresses as u64));
        group.bench_function(addresses.to_string(), |b| {
            b.iter_batched(request, |request| system.block_on(send(app, request)), BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn lookups(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = Ca::new();
    let homeserver = Homeserver::start("hs.example", &ca);
    let system = System::new();
    let (vouch, token) = system.block_on(prepare(config(folder.path(), &ca, &homeserver), &homeserver));
    let app =
        App::new().configure(|app| vouch.share(app)).app_data(Data::new(api::Bodies::default())).configure(api::routes);
    let app = system.block_on(init_service(app));
    let request = |body: Bytes| {
        let request = TestRequest::post().uri("/_matrix/identity/v2/lookup");
        request.insert_header((AUTHORIZATION, format!("Bearer {token}"))).set_payload(body).to_request()
    };
    bench_lookups(c, &system, &app, request, &vouch.lookups.pepper());
}

criterion_group!(benches, lookups);
criterion_main!(benches);
