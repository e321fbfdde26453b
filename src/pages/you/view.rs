//! The content of `/you`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::erase::Pending;
use crate::identity::policy::{Policies, Version};
use crate::pages::entry::{Entry, party_name, shown_address};
use crate::pages::layout::Layout;
use crate::pages::said::Said;
use crate::pages::timestamp::Timestamp;
use crate::pages::{Powers, View};
use crate::service::{Export, ExportedAccount, ExportedAddress, ExportedConsent, ExportedInvite, ExportedToken, Need};

/// The messages for a validated session, and for one that is not.
const SESSION_MESSAGES: [&str; 2] = ["page-you-confirmed", "page-you-asked"];
/// The messages for a notice, and for an invitation.
const DELIVERY_MESSAGES: [&str; 2] = ["page-you-delivery-notice", "page-you-delivery-invitation"];

#[derive(Template)]
#[template(path = "pages/you.html")]
struct Overview<'a> {
    layout: Layout<'a>,
    form_token: &'a str,
    said: Option<Said>,
    lead: String,
    mxid: &'a str,
    since: Option<Timestamp>,
    addresses: Vec<Listed>,
    /// The reason why addresses are masked: none is confirmed, or the confirmed one has not been
    /// bound for long.
    locked: Option<&'static str>,
    /// True if there are several, and none is masked.
    can_unbind_all: bool,
    /// The erasure that is requested.
    pending: Option<Pending>,
    apps: Vec<App>,
    visits: Vec<Timestamp>,
    policies: Vec<Agreement>,
    can_withdraw_all: bool,
    confirmations: Vec<Entry>,
    invitations: Vec<Invitation>,
    deliveries: Vec<Entry>,
}

/// An address that is bound.
struct Listed {
    id: String,
    address: String,
    since: Timestamp,
    /// The label of the button that removes it, if it is not masked.
    remove: Option<String>,
}

/// An access token.
struct App {
    since: Timestamp,
    used: Timestamp,
}

/// An invitation.
struct Invitation {
    address: Option<String>,
    room: String,
    at: Timestamp,
}

/// A policy, and the person's consent to it.
struct Agreement {
    policy: String,
    name: String,
    state: String,
    /// The document that can be accepted.
    offer: Option<Offer>,
    /// The label of the button that withdraws, if there is a consent in force.
    withdraw: Option<String>,
    records: Vec<Record>,
}

/// A document in force that has not been accepted.
struct Offer {
    version: String,
    language: String,
    href: String,
    name: String,
    label: String,
    /// The page with the changes since the accepted version.
    changes: Option<String>,
}

/// A recorded consent.
struct Record {
    version: String,
    language: String,
    url: String,
    sha256: String,
    accepted: Timestamp,
    withdrawn: Option<Timestamp>,
}

impl View {
    /// Shows everything stored about a person, with what they can do about it.
    pub(super) fn overview(
        &self,
        form_token: &str,
        held: &Export,
        policies: &Policies,
        said: Option<Said>,
    ) -> HttpResponse {
        let title = said.map_or("page-you", |said| said.text);
        let lead = if held.account.is_none() && held.bindings.is_empty() && held.deliveries.is_empty() {
            "page-you-nothing"
        } else {
            "page-you-lead"
        };
        let account = held.account.as_ref();
        let tokens = account.map_or(&[][..], |account| &account.access_tokens);
        let sessions = account.map_or(&[][..], |account| &account.validation_sessions);
        let invitations = account.map_or(&[][..], |account| &account.invitations);
        let policies = self.agreements(account, policies);
        let overview = Overview {
            layout: Layout::switchable(self, title),
            form_token,
            said,
            lead: self.say_with(lead, "server", held.server_name.as_str()),
            mxid: held.user_id.as_str(),
            since: account.map(|account| self.timestamp(account.registered_at)),
            addresses: held.bindings.iter().map(|bound| self.listed(bound)).collect(),
            locked: held.needs.iter().find_map(|need| match need {
                Need::Confirmation => Some("page-you-locked"),
                Need::OlderConfirmation => Some("page-you-partly-locked"),
                Need::Proof => None,
            }),
            can_unbind_all: held.bindings.len() > 1 && held.can_erase,
            pending: held.erasure.map(|erasure| self.pending(erasure)),
            apps: tokens.iter().map(|token| self.app(token)).collect(),
            visits: held.web_sessions.iter().map(|visit| self.timestamp(visit.proved_at)).collect(),
            can_withdraw_all: policies.iter().filter(|agreement| agreement.withdraw.is_some()).count() > 1,
            policies,
            confirmations: sessions.iter().map(|session| self.session_entry(session, SESSION_MESSAGES)).collect(),
            invitations: invitations.iter().map(|invite| self.invitation(invite)).collect(),
            deliveries: held
                .deliveries
                .iter()
                .map(|delivery| self.delivery_entry(delivery, DELIVERY_MESSAGES))
                .collect(),
        };
        self.personal(StatusCode::OK, Powers::Forms, &overview)
    }

