//! `[lookup]`, `[budgets]` and `[retention]`: rate limits, and how long data is kept.

use std::time::Duration;

use ruma_common::OwnedServerName;

use super::parse::{self, Parsed};
use super::reader::Reader;
use crate::clock::{DAY, Millis};

/// `[lookup]`
#[derive(Clone, Debug)]
pub struct Lookup {
    /// `pepper_period`. Default 7 days, which is also the maximum; at least 1 h. With each new
    /// pepper, people are charged for their address books again, so tight limits need peppers that
    /// last. But the longer a pepper lasts, the longer a precomputed table of hashes is useful.
    pub pepper_period: Duration,
    /// `plain`: whether to offer the algorithm `none`. Default false.
    pub plain: bool,
    /// `max_addresses`: the maximum in one request. Default 10,000.
    pub max_addresses: usize,
}

impl Lookup {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("lookup");
        Self {
            pepper_period: section.text("pepper_period", "7d", pepper_period),
            plain: section.flag("plain", false),
            max_addresses: section.number("max_addresses", 10_000, 1..=100_000),
        }
    }
}

fn pepper_period(text: &str) -> Parsed<Duration> {
    let reason = "the specification wants peppers to change often, so that tables of hashes soon become useless";
    parse::duration("1h", "7d")(text).map_err(|expected| format!("{expected}: {reason}"))
}

/// `[budgets]`: rate limits.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// `newcomer_days`: how long an account counts as new, and may fill only half of the limits
    /// that all accounts share. Default 7 days.
    pub newcomer: Millis,
    /// `[budgets.user]`: lookups by an account. Default 64,000; 250 per hour.
    ///
    /// The default is this large because a person with 10,000 contacts and three devices looks up
    /// 30,000 addresses with each pepper, and may have registered just before it changes.
    pub lookup_user: Bucket,
    /// `[budgets.homeserver]`: lookups by the accounts of a homeserver that registered in the same
    /// week. Default 1,000,000; 2,000 per hour. A domain that was first seen today has 30 %.
    pub lookup_homeserver: Bucket,
    /// `trusted_homeservers`: homeservers without a limit for all of their users together. Default
    /// none.
    pub trusted_homeservers: Vec<OwnedServerName>,
    /// `[budgets.network]`: lookups from a /24 or /48 by accounts that registered in the same week.
    /// Default 640,000; 5,000 per hour. As for all networks, a /16 or /32 has four times as much.
    pub lookup_network: Bucket,
    /// `[budgets.server]`: lookups by everyone. Default 6,400,000; 100,000 per hour.
    pub lookup_server: Bucket,
    /// `[budgets.messages_user]`: validation mails caused by a user. Default 20; 20 per hour.
    pub messages_user: Bucket,
    /// `[budgets.messages_address]`: validation mails to an address. Default 10; 5 per hour.
    pub messages_address: Bucket,
    /// `[budgets.messages_network]`: validation mails caused from a /24 or /48. Default 200; 200
    /// per hour.
    pub messages_network: Bucket,
    /// `[budgets.messages_server]`: validation mails to everyone. Default 5,000; 2,000 per hour.
    pub messages_server: Bucket,
    /// `[budgets.invites_user]`: invitations by a user. Default 30; 10 per hour.
    pub invites_user: Bucket,
    /// `[budgets.invites_homeserver]`: invitations by the users of a homeserver that registered in
    /// the same week. Default 500; 200 per hour. A new domain has 30 %.
    pub invites_homeserver: Bucket,
    /// `[budgets.invites_address]`: invitations to an address. Default 5; 2 per hour.
    pub invites_address: Bucket,
    /// `[budgets.invites_network]`: invitations from a /24 or /48, usually a homeserver's, by
    /// accounts that registered in the same week. Default 300; 200 per hour.
    pub invites_network: Bucket,
    /// `[budgets.invites_server]`: invitations by everyone. Default 3,000; 1,000 per hour.
    pub invites_server: Bucket,
    /// `[budgets.texts_user]`: codes by text message caused by a user. Default 10; 2 per hour.
    pub texts_user: Bucket,
    /// `[budgets.texts_number]`: codes by text message to a number. Default 5; 1 per hour.
    pub texts_number: Bucket,
    /// `[budgets.texts_network]`: codes by text message caused from a /24 or /48. Default 100; 25
    /// per hour.
    pub texts_network: Bucket,
    /// `[budgets.texts_country]`: text messages to all numbers of a calling code. Default 200; 10
    /// per hour.
    pub texts_country: Bucket,
    /// `[budgets.texts_server]`: text messages to everyone. Default 500; 20 per hour, so 980 per
    /// day, and a tenth more for people without an account.
    pub texts_server: Bucket,
    /// `[budgets.registrations_homeserver]`: registrations by the accounts of a homeserver that
    /// registered in the same week. Default 20,000; 2,000 per hour. A new domain has 30 %, so a
    /// company of some thousand people can start in one day.
    pub registrations_homeserver: Bucket,
    /// `[budgets.registrations_network]`: registrations from a /24 or /48. Default 300; 3,000 per
    /// hour.
    pub registrations_network: Bucket,
    /// `[budgets.unbindings_network]`: signed unbind requests from a /24 or /48. Default 300; 3,000
    /// per hour.
    pub unbindings_network: Bucket,
    /// `[budgets.exports_user]`: data exports by a user. Default 20; 20 per hour.
    pub exports_user: Bucket,
    /// The limits of a user that exceeded a tenth of a shared limit, and were lowered to that.
    pub lowered: Vec<Lowered>,
}

