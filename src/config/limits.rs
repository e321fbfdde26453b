//! `[lookup]`, `[budgets]` and `[retention]`: how much, how often and how long.

use std::time::Duration;

use ruma_common::OwnedServerName;

use super::parse::{self, Parsed};
use super::reader::Reader;
use crate::clock::{DAY, Millis};

/// `[lookup]`
#[derive(Clone, Debug)]
pub struct Lookup {
    /// `pepper_period`. Default 24 h; at least 1 h, at most 30 days.
    pub pepper_period: Duration,
    /// `plain`: offer the algorithm `none`. Default false.
    pub plain: bool,
    /// `max_addresses`: in one request. Default 10,000.
    pub max_addresses: usize,
}

impl Lookup {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("lookup");
        Self {
            pepper_period: section.text("pepper_period", "24h", parse::duration("1h", "30d")),
            plain: section.flag("plain", false),
            max_addresses: section.number("max_addresses", 10_000, &(1..=100_000)),
        }
    }
}

/// `[budgets]`: what a stranger may look up, and how many messages may be caused.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// `newcomer_days`: an account is new for so long. Default 7 days.
    pub newcomer: Duration,
    /// `[budgets.newcomer]`: look-ups of a new account. Default 2,000; 50 an hour.
    pub lookup_newcomer: Bucket,
    /// `[budgets.user]`: look-ups of a settled account. Default 10,000; 50 an hour.
    pub lookup_user: Bucket,
    /// `[budgets.homeserver]`: look-ups of all accounts of a homeserver. Default 50,000; 5,000 an hour.
    pub lookup_homeserver: Bucket,
    /// `trusted_homeservers`: have no budget of their own. Default none.
    pub trusted_homeservers: Vec<OwnedServerName>,
    /// `[budgets.network]`: look-ups from a /24 or /48. Default 50,000; 5,000 an hour.
    pub lookup_network: Bucket,
    /// `[budgets.server]`: look-ups of everybody. Default 1,000,000; 100,000 an hour.
    pub lookup_server: Bucket,
    /// `stop_server`: refuse when the server's budget is full, instead of only logging a warning. Default false.
    pub stop_server: bool,
    /// `[budgets.messages_user]`: validation messages a user causes. Default 20; 20 an hour.
    pub messages_user: Bucket,
    /// `[budgets.messages_address]`: validation messages to an address. Default 10; 5 an hour.
    pub messages_address: Bucket,
    /// `[budgets.messages_network]`: validation messages caused from a /24 or /48. Default 200; 200 an hour.
    pub messages_network: Bucket,
    /// `[budgets.invites_user]`: invitations by a user. Default 30; 10 an hour.
    pub invites_user: Bucket,
    /// `[budgets.invites_homeserver]`: invitations by all users of a homeserver. Default 80; 200 an hour.
    pub invites_homeserver: Bucket,
    /// `[budgets.invites_address]`: invitations of an address. Default 5; 2 an hour.
    pub invites_address: Bucket,
    /// `[budgets.invites_network]`: invitations from a /24 or /48, which is mostly a homeserver's. Default 80; 200 an hour.
    pub invites_network: Bucket,
    /// `[budgets.texts_user]`: texts with a code that a user causes. Default 10; 2 an hour.
    pub texts_user: Bucket,
    /// `[budgets.texts_number]`: texts with a code to a number. Default 5; 1 an hour.
    pub texts_number: Bucket,
    /// `[budgets.texts_network]`: texts with a code caused from a /24 or /48. Default 50; 25 an hour.
    pub texts_network: Bucket,
    /// `[budgets.texts_country]`: texts with a code to all numbers of a calling code. Default 200; 10 an hour.
    pub texts_country: Bucket,
    /// `[budgets.texts_server]`: texts with a code to everybody. Default 500; 20 an hour, so 980 a day.
    pub texts_server: Bucket,
    /// `[budgets.registrations_network]`: registrations from a /24 or /48. Default 300; 3,000 an hour.
    pub registrations_network: Bucket,
    /// `[budgets.unbindings_network]`: unbindings signed by a homeserver, from a /24 or /48. Default 300; 3,000 an hour.
    pub unbindings_network: Bucket,
    /// `[budgets.exports_user]`: downloads of everything that is held about a user. Default 20; 20 an hour.
    pub exports_user: Bucket,
}

