//! Finding homeservers through imperfect DNS. The deadline of a request is the assertion: it would
//! pass if the client waited for an answer that never comes.

use std::net::{Ipv4Addr, SocketAddr};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use super::Request;
use super::error::Cause;
use super::testing::{ELSEWHERE, Fault, Lab, NAME, Peer, Reply, Zone, server};

async fn ask(lab: &Lab) -> Result<(), Cause> {
    lab.federation().request(&server(NAME), Request::get("/", 64)).await.map(drop)
}

/// Starts a homeserver without any records.
async fn lab() -> (Lab, Peer) {
    let mut lab = Lab::new().await;
    let peer = lab.serve(&[NAME], |_| Reply::json("{}")).await;
    lab.ports.federation = peer.port();
    (lab, peer)
}

#[tokio::test]
async fn an_address_record_suffices_whatever_else_the_server_does() {
    for (what, faults) in [
        ("AAAA is never answered", vec![Fault::Silent(RecordType::AAAA)]),
        ("SRV is never answered", vec![Fault::Silent(RecordType::SRV)]),
        ("only A is answered", vec![Fault::Silent(RecordType::SRV), Fault::Silent(RecordType::AAAA)]),
        ("AAAA fails", vec![Fault::Fails(RecordType::AAAA, ResponseCode::ServFail)]),
        ("AAAA is refused", vec![Fault::Fails(RecordType::AAAA, ResponseCode::Refused)]),
        ("AAAA is not implemented", vec![Fault::Fails(RecordType::AAAA, ResponseCode::NotImp)]),
        ("AAAA says that the name does not exist", vec![Fault::Fails(RecordType::AAAA, ResponseCode::NXDomain)]),
        ("SRV fails", vec![Fault::Fails(RecordType::SRV, ResponseCode::ServFail)]),
        ("SRV is refused", vec![Fault::Fails(RecordType::SRV, ResponseCode::Refused)]),
        ("truncated", vec![Fault::Truncates]),
        ("truncated, and AAAA is never answered", vec![Fault::Truncates, Fault::Silent(RecordType::AAAA)]),
        ("names in upper case", vec![Fault::Shouts]),
        ("no EDNS", vec![Fault::NoEdns]),
    ] {
        let (lab, peer) = lab().await;
        lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
        let truncates = faults.contains(&Fault::Truncates);
        for fault in faults {
            lab.zone.suffers(fault);
        }
        assert_eq!(ask(&lab).await, Ok(()), "{what}");
        assert_eq!(peer.seen().len(), 1, "{what}");
        assert_eq!(lab.zone.over_tcp() > 0, truncates, "{what}");
    }
}

#[tokio::test]
async fn aliases_are_followed_at_any_name() {
    for faults in [vec![], vec![Fault::AliasesAlone], vec![Fault::Shouts], vec![Fault::Truncates]] {
        let service = format!("_matrix-fed._tcp.{NAME}");
        for what in ["the name", "a chain", "the SRV owner", "the SRV owner, a chain", "the SRV target", "everything"] {
            let (mut lab, peer) = lab().await;
            for fault in &faults {
                lab.zone.suffers(*fault);
            }
            let (web, target) = ("web.example.net", "matrix.example.net");
            lab.zone.a(target, Ipv4Addr::LOCALHOST);
            if what.contains("SRV") || what == "everything" {
                // Otherwise the default port would do.
                lab.ports.federation = 1;
            }
            match what {
                "the name" => lab.zone.cname(NAME, target),
                "a chain" => {
                    lab.zone.cname(NAME, "a.example.net");
                    lab.zone.cname("a.example.net", "b.example.com");
                    lab.zone.cname("b.example.com", target);
                }
                "the SRV owner" => {
                    lab.zone.cname(&service, "_matrix-fed._tcp.example.net");
                    lab.zone.srv("_matrix-fed._tcp.example.net", 0, peer.port(), target);
                }
                "the SRV owner, a chain" => {
                    lab.zone.cname(&service, "_matrix-fed._tcp.example.net");
                    lab.zone.cname("_matrix-fed._tcp.example.net", "srv.example.com");
                    lab.zone.srv("srv.example.com", 0, peer.port(), target);
                }
                "the SRV target" => {
                    lab.zone.srv(&service, 0, peer.port(), web);
                    lab.zone.cname(web, target);
                }
                _ => {
                    lab.zone.cname(NAME, web);
                    lab.zone.cname(&service, "srv.example.com");
                    lab.zone.srv("srv.example.com", 0, peer.port(), "alias.example.com");
                    lab.zone.cname("alias.example.com", target);
                }
            }
            assert_eq!(ask(&lab).await, Ok(()), "{what}");
            assert_eq!(peer.seen()[0].headers["host"], NAME, "{what}");
        }
    }
}