/// A limit of a user that was lowered to a tenth of a shared limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// The user's limit.
    pub section: &'static str,
    /// The shared limit.
    pub shared: &'static str,
    /// The capacity in force.
    pub capacity: u32,
}

/// The inverse of the largest part of a shared limit that one account may use at a time: a tenth.
const LARGEST_PART: u32 = 10;

impl Budgets {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("budgets");
        let newcomer_days: u32 = section.number("newcomer_days", 7, 0..=365);
        let mut budgets = Self {
            newcomer: Millis::from(newcomer_days) * DAY,
            trusted_homeservers: section.list("trusted_homeservers", &[], parse::server_name),
            lookup_user: Bucket::read(reader, "budgets.user", 64_000, 250),
            lookup_homeserver: Bucket::read(reader, "budgets.homeserver", 1_000_000, 2_000),
            lookup_network: Bucket::read(reader, "budgets.network", 640_000, 5_000),
            lookup_server: Bucket::read(reader, "budgets.server", 6_400_000, 100_000),
            messages_user: Bucket::read(reader, "budgets.messages_user", 20, 20),
            messages_address: Bucket::read(reader, "budgets.messages_address", 10, 5),
            messages_network: Bucket::read(reader, "budgets.messages_network", 200, 200),
            messages_server: Bucket::read(reader, "budgets.messages_server", 5_000, 2_000),
            invites_user: Bucket::read(reader, "budgets.invites_user", 30, 10),
            invites_homeserver: Bucket::read(reader, "budgets.invites_homeserver", 500, 200),
            invites_address: Bucket::read(reader, "budgets.invites_address", 5, 2),
            invites_network: Bucket::read(reader, "budgets.invites_network", 300, 200),
            invites_server: Bucket::read(reader, "budgets.invites_server", 3_000, 1_000),
            texts_user: Bucket::read(reader, "budgets.texts_user", 10, 2),
            texts_number: Bucket::read(reader, "budgets.texts_number", 5, 1),
            texts_network: Bucket::read(reader, "budgets.texts_network", 100, 25),
            texts_country: Bucket::read(reader, "budgets.texts_country", 200, 10),
            texts_server: Bucket::read(reader, "budgets.texts_server", 500, 20),
            registrations_homeserver: Bucket::read(reader, "budgets.registrations_homeserver", 20_000, 2_000),
            registrations_network: Bucket::read(reader, "budgets.registrations_network", 300, 3_000),
            unbindings_network: Bucket::read(reader, "budgets.unbindings_network", 300, 3_000),
            exports_user: Bucket::read(reader, "budgets.exports_user", 20, 20),
            lowered: Vec::new(),
        };
        budgets.lower();
        budgets
    }

    /// Lowers the limits of a user to a tenth of each limit that they share.
    fn lower(&mut self) {
        let (homeserver, network, server) = (self.lookup_homeserver, self.lookup_network, self.lookup_server);
        let shared = [("budgets.homeserver", homeserver), ("budgets.network", network), ("budgets.server", server)];
        self.lowered.extend(self.lookup_user.lower("budgets.user", &shared));
        let (network, server) = (self.messages_network, self.messages_server);
        let shared = [("budgets.messages_network", network), ("budgets.messages_server", server)];
        self.lowered.extend(self.messages_user.lower("budgets.messages_user", &shared));
        let shared = [
            ("budgets.texts_network", self.texts_network),
            ("budgets.texts_country", self.texts_country),
            ("budgets.texts_server", self.texts_server),
        ];
        self.lowered.extend(self.texts_user.lower("budgets.texts_user", &shared));
        let shared = [
            ("budgets.invites_homeserver", self.invites_homeserver),
            ("budgets.invites_network", self.invites_network),
            ("budgets.invites_server", self.invites_server),
        ];
        self.lowered.extend(self.invites_user.lower("budgets.invites_user", &shared));
    }
}

