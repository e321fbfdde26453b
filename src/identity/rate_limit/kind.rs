//! The kinds of rate limits, and the setting that determines each of them.

use std::fmt;

use crate::clock::{HOUR, Millis};
use crate::config::{Bucket, Budgets};

/// Views, by one token, session or address, of everything stored about a person. No setting changes
/// this limit: nobody reaches it by reading the page.
const VIEWS: Bucket = Bucket { capacity: 60, per_hour: 600 };
/// Views of a user's data by all tokens and sessions.
const ALL_VIEWS: Bucket = Bucket { capacity: 240, per_hour: 2_400 };
/// Links by which one token or session confirms an address.
const LINKS: Bucket = Bucket { capacity: 5, per_hour: 5 };
/// Registrations of one user. An app registers when somebody signs in, and some apps whenever they
/// start.
const REGISTRATIONS: Bucket = Bucket { capacity: 100, per_hour: 60 };
/// The units of one event that is counted by the day, in a bucket that drains one unit an hour.
pub const DAY: u32 = 24;
/// Erasures that a user may request, [`DAY`] units each: six at once, and one a day.
const ERASURES: Bucket = Bucket { capacity: 6 * DAY, per_hour: 1 };
/// Addresses added to a user who has others, each of which is told.
const ADDITIONS: Bucket = Bucket { capacity: 20, per_hour: 1 };
/// Alerts of one kind about what one address has confirmed, [`DAY`] units each: one a day.
const ALERTS: Bucket = Bucket { capacity: DAY, per_hour: 1 };
/// Texts about the erasure of a user's data.
const ERASURE_TEXTS: Bucket = Bucket { capacity: 5, per_hour: 1 };
/// Denials of links to an address, [`DAY`] units each: the limit is empty a day after one, and two
/// days after more.
const DENIALS: Bucket = Bucket { capacity: 2 * DAY, per_hour: 1 };

/// Denials of one link, [`DAY`] units each: one, as long as it works.
const LINK_DENIALS: Bucket = Bucket { capacity: DAY, per_hour: 1 };

/// The factor by which a /16 or /32 may use more than each network in it.
const WIDE: u32 = 4;
/// The factors by which all accounts of a homeserver may use more than those of one week, at once
/// and per hour. The hourly factor determines how much attackers who create new accounts every week
/// get in a year. The factor at once is large enough that the accounts of one week cannot fill the
/// part of older ones.
const ALL_WEEKS: [u32; 2] = [10, 4];
/// The same factors for a /16 or /32.
const ALL_WEEKS_WIDE: [u32; 2] = [5 * WIDE, 2 * WIDE];
/// The divisor for the limits of requests without an account: they are a tenth of the others.
const STRANGERS: u32 = 10;

/// The events that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Addresses looked up.
    Lookup,
    /// Validation mails, and mails with a link to manage an address.
    Message,
    /// Text messages of any kind.
    Text,
    /// Invitations.
    Invite,
    /// Notices to an address.
    Notice,
    /// Links to manage an address, by recipient.
    Proof,
    /// Registrations.
    Registration,
    /// Unbindings signed by a homeserver.
    Unbinding,
    /// Exports of everything stored about a user.
    Export,
    /// Views of the pages that show the same.
    View,
    /// Links by mail that confirm that a user reads one of their addresses.
    Confirmation,
    /// Such links by text.
    TextConfirmation,
    /// Requests for an erasure.
    Erasure,
    /// Addresses that are added to a user who has others.
    Addition,
    /// Links of both kinds whose reader has said that they did not ask for it.
    Denial,
    /// Texts of notices and alerts, except those about erasures.
    NoticeText,
    /// Texts about the erasure of a user's data.
    ErasureText,
    /// Alerts that everything about a user was exported.
    ExportAlert,
    /// Alerts that everything about a user was shown.
    ViewAlert,
}

/// The subject for which events are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One user.
    User,
    /// One person's web session or token.
    Subject,
    /// One email address, as recipient.
    Address,
    /// One phone number, as recipient.
    Number,
    /// The users of one homeserver that registered in the same week.
    Homeserver,
    /// All users of one homeserver.
    WholeHomeserver,
    /// A /24 or /48.
    Network,
    /// The /16 or /32 around it.
    WideNetwork,
    /// The same, for accounts of all weeks together.
    WholeWideNetwork,
    /// The numbers of one calling code.
    Country,
    /// Everyone.
    Server,
}