#[tokio::test]
async fn an_alias_that_leads_nowhere_or_in_a_circle_has_no_address() {
    for target in ["nowhere.example.net", NAME, "back.example.net"] {
        let (lab, _peer) = lab().await;
        lab.zone.suffers(Fault::AliasesAlone);
        lab.zone.cname(NAME, target);
        lab.zone.cname("back.example.net", NAME);
        let failure = ask(&lab).await.unwrap_err();
        assert!(matches!(failure, Cause::NoAddress | Cause::Dns), "{target}: {failure}");
    }
}

#[tokio::test]
async fn one_resolver_that_works_suffices() {
    for fault in [
        Fault::Dead,
        Fault::Down(ResponseCode::ServFail),
        Fault::Down(ResponseCode::Refused),
        Fault::Down(ResponseCode::NotImp),
        Fault::Down(ResponseCode::FormErr),
        Fault::Down(ResponseCode::NotAuth),
    ] {
        for (place, servers) in [(0, 2), (1, 2), (0, 3), (2, 3)] {
            let (mut lab, _peer) = lab().await;
            lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
            let working: SocketAddr = lab.settings.dns_servers[0];
            let mut addresses = Vec::new();
            for _ in 1..servers {
                let broken = Zone::start().await;
                broken.suffers(fault);
                addresses.push(broken.address());
            }
            addresses.insert(place, working);
            lab.settings.dns_servers = addresses;
            assert_eq!(ask(&lab).await, Ok(()), "working: {place} of {servers}");
        }
    }
}

#[tokio::test]
async fn a_failure_of_every_query_is_one_of_the_resolver() {
    for fault in [Fault::Down(ResponseCode::ServFail), Fault::Down(ResponseCode::Refused)] {
        let (lab, _peer) = lab().await;
        lab.zone.suffers(fault);
        assert_eq!(ask(&lab).await, Err(Cause::Dns));
    }
}

#[tokio::test]
async fn srv_targets_are_tried_by_priority_until_one_answers() {
    let service = format!("_matrix-fed._tcp.{NAME}");
    for (what, dead) in [
        ("refuses", "refuses.example.net"),
        ("has no address", "nowhere.example.net"),
        ("may not be connected to", "private.example.net"),
    ] {
        let (mut lab, peer) = lab().await;
        lab.ports.federation = 1;
        lab.zone.a("refuses.example.net", Ipv4Addr::LOCALHOST);
        lab.zone.a("private.example.net", ELSEWHERE);
        lab.zone.a("works.example.net", Ipv4Addr::LOCALHOST);
        lab.zone.srv(&service, 0, 1, dead);
        lab.zone.srv(&service, 1, 1, dead);
        lab.zone.srv(&service, 2, peer.port(), "works.example.net");
        assert_eq!(ask(&lab).await, Ok(()), "{what}");
    }
}

#[tokio::test]
async fn a_root_target_says_that_there_is_no_service() {
    let (lab, peer) = lab().await;
    lab.zone.a(NAME, Ipv4Addr::LOCALHOST);
    lab.zone.srv(&format!("_matrix-fed._tcp.{NAME}"), 0, 0, ".");
    assert_eq!(ask(&lab).await, Err(Cause::NoAddress));
    assert_eq!(peer.connections(), 0);
}
