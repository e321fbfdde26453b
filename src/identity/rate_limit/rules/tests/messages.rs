//! Texts and mails.

use super::*;

#[test]
fn strangers_cannot_shut_a_country_or_the_server_for_accounts() {
    let mut world = World::new(NOW);
    let mut sent = 0;
    for number in 0..1_000_u32 {
        let from = network(&format!("10.{}.{}.1", number % 256, number / 256));
        let country = ["4477009", "4917012"][number as usize % 2];
        sent += u32::from(world.asks(Requester::Stranger, &from, &format!("{country}{number:05}")).is_ok());
    }
    assert_eq!(sent, 40, "two countries, a tenth of 200 each");
    let newcomer = person(1, NOW);
    assert_eq!(world.asks(Requester::Account(newcomer.account), &newcomer.network, "447700900001"), Ok(()));
    assert_eq!(world.asks(Requester::Homeserver, &network("192.0.2.1"), "447700900002"), Ok(()));
    for number in 0..10_000_u32 {
        let from = network(&format!("10.{}.{}.1", number % 256, number / 256));
        let _ = world.asks(Requester::Stranger, &from, &format!("a{number}@example.com"));
    }
    assert_eq!(
        world.asks(Requester::Stranger, &network("203.0.113.1"), "a@example.com"),
        Err(Kind::of(Counted::Message, Scope::Server).of_strangers())
    );
    assert_eq!(world.asks(Requester::Account(newcomer.account), &newcomer.network, "a@example.com"), Ok(()));
}

#[test]
fn phone_checks_by_a_homeserver_leave_texts_for_accounts_and_erasures() {
    let mut world = World::new(NOW);
    // Anybody can register on this homeserver.
    let homeserver = network("192.0.2.1");
    for hour in 0..24 * 7 {
        while world.asks(Requester::Homeserver, &homeserver, &format!("4477{hour:03}00001")).is_ok() {}
        for since in [NOW, NOW - 30 * DAY] {
            let honest = person(1_000 + hour, since);
            assert_eq!(
                world.asks(Requester::Account(honest.account), &honest.network, "447700900001"),
                Ok(()),
                "{hour}"
            );
        }
        let to = Address::msisdn("447700900002").unwrap();
        let plan = world.rules().erasure_text(&person(5_000 + hour, NOW).account, &to);
        assert_eq!(world.ledger.charge(&plan, 1, world.now).map_err(|limit| limit.kind), Ok(()), "{hour}");
        world.now += HOUR;
    }
}

#[test]
fn a_crowd_of_newcomers_leaves_texts_and_mails_for_others() {
    let mut world = World::new(NOW);
    // For two days, they send as much as they can every hour.
    for hour in 0..48 {
        for number in 0..20 {
            let attacker = person(number, NOW);
            for again in 0..20 {
                let to = format!("4477{:08}", number * 100_000 + hour * 100 + again);
                let _ = world.asks(Requester::Account(attacker.account), &attacker.network, &to);
                let to = format!("a{number}.{hour}.{again}@example.com");
                let _ = world.asks(Requester::Account(attacker.account), &attacker.network, &to);
                let _ = world.invites(&attacker, &to);
            }
        }
        let from = network("203.0.113.1");
        for (who, since) in [(1_000, NOW), (2_000, NOW - 30 * DAY)] {
            let honest = person(who + hour, since);
            assert_eq!(world.asks(Requester::Account(honest.account), &from, "447700900001"), Ok(()), "hour {hour}");
            assert_eq!(world.asks(Requester::Account(honest.account), &from, "a@example.com"), Ok(()), "hour {hour}");
            let invited = format!("friend{who}.{hour}@example.com");
            assert_eq!(world.invites(&Person { network: from, ..honest }, &invited), Ok(()), "hour {hour}");
        }
        world.now += HOUR;
    }
}
