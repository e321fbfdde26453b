//! The retention table: the operator's settings in words.

use crate::clock::Millis;
use crate::config;
use crate::identity::session::CODE_TRIES;
use crate::service::{OPENID_TOKEN_KEPT, SETTLED};
use crate::texts::{Language, Texts};

/// A kind of data, and how long it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionRow {
    /// Validation sessions: this long after their last change.
    Session(Millis),
    /// Codes in text messages: this long after they were first sent.
    Code(Millis),
    /// Access tokens: this long without use.
    Token(Millis),
    /// Bindings: until unbound or erased.
    Binding,
    /// Consent records: as long as the account, and this long after it.
    Consent(Millis),
    /// Fingerprints of homeservers' signatures: this long after the last unbinding.
    UnbindSignature(Millis),
    /// Invitations: this long.
    Invite(Millis),
    /// Keys of invitations: this long after the invitation.
    EphemeralKey(Millis),
    /// Deliveries to homeservers: until they arrive, at most this long.
    Delivery(Millis),
    /// Notices to addresses: until they are sent, at most this long.
    Notice(Millis),
    /// Alerts to addresses: until they are sent, at most this long.
    Alert(Millis),
    /// Fingerprints of OpenID tokens: this long, or as long as the token is valid.
    OpenIdToken(Millis),
    /// Requested erasures: until they are carried out after this long.
    Erasure(Millis),
    /// Web sessions: this long.
    Visit(Millis),
    /// Objections: until withdrawn.
    Objection,
    /// Levels of rate limits: until empty.
    Budget,
    /// Looked-up addresses: until the pepper has changed twice.
    Lookup,
    /// Entries of the audit log: this long.
    Audit(Millis),
    /// The access log, and whether it is turned on.
    AccessLog(bool),
}

impl RetentionRow {
    /// Returns the table for these settings.
    #[must_use]
    pub fn table(retention: &config::Retention, log: &config::Log) -> Vec<Self> {
        vec![
            Self::Binding,
            Self::Session(retention.validation_session),
            Self::Code(retention.sms_code),
            Self::Token(retention.access_token),
            Self::Consent(retention.consent),
            Self::UnbindSignature(retention.unbind_signature),
            Self::Invite(retention.invite),
            Self::EphemeralKey(retention.ephemeral_key),
            Self::Delivery(retention.onbind_delivery),
            Self::Notice(retention.notice()),
            Self::Alert(SETTLED),
            Self::OpenIdToken(OPENID_TOKEN_KEPT),
            Self::Erasure(SETTLED),
            Self::Visit(retention.visit),
            Self::Objection,
            Self::Budget,
            Self::Lookup,
            Self::Audit(retention.audit),
            Self::AccessLog(log.access),
        ]
    }

    /// Returns the kind of data and its retention time, in words.
    #[must_use]
    pub fn in_words(self, texts: &Texts, language: Language) -> (String, String) {
        let say = |id| texts.get(language, id, &[]);
        let within = |id, span| texts.get(language, id, &[("span", texts.span(language, span).into())]);
        match self {
            Self::Session(span) => (say("page-retention-session"), within("page-retention-session-kept", span)),
            Self::Code(span) => {
                let kept = [("span", texts.span(language, span).into()), ("tries", CODE_TRIES.into())];
                (say("page-retention-code"), texts.get(language, "page-retention-code-kept", &kept))
            }
            Self::Token(span) => (say("page-retention-token"), within("page-retention-token-kept", span)),
            Self::Binding => (say("page-retention-binding"), say("page-retention-binding-kept")),
            Self::Consent(span) => (say("page-retention-consent"), within("page-retention-consent-kept", span)),
            Self::UnbindSignature(span) => {
                (say("page-retention-unbinding"), within("page-retention-unbinding-kept", span))
            }
            Self::Invite(span) => (say("page-retention-invite"), within("page-retention-invite-kept", span)),
            Self::EphemeralKey(span) => (say("page-retention-key"), within("page-retention-key-kept", span)),
            Self::Delivery(span) => (say("page-retention-delivery"), within("page-retention-delivery-kept", span)),
            Self::Notice(span) => (say("page-retention-notice"), within("page-retention-notice-kept", span)),
            Self::Alert(span) => (say("page-retention-alert"), within("page-retention-alert-kept", span)),
            Self::OpenIdToken(span) => (say("page-retention-openid"), within("page-retention-openid-kept", span)),
            Self::Erasure(span) => (say("page-retention-erasure"), within("page-retention-erasure-kept", span)),
            Self::Visit(span) => (say("page-retention-visit"), within("page-retention-visit-kept", span)),
            Self::Objection => (say("page-retention-objection"), say("page-retention-objection-kept")),
            Self::Budget => (say("page-retention-budget"), say("page-retention-budget-kept")),
            Self::Lookup => (say("page-retention-lookup"), say("page-retention-lookup-kept")),
            Self::Audit(span) => (say("page-retention-audit"), within("page-retention-audit-kept", span)),
            Self::AccessLog(is_on) => {
                let kept = [("kept", if is_on { "cut" } else { "none" }.into())];
                (say("page-retention-log"), texts.get(language, "page-retention-log-kept", &kept))
            }
        }
    }
}
