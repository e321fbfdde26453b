//! `[lookup]`, `[budgets]` and `[retention]`: how much is allowed, how often, and how long data is
//! kept.

use std::time::Duration;

use ruma_common::OwnedServerName;

use super::parse::{self, Parsed};
use super::reader::Reader;
use crate::clock::{DAY, HOUR, Millis};

/// `[lookup]`
#[derive(Clone, Debug)]
pub struct Lookup {
    /// `pepper_period`. Default 7 days, which is also the most; at least 1 h. Each new pepper makes
    /// people pay for their address books again, so limits that are tight need peppers that last;
    /// and the longer a pepper lasts, the longer a table of hashes that somebody has computed is of
    /// use.
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
    let reason = "the specification wants peppers to change often, so that tables of hashes are soon of no use";
    parse::duration("1h", "7d")(text).map_err(|expected| format!("{expected}: {reason}"))
}

/// `[budgets]`: rate limits.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// `newcomer_days`: how long an account counts as new. Default 7 days.
    pub newcomer: Duration,
    /// `[budgets.newcomer]`: lookups by a new account. Default 2,000; 50 per hour.
    pub lookup_newcomer: Bucket,
    /// `[budgets.user]`: lookups by any other account. Default 10,000; 50 per hour.
    pub lookup_user: Bucket,
    /// `[budgets.homeserver]`: lookups by all accounts of a homeserver. Default 50,000; 5,000 per
    /// hour.
    pub lookup_homeserver: Bucket,
    /// `trusted_homeservers`: homeservers without a limit for all of their users together. Default
    /// none.
    pub trusted_homeservers: Vec<OwnedServerName>,
    /// `[budgets.network]`: lookups from a /24 or /48. Default 50,000; 5,000 per hour.
    pub lookup_network: Bucket,
    /// `[budgets.server]`: lookups by everyone. Default 1,000,000; 100,000 per hour.
    pub lookup_server: Bucket,
    /// `stop_server`: whether to enforce `[budgets.server]` instead of only logging a warning.
    /// Default false.
    pub stop_server: bool,
    /// `[budgets.messages_user]`: validation mails caused by a user. Default 20; 20 per hour.
    pub messages_user: Bucket,
    /// `[budgets.messages_address]`: validation mails to an address. Default 10; 5 per hour.
    pub messages_address: Bucket,
    /// `[budgets.messages_network]`: validation mails caused from a /24 or /48. Default 200; 200
    /// per hour.
    pub messages_network: Bucket,
    /// `[budgets.invites_user]`: invitations by a user. Default 30; 10 per hour.
    pub invites_user: Bucket,
    /// `[budgets.invites_homeserver]`: invitations by all users of a homeserver. Default 80; 200
    /// per hour.
    pub invites_homeserver: Bucket,
    /// `[budgets.invites_address]`: invitations to an address. Default 5; 2 per hour.
    pub invites_address: Bucket,
    /// `[budgets.invites_network]`: invitations from a /24 or /48, usually a homeserver's. Default
    /// 80; 200 per hour.
    pub invites_network: Bucket,
    /// `[budgets.texts_user]`: codes by text message caused by a user. Default 10; 2 per hour.
    pub texts_user: Bucket,
    /// `[budgets.texts_number]`: codes by text message to a number. Default 5; 1 per hour.
    pub texts_number: Bucket,
    /// `[budgets.texts_network]`: codes by text message caused from a /24 or /48. Default 50; 25
    /// per hour.
    pub texts_network: Bucket,
    /// `[budgets.texts_country]`: text messages to all numbers of a calling code. Default 200; 10
    /// per hour.
    pub texts_country: Bucket,
    /// `[budgets.texts_server]`: text messages to everyone. Default 500; 20 per hour, so 980 per
    /// day.
    pub texts_server: Bucket,
    /// `[budgets.registrations_network]`: registrations from a /24 or /48. Default 300; 3,000 per
    /// hour.
    pub registrations_network: Bucket,
    /// `[budgets.unbindings_network]`: signed unbind requests from a /24 or /48. Default 300; 3,000
    /// per hour.
    pub unbindings_network: Bucket,
    /// `[budgets.exports_user]`: data exports by a user. Default 20; 20 per hour.
    pub exports_user: Bucket,
}

impl Budgets {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut section = reader.section("budgets");
        let newcomer_days: u64 = section.number("newcomer_days", 7, 0..=365);
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

impl Budgets {
    /// Returns how long the bucket that takes longest to drain does so, in milliseconds.
    #[must_use]
    pub fn longest_drain(&self) -> Millis {
        let buckets = [
            self.lookup_newcomer,
            self.lookup_user,
            self.lookup_homeserver,
            self.lookup_network,
            self.lookup_server,
            self.messages_user,
            self.messages_address,
            self.messages_network,
            self.invites_user,
            self.invites_homeserver,
            self.invites_address,
            self.invites_network,
            self.texts_user,
            self.texts_number,
            self.texts_network,
            self.texts_country,
            self.texts_server,
            self.registrations_network,
            self.unbindings_network,
            self.exports_user,
        ];
        let drain = |bucket: &Bucket| Millis::from(bucket.capacity) * HOUR / Millis::from(bucket.per_hour) + HOUR;
        buckets.iter().map(drain).max().unwrap_or_default()
    }
}

/// The parameters of a leaky bucket. Neither is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// `capacity`: how much fits.
    pub capacity: u32,
    /// `per_hour`: how much drains in an hour.
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

    /// Returns how long a notice is retried: after a day, it would be of little use.
    #[must_use]
    pub fn notice(&self) -> Millis {
        DAY.min(self.onbind_delivery)
    }
}

fn millis(least: &str, most: &str) -> impl Fn(&str) -> Parsed<Millis> {
    let duration = parse::duration(least, most);
    move |text| duration(text).map(|duration| Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
}