/// A kind of limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The events that are counted.
    pub counted: Counted,
    /// The subject for which they are counted.
    pub scope: Scope,
    /// True if it counts only requests made without an account.
    pub is_strangers: bool,
}

impl Kind {
    /// Every kind. Requesting the [limit](super::rules::Rules::limit) of any other kind fails every
    /// test.
    pub const ALL: [Self; 65] = [
        Self::of(Counted::Lookup, Scope::User),
        Self::of(Counted::Lookup, Scope::Homeserver),
        Self::of(Counted::Lookup, Scope::WholeHomeserver),
        Self::of(Counted::Lookup, Scope::Network),
        Self::of(Counted::Lookup, Scope::WideNetwork),
        Self::of(Counted::Lookup, Scope::WholeWideNetwork),
        Self::of(Counted::Lookup, Scope::Server),
        Self::of(Counted::Message, Scope::User),
        Self::of(Counted::Message, Scope::Address),
        Self::of(Counted::Message, Scope::Network),
        Self::of(Counted::Message, Scope::WideNetwork),
        Self::of(Counted::Message, Scope::WholeWideNetwork),
        Self::of(Counted::Message, Scope::Server),
        Self::of(Counted::Message, Scope::Network).of_strangers(),
        Self::of(Counted::Message, Scope::WideNetwork).of_strangers(),
        Self::of(Counted::Message, Scope::Server).of_strangers(),
        Self::of(Counted::Text, Scope::User),
        Self::of(Counted::Text, Scope::Number),
        Self::of(Counted::Text, Scope::Network),
        Self::of(Counted::Text, Scope::WideNetwork),
        Self::of(Counted::Text, Scope::WholeWideNetwork),
        Self::of(Counted::Text, Scope::Country),
        Self::of(Counted::Text, Scope::Server),
        Self::of(Counted::Text, Scope::Network).of_strangers(),
        Self::of(Counted::Text, Scope::WideNetwork).of_strangers(),
        Self::of(Counted::Text, Scope::Country).of_strangers(),
        Self::of(Counted::Text, Scope::Server).of_strangers(),
        Self::of(Counted::Invite, Scope::User),
        Self::of(Counted::Invite, Scope::Address),
        Self::of(Counted::Invite, Scope::Homeserver),
        Self::of(Counted::Invite, Scope::WholeHomeserver),
        Self::of(Counted::Invite, Scope::Network),
        Self::of(Counted::Invite, Scope::WideNetwork),
        Self::of(Counted::Invite, Scope::WholeWideNetwork),
        Self::of(Counted::Invite, Scope::Server),
        Self::of(Counted::Notice, Scope::Address),
        Self::of(Counted::Notice, Scope::Number),
        Self::of(Counted::Proof, Scope::Address),
        Self::of(Counted::Proof, Scope::Number),
        Self::of(Counted::Registration, Scope::User),
        Self::of(Counted::Registration, Scope::Homeserver),
        Self::of(Counted::Registration, Scope::WholeHomeserver),
        Self::of(Counted::Registration, Scope::Network),
        Self::of(Counted::Registration, Scope::WideNetwork),
        Self::of(Counted::Unbinding, Scope::Network),
        Self::of(Counted::Unbinding, Scope::WideNetwork),
        Self::of(Counted::Export, Scope::User),
        Self::of(Counted::View, Scope::User),
        Self::of(Counted::View, Scope::Subject),
        Self::of(Counted::Confirmation, Scope::User),
        Self::of(Counted::Confirmation, Scope::Subject),
        Self::of(Counted::Confirmation, Scope::Address),
        Self::of(Counted::TextConfirmation, Scope::User),
        Self::of(Counted::TextConfirmation, Scope::Subject),
        Self::of(Counted::TextConfirmation, Scope::Number),
        Self::of(Counted::Erasure, Scope::User),
        Self::of(Counted::Addition, Scope::User),
        Self::of(Counted::Denial, Scope::Subject),
        Self::of(Counted::Denial, Scope::Address),
        Self::of(Counted::Denial, Scope::Number),
        Self::of(Counted::NoticeText, Scope::User),
        Self::of(Counted::NoticeText, Scope::Number),
        Self::of(Counted::ErasureText, Scope::User),
        Self::of(Counted::ExportAlert, Scope::User),
        Self::of(Counted::ViewAlert, Scope::User),
    ];

