//! Limits that many people share: a crowd of free accounts, names or networks cannot exhaust them
//! for others.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use vouch::clock::DAY;
use vouch::config::Bucket;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;

use crate::address_visitor::{FORM, encoded};
use crate::database::count;
use crate::invitations::{V2, invitation, invites};
use crate::phones::asked;
use crate::program::{Binary, done, serve};
use crate::world::{Answer, Person, Server, World, hash};

/// A bucket of which nothing is charged in advance.
const SMALL: Bucket = Bucket { capacity: 99, per_hour: 1 };

pub fn behind_a_proxy(world: &mut World) {
    world.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
}

/// Starts homeservers with these names, whose users can register.
pub fn homeservers(world: &mut World, names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Homeserver> {
    let ca = Ca::new();
    ca.write_to(&world.folder.path().join("others.pem"));
    world.config.federation.ca_file = Some(world.folder.path().join("others.pem"));
    let mut start = |name: &str| {
        let homeserver = Homeserver::start(name, &ca);
        let place = homeserver.address().into();
        world.config.federation.overrides.insert(name.try_into().unwrap(), place);
        homeserver
    };
    names.into_iter().map(|name| start(name.as_ref())).collect()
}

/// Registers a user of one of them.
pub async fn user_of<'a>(world: &'a World, server: &'a Server, homeserver: &Homeserver) -> Person<'a> {
    let asked = homeserver.openid_token("mallory");
    let answer = server.post("/_matrix/identity/v2/account/register", None, &asked).await.ok();
    let token = answer["token"].as_str().unwrap().to_owned();
    let person = Person { world, server, mxid: homeserver.user_id("mallory"), token };
    person.accepts_everything().await;
    person
}

/// Looks up addresses that nobody has looked up before; `salt` determines which.
async fn looks_up(person: &Person<'_>, network: &str, salt: &str, n: usize) -> Answer {
    let pepper = person.pepper().await;
    let addresses: Vec<String> = (0..n).map(|number| hash(&format!("{salt}.{number}@example.com"), &pepper)).collect();
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": addresses });
    let request = person.server.request(Method::POST, "/_matrix/identity/v2/lookup", Some(&person.token));
    person.server.send(request.json(&asked).header("X-Forwarded-For", network)).await
}

/// Looks up `n` at a time until it is refused. Returns how many were answered.
async fn looks_up_all(person: &Person<'_>, network: &str, n: usize) -> usize {
    let mut answered = 0;
    while looks_up(person, network, &format!("{}.{network}.{answered}", person.mxid), n).await.status == 200 {
        answered += n;
    }
    answered
}

async fn asks_for_a_link(server: &Server, network: &str, address: &str) -> Answer {
    let request = server.request(Method::POST, "/address", None).header("X-Forwarded-For", network);
    server.send(request.header(CONTENT_TYPE, FORM).body(encoded(&[("address", address)]))).await
}

on_both_backends! {
    async fn greedy_accounts_of_the_same_week_leave_room_for_an_ordinary_book(world: World) {
        let mut world = world;
        behind_a_proxy(&mut world);
        // A new domain has 30 %: 5,000.
        world.config.budgets.lookup_homeserver = Bucket { capacity: 16_667, per_hour: 25 };
        world.config.budgets.lookup_user = Bucket { capacity: 1_600, per_hour: 6 };
        let server = world.start().await;
        let mut taken = 0;
        for number in 0..26 {
            let mallory = world.person(&server, &format!("mallory{number}")).await;
            // Refused units count as used for a minute, so most of them do not ask for too much.
            for at_once in if number < 2 { [200, 50] } else { [50, 20] } {
                taken += looks_up_all(&mallory, &format!("10.{number}.0.1"), at_once).await;
            }
        }
        assert!((2_500..=3_750).contains(&taken), "{taken}");
        let alice = world.person(&server, "alice").await;
        looks_up(&alice, "192.0.2.1", "alice", 38).await.ok();
    }

    async fn all_names_below_a_domain_share_its_look_ups(world: World) {
        let mut world = world;
        let others = homeservers(&mut world, (0..8).map(|number| format!("n{number}.evil.example")));
        behind_a_proxy(&mut world);
        world.config.budgets.lookup_homeserver = Bucket { capacity: 334, per_hour: 5 };
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let mut looked_up = 0;
        for (number, homeserver) in others.iter().enumerate() {
            let mallory = user_of(&world, &server, homeserver).await;
            looked_up += looks_up_all(&mallory, &format!("10.{number}.0.1"), 5).await;
        }
        assert!((50..=100).contains(&looked_up), "{looked_up}");
        assert_eq!(count(&world, "homeservers").await, 1);
    }

    async fn all_names_below_a_domain_share_its_invitations(world: World) {
        let mut world = world;
        let others = homeservers(&mut world, (0..8).map(|number| format!("n{number}.evil.example")));
        behind_a_proxy(&mut world);
        world.config.budgets.invites_homeserver = Bucket { capacity: 34, per_hour: 5 };
        let server = world.start().await;
        let mut invited = 0;
        for (number, homeserver) in others.iter().enumerate() {
            let mallory = user_of(&world, &server, homeserver).await;
            for again in 0..10 {
                let request = server.request(Method::POST, &format!("{V2}/store-invite"), Some(&mallory.token));
                let asked = invitation(&mallory, &format!("a{number}.{again}@example.com"));
                let request = request.json(&asked).header("X-Forwarded-For", format!("10.{number}.0.1"));
                invited += usize::from(server.send(request).await.status == 200);
            }
        }
        assert_eq!((invited, world.mail.count()), (10, 10));
    }

    async fn domains_below_a_public_suffix_share_nothing(world: World) {
        let mut world = world;
        let others = homeservers(&mut world, ["m.a.co.uk", "b.co.uk"]);
        world.config.budgets.lookup_homeserver = Bucket { capacity: 334, per_hour: 5 };
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        for homeserver in &others {
            let mallory = user_of(&world, &server, homeserver).await;
            assert_eq!(looks_up_all(&mallory, "", 7).await, 35);
        }
    }

    async fn networks_in_a_prefix_share_a_limit(world: World) {
        let mut world = world;
        behind_a_proxy(&mut world);
        world.config.budgets.lookup_network = Bucket { capacity: 20, per_hour: 1 };
        world.config.budgets.lookup_user = SMALL;
        let server = world.start().await;
        let mallory = world.person(&server, "mallory").await;
        let mut taken = 0;
        for number in 0..20 {
            taken += looks_up_all(&mallory, &format!("2001:db8:{number:x}::1"), 2).await;
        }
        // The /32 has four times as much, 80, of which one that looks up many may fill 35 %.
        assert_eq!(taken, 28);
        assert_eq!(looks_up_all(&mallory, "2001:db9::1", 2).await, 6);
        let mut taken = 0;
        for number in 0..20 {
            taken += looks_up_all(&mallory, &format!("203.0.{number}.1"), 2).await;
        }
        assert_eq!(taken, 28);
    }

    async fn a_domain_grows_with_its_age(world: World) {
        let mut world = world;
        world.config.budgets.lookup_homeserver = Bucket { capacity: 1_000, per_hour: 10 };
        world.config.budgets.lookup_user = Bucket { capacity: 999, per_hour: 1 };
        let server = world.start().await;
        let mut taken = Vec::new();
        for (number, days) in [0, 45, 45].into_iter().enumerate() {
            world.clock.advance(days * DAY);
            server.until_ready().await;
            let person = world.person(&server, &format!("person{number}")).await;
            taken.push(looks_up_all(&person, "", 10).await);
        }
        // One that looks up many may fill 35 % of 300, 650 and 1,000.
        assert_eq!(taken, [100, 220, 350]);
    }

    async fn two_hundred_links_to_numbers_do_not_shut_a_country_for_accounts(world: World) {
        let mut world = world;
        behind_a_proxy(&mut world);
        let server = world.start().await;
        let mut sent = 0;
        for number in 0..200 {
            let address = format!("+4477009{number:05}");
            sent += usize::from(asks_for_a_link(&server, &format!("10.{number}.0.1"), &address).await.status == 200);
        }
        assert_eq!(sent, 20);
        let alice = world.person(&server, "alice").await;
        alice.post("/validate/msisdn/requestToken", asked("07700900001", 1)).await.ok();
        let mut by_text = invitation(&alice, "447700900002");
        by_text["medium"] = Value::from("msisdn");
        alice.post("/store-invite", by_text).await.ok();
    }

    async fn newcomers_leave_half_of_the_texts_mails_and_invitations_to_others(world: World) {
        let mut world = world;
        let eight = Bucket { capacity: 8, per_hour: 1 };
        world.config.budgets.texts_country = eight;
        world.config.budgets.messages_server = eight;
        world.config.budgets.invites_server = eight;
        let server = world.start().await;
        let settled = world.person(&server, "settled").await;
        world.clock.advance(8 * DAY);
        server.until_ready().await;
        let (mut texts, mut mails, mut invitations) = (0, 0, 0);
        for number in 0..8 {
            let newcomer = world.person(&server, &format!("newcomer{number}")).await;
            let text = asked(&format!("0770090000{number}"), 1);
            texts += usize::from(newcomer.post("/validate/msisdn/requestToken", text).await.status == 200);
            let mail = json!({ "client_secret": "s", "email": format!("a{number}@example.com"), "send_attempt": 1 });
            mails += usize::from(newcomer.post("/validate/email/requestToken", mail).await.status == 200);
            invitations += usize::from(invites(&newcomer, &format!("b{number}@example.com")).await.status == 200);
        }
        assert_eq!((texts, mails, invitations), (4, 4, 4));
        settled.post("/validate/msisdn/requestToken", asked("07700900100", 1)).await.ok();
        settled.asks_to_prove("settled@example.com").await;
        invites(&settled, "friend@example.com").await.ok();
    }

    async fn a_refusal_by_a_shared_limit_is_logged_once_an_hour_and_levels_are_shown(world: World) {
        let server = world.start().await;
        server.stop().await;
        let variables = [
            ("VOUCH__BUDGETS__TEXTS_COUNTRY__CAPACITY", "20"),
            ("VOUCH__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ];
        let process = serve(&world, &variables).await;
        for number in 0..6 {
            let address = format!("+4477009{number:05}");
            asks_for_a_link(&process.server, &format!("10.{number}.0.1"), &address).await;
        }
        let said = "a shared limit has no room for them: text:country:strangers, [budgets.texts_country]";
        let log = process.log();
        assert_eq!(log.matches(said).count(), 1, "{log}");
        assert!(log.contains("`vouch limits` shows all levels"), "{log}");
        assert!(!log.contains("447700") && !log.contains("10.0.0"), "{log}");
        process.signal("TERM");
        process.ended().await;

        let mut binary = Binary::beside(&world);
        binary.set("VOUCH__BUDGETS__TEXTS_COUNTRY__CAPACITY", "20");
        let levels: Value = serde_json::from_str(&done(binary.run(&["limits", "--json"]))).unwrap();
        assert_eq!(levels["remembered"], json!({ "rows": 0, "bytes": 0 }));
        let of = |name: &str| levels["limits"].as_array().unwrap().iter().find(|level| level["limit"] == name).unwrap();
        let country = of("text:country:strangers");
        assert_eq!((&country["capacity"], &country["buckets"], &country["full"]), (&json!(2), &json!(1), &json!(1)));
        assert_eq!((&of("text:server:strangers")["level"], &of("text:server")["level"]), (&json!(2), &json!(0)));
        let table = done(binary.run(&["limits"]));
        let row = |name: &str| table.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap().to_owned();
        assert!(row("lookup:user").contains("[budgets.user]") && row("lookup:user").contains("64000"), "{table}");
        assert!(row("text:server").contains("500 (newcomers 250)"), "{table}");
        assert!(table.contains("remembered in 0 rows"), "{table}");
    }
}

#[tokio::test]
async fn the_limits_in_force_are_simulated_without_a_database() {
    let world = World::on_sqlite().await;
    let mut binary = Binary::of(&world);
    // So little that it is soon used up, and the simulation quick.
    binary.set("VOUCH__BUDGETS__SERVER__CAPACITY", "6400");
    binary.set("VOUCH__BUDGETS__SERVER__PER_HOUR", "100");
    let simulated = done(binary.run(&["limits", "--simulate"]));
    let attacks: Vec<_> = simulated.lines().filter(|line| line.contains("| IPv")).collect();
    assert_eq!(attacks.len(), 15, "{simulated}");
    for attack in attacks {
        let cells: Vec<_> = attack.split('|').map(str::trim).collect();
        let year: u64 = cells[6].replace(',', "").parse().unwrap();
        assert!((1..=6_400 + 366 * 24 * 100).contains(&year), "{simulated}");
    }
}
