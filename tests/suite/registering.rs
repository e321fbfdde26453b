//! Limits on registrations: a crowd, a network or a homeserver cannot keep others from registering,
//! nor fill the database.

use reqwest::Method;
use serde_json::{Value, json};
use vouch::clock::{DAY, HOUR, MINUTE};
use vouch::config::Bucket;

use crate::crowds::{behind_a_proxy, homeservers};
use crate::database::count;
use crate::own_proofs::{PROVE, exports, proves_again};
use crate::visitor::{Visitor, leads_to};
use crate::world::{Answer, Person, Server};

async fn registers(server: &Server, openid: &Value, from: &str) -> Answer {
    let request = server.request(Method::POST, "/_matrix/identity/v2/account/register", None);
    server.send(request.json(openid).header("X-Forwarded-For", from)).await
}

on_both_backends! {
    async fn networks_in_a_prefix_share_registrations_and_leave_room_for_a_quiet_one(mut world: World) {
        behind_a_proxy(&mut world);
        world.config.budgets.registrations_network = Bucket { capacity: 10, per_hour: 1 };
        let server = world.start().await;
        let openid = world.homeserver.openid_token("mallory");
        let mut registered = 0;
        for number in 0..6 {
            while registers(&server, &openid, &format!("10.1.{number}.1")).await.status == 200 {
                registered += 1;
            }
        }
        // The /16 has four times as much, and one that registers much leaves most of it free.
        assert_eq!(registered, 32);
        let alice = world.homeserver.openid_token("alice");
        registers(&server, &alice, "10.1.200.1").await.ok();
        registers(&server, &alice, "10.2.0.1").await.ok();
    }

    async fn the_accounts_of_a_homeserver_share_registrations_and_nobody_else_can_use_them_up(mut world: World) {
        let others = homeservers(&mut world, ["a.evil.example", "b.evil.example", "good.example"]);
        // A new domain has 30 %: 10.
        world.config.budgets.registrations_homeserver = Bucket { capacity: 34, per_hour: 4 };
        let server = world.start().await;
        // Registrations that no homeserver vouches for are not counted towards it.
        for number in 0..20 {
            let unknown = json!({ "access_token": format!("{number}"), "matrix_server_name": others[2].name() });
            assert_eq!(registers(&server, &unknown, "192.0.2.1").await.status, 401);
        }
        registers(&server, &others[2].openid_token("early"), "192.0.2.1").await.ok();
        world.clock.advance(8 * DAY);
        server.until_ready().await;
        let mut registered = 0;
        for number in 0..20 {
            let openid = others[number % 2].openid_token(&format!("mallory{number}"));
            registered += usize::from(registers(&server, &openid, "192.0.2.1").await.status == 200);
        }
        assert_eq!((registered, count(&world, "homeservers").await), (10, 2));
        assert_eq!(count(&world, "accounts").await, 11, "one that is refused is not stored");
        // Somebody who signs in on the page gets no more.
        let late = others[0].openid_token("late");
        let fields = ["access_token", "matrix_server_name"].map(|name| (name, late[name].as_str().unwrap()));
        let signs_in = async || Visitor::stranger(&server).posts("/you/sign-in", &fields).await;
        assert_eq!((signs_in().await.status, count(&world, "visits").await), (429, 0));
        for number in 0..20 {
            registers(&server, &others[2].openid_token(&format!("new{number}")), "192.0.2.1").await;
        }
        assert_eq!(registers(&server, &others[2].openid_token("new"), "192.0.2.1").await.status, 429);
        registers(&server, &others[2].openid_token("early"), "192.0.2.1").await.ok();
        // The token that was refused was not used up.
        world.clock.advance(HOUR);
        assert_eq!(leads_to(&signs_in().await), "/you?lang=en");
        world.config.budgets.trusted_homeservers = vec![others[2].name().try_into().unwrap()];
        let server = world.start().await;
        for number in 0..20 {
            registers(&server, &others[2].openid_token(&format!("new{number}")), "192.0.2.1").await.ok();
        }
    }

    async fn a_token_from_elsewhere_does_not_use_up_the_registrations_of_its_user(world: World) {
        let server = world.start().await;
        let stolen = world.homeserver.openid_token("alice");
        let repeated = async |openid: &Value| {
            let mut registered = 0;
            while registers(&server, openid, "192.0.2.1").await.status == 200 {
                registered += 1;
            }
            registered
        };
        assert_eq!(repeated(&stolen).await, 50);
        // An app of hers with a new token, and the page, have room.
        for _ in 0..25 {
            registers(&server, &world.homeserver.openid_token("alice"), "192.0.2.1").await.ok();
        }
        assert_eq!(registers(&server, &world.homeserver.openid_token("alice"), "192.0.2.1").await.status, 429);
        let visitor = Visitor::signed_in(&world, &server, "alice").await;
        assert_eq!(visitor.opens("/you").await.status, 200);
        world.newcomer(&server, "bob").await;
    }

    async fn an_account_has_at_most_100_tokens_and_those_in_use_stay(world: World) {
        let (server, other) = (world.start().await, world.start().await);
        let device = world.person(&server, "alice").await;
        let unused = world.newcomer(&server, "alice").await;
        world.clock.advance(MINUTE + 1);
        server.until_ready().await;
        other.until_ready().await;
        device.get("/account").await.ok();
        let mut newest = None;
        for number in 0..100 {
            world.clock.advance(MINUTE);
            let node = if number % 2 == 0 { &server } else { &other };
            newest = Some(world.newcomer(node, "alice").await);
        }
        assert_eq!(count(&world, "tokens").await, 100);
        assert_eq!(unused.get("/account").await.error(), (401, "M_UNAUTHORIZED"));
        device.get("/account").await.ok();
        newest.unwrap().get("/account").await.ok();
    }

    async fn an_openid_token_that_outlives_its_record_is_never_a_fresh_proof(world: World) {
        let server = world.start().await;
        let lasting = |seconds: i64| {
            let mut openid = world.homeserver.openid_token("alice");
            openid["expires_in"] = json!(seconds);
            openid
        };
        let alice = world.newcomer(&server, "alice").await;
        for (seconds, is_fresh) in [(90 * 24 * 60 * 60, true), (90 * 24 * 60 * 60 + 1, false), (i64::MAX, false)] {
            let answer = registers(&server, &lasting(seconds), "192.0.2.1").await.ok();
            let token = answer["token"].as_str().unwrap().to_owned();
            let person = Person { world: &world, server: &server, mxid: alice.mxid.clone(), token };
            assert_eq!(exports(&person).await["needs"].is_null(), is_fresh, "{seconds}");
            let proved = server.post(PROVE, Some(&alice.token), &lasting(seconds)).await;
            assert_eq!(proved.status, if is_fresh { 200 } else { 403 }, "{seconds}");
            let openid = lasting(seconds);
            let fields = [
                ("access_token", openid["access_token"].as_str().unwrap()),
                ("matrix_server_name", world.homeserver.name()),
                ("expires_in", &seconds.to_string()),
            ];
            let answer = Visitor::stranger(&server).posts("/you/sign-in", &fields).await;
            assert_eq!(answer.status, if is_fresh { 303 } else { 401 }, "{seconds}");
        }
        proves_again(&alice).await;
        let kept = world.clock.now() + 90 * DAY;
        assert_eq!(count(&world, &format!("openid_tokens WHERE forget_at > {kept}")).await, 0);
    }
}