    fn listed(&self, bound: &ExportedAddress) -> Listed {
        let address = shown_address(bound.medium, &bound.address);
        Listed {
            id: bound.id.clone(),
            since: self.timestamp(bound.bound_at),
            remove: bound.is_shown.then(|| self.say_with("page-you-unbind", "address", address.as_str())),
            address,
        }
    }

    fn app(&self, token: &ExportedToken) -> App {
        App { since: self.timestamp(token.created_at), used: self.day(token.last_used_at) }
    }

    fn invitation(&self, invite: &ExportedInvite) -> Invitation {
        Invitation {
            address: party_name(&invite.party),
            room: invite.room_id.to_string(),
            at: self.timestamp(invite.invited_at),
        }
    }

    /// Returns the policies in force, followed by accepted ones that are no longer in use.
    fn agreements(&self, account: Option<&ExportedAccount>, policies: &Policies) -> Vec<Agreement> {
        let consents = account.map_or(&[][..], |account| &account.consents);
        let mut agreements: Vec<_> =
            policies.in_force().filter_map(|version| self.agreement(version, policies, consents)).collect();
        for consent in consents {
            if agreements.iter().all(|agreement| agreement.policy != consent.policy) {
                agreements.push(self.former_agreement(&consent.policy, consents));
            }
        }
        agreements
    }

    fn agreement(&self, version: &Version, policies: &Policies, consents: &[ExportedConsent]) -> Option<Agreement> {
        let document = self.best(version, self.tag())?;
        let theirs = || consents.iter().filter(|consent| consent.policy == version.policy());
        // A withdrawn consent may have been given again.
        let of_this = theirs().rfind(|consent| consent.version == version.version());
        let is_agreed = of_this.is_some_and(|consent| consent.withdrawn_at.is_none());
        let last = theirs().rfind(|consent| consent.version != version.version());
        let state = match (of_this, last) {
            (Some(ExportedConsent { withdrawn_at: None, .. }), _) => "page-you-policy-agreed",
            (Some(_), _) => "page-you-policy-withdrawn",
            (None, Some(_)) => "page-you-policy-renewed",
            (None, None) => "page-you-policy-open",
        };
        let href = format!("{}{}", self.base, document.path());
        let offer = Offer {
            version: version.version().to_owned(),
            language: document.language.to_owned(),
            // The operator may have removed the version in the meantime.
            changes: last
                .and_then(|last| policies.find(&last.policy, &last.version, &last.language))
                .and_then(|accepted| self.changes_since(policies, accepted)),
            href,
            name: document.document.name.clone(),
            label: self.say_with("page-you-accept", "version", version.version()),
        };
        Some(Agreement {
            policy: version.policy().to_owned(),
            name: document.document.name.clone(),
            state: self.say(state),
            offer: (!is_agreed).then_some(offer),
            withdraw: self.withdrawable(&document.document.name, theirs()),
            records: theirs().map(|consent| self.record(consent)).collect(),
        })
    }

    fn former_agreement(&self, policy: &str, consents: &[ExportedConsent]) -> Agreement {
        let theirs = || consents.iter().filter(|consent| consent.policy == policy);
        Agreement {
            policy: policy.to_owned(),
            name: policy.to_owned(),
            state: self.say("page-you-policy-former"),
            offer: None,
            withdraw: self.withdrawable(policy, theirs()),
            records: theirs().map(|consent| self.record(consent)).collect(),
        }
    }

    fn withdrawable<'a>(&self, name: &str, mut theirs: impl Iterator<Item = &'a ExportedConsent>) -> Option<String> {
        let stands = theirs.any(|consent| consent.withdrawn_at.is_none());
        stands.then(|| self.say_with("page-you-withdraw", "name", name))
    }

    fn record(&self, consent: &ExportedConsent) -> Record {
        Record {
            version: self.say_with("page-policy-version", "version", consent.version.as_str()),
            language: consent.language.clone(),
            url: consent.url.clone(),
            sha256: consent.sha256.clone(),
            accepted: self.timestamp(consent.accepted_at),
            withdrawn: consent.withdrawn_at.map(|at| self.timestamp(at)),
        }
    }
}