    /// Returns the kind that counts requests made with an account.
    #[must_use]
    pub const fn of(counted: Counted, scope: Scope) -> Self {
        Self { counted, scope, is_strangers: false }
    }

    /// Returns the kind that counts the same events, but for requests made without an account.
    #[must_use]
    pub const fn of_strangers(self) -> Self {
        Self { is_strangers: true, ..self }
    }

    /// Returns whether unrelated people share it.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        matches!(self.scope, Scope::Network | Scope::WideNetwork | Scope::Homeserver | Scope::Country | Scope::Server)
            || self.is_of_all_weeks()
    }

    /// Returns whether accounts of all weeks share it, in which case older ones may fill more.
    #[must_use]
    pub const fn is_of_all_weeks(self) -> bool {
        matches!(self.scope, Scope::WholeHomeserver | Scope::WholeWideNetwork)
    }

    /// Returns whether newcomers may fill only half of it.
    #[must_use]
    pub const fn is_half_for_newcomers(self) -> bool {
        let is_invites_address = matches!((self.counted, self.scope), (Counted::Invite, Scope::Address));
        !self.is_strangers && (matches!(self.scope, Scope::Country | Scope::Server) || is_invites_address)
    }

    /// Returns whether a level records how much its user has used over time, or its network while
    /// no account is known. That determines how much they leave to others.
    #[must_use]
    pub const fn is_remembered(self) -> bool {
        match self.scope {
            Scope::User => matches!(
                self.counted,
                Counted::Lookup
                    | Counted::Message
                    | Counted::Text
                    | Counted::Invite
                    | Counted::Registration
                    | Counted::NoticeText
                    | Counted::Confirmation
                    | Counted::TextConfirmation
            ),
            Scope::Network => matches!(self.counted, Counted::Registration | Counted::Unbinding),
            _ => false,
        }
    }

    /// Returns the bucket of the limit, and the section of the configuration that determines it, if
    /// there is one. The bucket is larger for a wide network and for all accounts together, and a
    /// tenth for requests without an account.
    #[must_use]
    pub fn budget(self, b: &Budgets) -> (&'static str, Bucket) {
        let (section, bucket) = match (self.counted, self.scope) {
            (Counted::Confirmation | Counted::TextConfirmation, Scope::Subject) => ("", LINKS),
            (Counted::Lookup, Scope::Homeserver | Scope::WholeHomeserver) => {
                ("budgets.homeserver", b.lookup_homeserver)
            }
            (Counted::Lookup, Scope::Network | Scope::WideNetwork | Scope::WholeWideNetwork) => {
                ("budgets.network", b.lookup_network)
            }
            (Counted::Lookup, Scope::Server) => ("budgets.server", b.lookup_server),
            (Counted::Lookup, _) => ("budgets.user", b.lookup_user),
            (Counted::Message | Counted::Confirmation, Scope::User) => ("budgets.messages_user", b.messages_user),
            (Counted::Message, Scope::Network | Scope::WideNetwork | Scope::WholeWideNetwork) => {
                ("budgets.messages_network", b.messages_network)
            }
            (Counted::Message, Scope::Server) => ("budgets.messages_server", b.messages_server),
            (Counted::Text | Counted::TextConfirmation | Counted::NoticeText, Scope::User) => {
                ("budgets.texts_user", b.texts_user)
            }
            (Counted::Text, Scope::Network | Scope::WideNetwork | Scope::WholeWideNetwork) => {
                ("budgets.texts_network", b.texts_network)
            }
            (Counted::Text, Scope::Country) => ("budgets.texts_country", b.texts_country),
            (Counted::Text, Scope::Server) => ("budgets.texts_server", b.texts_server),
            (Counted::Invite, Scope::Address | Scope::Number) => ("budgets.invites_address", b.invites_address),
            (Counted::Invite, Scope::Homeserver | Scope::WholeHomeserver) => {
                ("budgets.invites_homeserver", b.invites_homeserver)
            }
            (Counted::Invite, Scope::Network | Scope::WideNetwork | Scope::WholeWideNetwork) => {
                ("budgets.invites_network", b.invites_network)
            }
            (Counted::Invite, Scope::Server) => ("budgets.invites_server", b.invites_server),
            (Counted::Invite, _) => ("budgets.invites_user", b.invites_user),
            (Counted::Text | Counted::TextConfirmation | Counted::NoticeText, _)
            | (Counted::Notice | Counted::Proof, Scope::Number) => ("budgets.texts_number", b.texts_number),
            (Counted::Message | Counted::Notice | Counted::Proof | Counted::Confirmation, _) => {
                ("budgets.messages_address", b.messages_address)
            }
            (Counted::Registration, Scope::User) => ("", REGISTRATIONS),
            (Counted::Registration, Scope::Homeserver | Scope::WholeHomeserver) => {
                ("budgets.registrations_homeserver", b.registrations_homeserver)
            }
            (Counted::Registration, _) => ("budgets.registrations_network", b.registrations_network),
            (Counted::Unbinding, _) => ("budgets.unbindings_network", b.unbindings_network),
            (Counted::Export, _) => ("budgets.exports_user", b.exports_user),
            (Counted::View, Scope::User) => ("", ALL_VIEWS),
            (Counted::View, _) => ("", VIEWS),
            (Counted::Erasure, _) => ("", ERASURES),
            (Counted::Addition, _) => ("", ADDITIONS),
            (Counted::Denial, Scope::Subject) => ("", LINK_DENIALS),
            (Counted::Denial, _) => ("", DENIALS),
            (Counted::ErasureText, _) => ("", ERASURE_TEXTS),
            (Counted::ExportAlert | Counted::ViewAlert, _) => ("", ALERTS),
        };
        let [at_once, per_hour] = match self.scope {
            Scope::WholeHomeserver => ALL_WEEKS,
            Scope::WideNetwork => [WIDE; 2],
            Scope::WholeWideNetwork => ALL_WEEKS_WIDE,
            _ => [1; 2],
        };
        let share = if self.is_strangers { STRANGERS } else { 1 };
        let (capacity, per_hour) = (bucket.scaled(at_once, share).capacity, bucket.scaled(per_hour, share).per_hour);
        (section, Bucket { capacity, per_hour })
    }

    /// Returns how long the slowest bucket takes to drain, plus an hour.
    #[must_use]
    pub fn longest_drain(budgets: &Budgets) -> Millis {
        let drain = |kind: Self| {
            let (_, Bucket { capacity, per_hour }) = kind.budget(budgets);
            Millis::from(capacity) * HOUR / Millis::from(per_hour)
        };
        Self::ALL.into_iter().map(drain).max().unwrap_or_default() + HOUR
    }
}