/// The parameters of a leaky bucket. Neither is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// `capacity`: the amount that fits.
    pub capacity: u32,
    /// `per_hour`: the amount that drains in an hour.
    pub per_hour: u32,
}

impl Bucket {
    fn read(reader: &mut Reader, section: &'static str, capacity: u32, per_hour: u32) -> Self {
        let mut section = reader.section(section);
        Self {
            capacity: section.number("capacity", capacity, 1..=1_000_000_000),
            per_hour: section.number("per_hour", per_hour, 1..=1_000_000_000),
        }
    }

    /// Lowers the capacity to a tenth of the smallest of the shared ones, and returns whether that
    /// was necessary.
    fn lower(&mut self, section: &'static str, all: &[(&'static str, Self)]) -> Option<Lowered> {
        let (shared, smallest) = all.iter().min_by_key(|(_, bucket)| bucket.capacity)?;
        let capacity = (smallest.capacity / LARGEST_PART).max(1);
        (self.capacity > capacity).then(|| {
            self.capacity = capacity;
            Lowered { section, shared, capacity }
        })
    }

    /// Returns a bucket of `times / of` of the size, which drains faster or slower by the same
    /// factor. Neither parameter is 0.
    #[must_use]
    pub fn scaled(self, times: u32, of: u32) -> Self {
        let scale = |number: u32| {
            let scaled = u64::from(number) * u64::from(times) / u64::from(of.max(1));
            u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
        };
        Self { capacity: scale(self.capacity), per_hour: scale(self.per_hour) }
    }
}

/// `[retention]`: how long data is kept.
#[derive(Clone, Debug)]
pub struct Retention {
    /// `validation_session`: after its last change. Default 24 h.
    pub validation_session: Millis,
    /// `invite`: while it is pending. Default 30 days.
    pub invite: Millis,
    /// `ephemeral_key`: after its invitation has been delivered or has expired. Default 90 days.
    pub ephemeral_key: Millis,
    /// `sms_code`: after it was first sent. Default 10 minutes.
    pub sms_code: Millis,
    /// `access_token`: since its last use. Default 365 days.
    pub access_token: Millis,
    /// `consent`: after the account was deleted. Default 30 days.
    pub consent: Millis,
    /// `unbind_signature`: the fingerprint of a homeserver's signature, since its last use. Default
    /// 365 days.
    pub unbind_signature: Millis,
    /// `onbind_delivery`: how long a delivery is retried; a notice for a day at most. Default 7
    /// days.
    pub onbind_delivery: Millis,
    /// `visit`: how long a web session lasts. Default 30 minutes.
    pub visit: Millis,
    /// `audit`: entries of the audit log. Default 365 days.
    pub audit: Millis,
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
            audit: section.text("audit", "365d", millis("1d", "3650d")),
        }
    }

    /// Returns how long a notice is retried. After a day, it would be of little use.
    #[must_use]
    pub fn notice(&self) -> Millis {
        DAY.min(self.onbind_delivery)
    }
}

fn millis(least: &str, most: &str) -> impl Fn(&str) -> Parsed<Millis> {
    let duration = parse::duration(least, most);
    move |text| duration(text).map(|duration| Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
}