impl Budgets {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("budgets");
        let newcomer_days: u64 = section.number("newcomer_days", 7, &(0..=365));
        Self {
            newcomer: Duration::from_secs(newcomer_days * 86_400),
            trusted_homeservers: section.list("trusted_homeservers", &[], parse::server_name),
            stop_server: section.flag("stop_server", false),
            lookup_newcomer: Bucket::read(reader, "budgets.newcomer", 2_000, 50),
            lookup_user: Bucket::read(reader, "budgets.user", 10_000, 50),
            lookup_homeserver: Bucket::read(reader, "budgets.homeserver", 50_000, 5_000),
            lookup_network: Bucket::read(reader, "budgets.network", 50_000, 5_000),
            lookup_server: Bucket::read(reader, "budgets.server", 1_000_000, 100_000),
            messages_user: Bucket::read(reader, "budgets.messages_user", 20, 20),
            messages_address: Bucket::read(reader, "budgets.messages_address", 10, 5),
            messages_network: Bucket::read(reader, "budgets.messages_network", 200, 200),
            invites_user: Bucket::read(reader, "budgets.invites_user", 30, 10),
            invites_homeserver: Bucket::read(reader, "budgets.invites_homeserver", 80, 200),
            invites_address: Bucket::read(reader, "budgets.invites_address", 5, 2),
            invites_network: Bucket::read(reader, "budgets.invites_network", 80, 200),
            texts_user: Bucket::read(reader, "budgets.texts_user", 10, 2),
            texts_number: Bucket::read(reader, "budgets.texts_number", 5, 1),
            texts_network: Bucket::read(reader, "budgets.texts_network", 50, 25),
            texts_country: Bucket::read(reader, "budgets.texts_country", 200, 10),
            texts_server: Bucket::read(reader, "budgets.texts_server", 500, 20),
            registrations_network: Bucket::read(reader, "budgets.registrations_network", 300, 3_000),
            unbindings_network: Bucket::read(reader, "budgets.unbindings_network", 300, 3_000),
            exports_user: Bucket::read(reader, "budgets.exports_user", 20, 20),
        }
    }
}

/// A leaky bucket. Neither number is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// `capacity`: how much fits.
    pub capacity: u32,
    /// `per_hour`: how much drains in an hour.
    pub per_hour: u32,
}

impl Bucket {
    fn read(reader: &mut Reader, section: &'static str, capacity: u32, per_hour: u32) -> Self {
        let mut section = reader.section(section);
        let range = 1..=1_000_000_000;
        Self {
            capacity: section.number("capacity", capacity, &range),
            per_hour: section.number("per_hour", per_hour, &range),
        }
    }
}

/// `[retention]`: how long things are kept.
#[derive(Clone, Debug)]
pub struct Retention {
    /// `validation_session`: after its last modification. Default 24 h.
    pub validation_session: Millis,
    /// `invite`: while it is pending. Default 30 days.
    pub invite: Millis,
    /// `ephemeral_key`: after its invitation is delivered or expired. Default 90 days.
    pub ephemeral_key: Millis,
    /// `sms_code`: after it was first sent. Default 10 minutes.
    pub sms_code: Millis,
    /// `access_token`: idle. Default 365 days.
    pub access_token: Millis,
    /// `consent`: after the account is gone. Default 30 days.
    pub consent: Millis,
    /// `unbind_signature`: the fingerprint of a homeserver's signature, after it last unbound. Default 365 days.
    pub unbind_signature: Millis,
    /// `onbind_delivery`: how long a delivery is tried; a notice no longer than a day. Default 7 days.
    pub onbind_delivery: Millis,
    /// `visit`: how long somebody who has signed in to look at his data, or has opened the link for it, may do so. Default 30 minutes.
    pub visit: Millis,
}

impl Retention {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("retention");
        Self {
            validation_session: section.text("validation_session", "24h", millis("1h", "30d")),
            invite: section.text("invite", "30d", millis("1h", "365d")),
            ephemeral_key: section.text("ephemeral_key", "90d", millis("0d", "3650d")),
            sms_code: section.text("sms_code", "10m", millis("2m", "1h")),
            access_token: section.text("access_token", "365d", millis("1h", "3650d")),
            consent: section.text("consent", "30d", millis("0d", "3650d")),
            unbind_signature: section.text("unbind_signature", "365d", millis("1d", "3650d")),
            onbind_delivery: section.text("onbind_delivery", "7d", millis("1h", "30d")),
            visit: section.text("visit", "30m", millis("5m", "24h")),
        }
    }

    /// How long it is tried to tell an address that it was bound or unbound: later than in a day it would be no news.
    #[must_use]
    pub fn notice(&self) -> Millis {
        DAY.min(self.onbind_delivery)
    }
}

fn millis(least: &str, most: &str) -> impl Fn(&str) -> Parsed<Millis> {
    let duration = parse::duration(least, most);
    move |text| duration(text).map(|duration| Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
}