/// Displays the kind as stored in the database: `text:country`, or `text:country:strangers`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = match self.counted {
            Counted::Lookup => "lookup",
            Counted::Message => "message",
            Counted::Text => "text",
            Counted::Invite => "invite",
            Counted::Notice => "notice",
            Counted::Proof => "proof",
            Counted::Registration => "register",
            Counted::Unbinding => "unbind",
            Counted::Export => "export",
            Counted::View => "view",
            Counted::Confirmation => "confirm",
            Counted::TextConfirmation => "confirm_text",
            Counted::Erasure => "erasure",
            Counted::Addition => "addition",
            Counted::Denial => "deny",
            Counted::NoticeText => "notice_text",
            Counted::ErasureText => "erasure_text",
            Counted::ExportAlert => "alert_export",
            Counted::ViewAlert => "alert_view",
        };
        let scope = match self.scope {
            Scope::User => "user",
            Scope::Subject => "subject",
            Scope::Address => "address",
            Scope::Number => "number",
            Scope::Homeserver => "homeserver",
            Scope::WholeHomeserver => "whole_homeserver",
            Scope::Network => "network",
            Scope::WideNetwork => "wide_network",
            Scope::WholeWideNetwork => "whole_wide_network",
            Scope::Country => "country",
            Scope::Server => "server",
        };
        write!(f, "{counted}:{scope}{}", if self.is_strangers { ":strangers" } else { "" })
    }
}
