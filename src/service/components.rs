//! The components of the running server, and how they are put together.

use std::sync::{Arc, Mutex};

use actix_web::web::{Data, ServiceConfig};

use super::accounts::TokenCache;
use super::deliverer::Over;
use super::links::PublicLinks;
use super::messenger::Messenger;
use super::notices::Notices;
use super::sealing::Sealer;
use super::start::{Documents, Opened};
use super::{
    Accounts, AddressProofs, Audit, Bindings, ClockGuard, Confirmations, Deliverer, Directory, Disputes, Importer,
    Invitations, KeyExchange, Lookups, Made, Maintenance, Monitor, Node, Objections, Outbox, Overview, RateLimits,
    SelfService, Validation, WebSessions,
};
use crate::clock::{Clock, Millis, SECOND, in_millis};
use crate::config::{Config, MailTransport};
use crate::content::Published;
use crate::crypto::signing::SigningKeys;
use crate::identity::pepper::Peppers;
use crate::metrics::Metrics;
use crate::texts::Language;

/// The components of the running server.
pub struct Services {
    /// The files created at startup.
    pub made: Made,
    /// All settings.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// The long-term keys.
    pub signing: Arc<SigningKeys>,
    /// The content that people read and accept.
    pub content: Arc<Published>,
    /// Links to this server.
    pub links: Arc<PublicLinks>,
    /// Registers users, recognises their access tokens, and records their consents.
    pub accounts: Arc<Accounts>,
    /// Writes the audit log.
    pub audit: Arc<Audit>,
    /// Sends links that prove addresses, and opens them.
    pub address_proofs: Arc<AddressProofs>,
    /// Binds addresses to users, and unbinds them.
    pub bindings: Arc<Bindings>,
    /// Keeps this node from acting on a wrong clock.
    pub clock_guard: Arc<ClockGuard>,
    /// Sends and opens links by which people confirm one of their addresses.
    pub confirmations: Arc<Confirmations>,
    /// Delivers the content of the outbox.
    pub deliverer: Arc<Deliverer>,
    /// Maps look-up hashes to bindings.
    pub directory: Arc<Directory>,
    /// Handles the links by which people undo what others did with their address.
    pub disputes: Arc<Disputes>,
    /// Takes over the rows of another server.
    pub importer: Arc<Importer>,
    /// Sends, stores, shows and completes invitations.
    pub invitations: Arc<Invitations>,
    /// Exchanges the master key.
    pub key_exchange: Arc<KeyExchange>,
    /// Answers look-ups.
    pub lookups: Arc<Lookups>,
    /// Deletes expired data.
    pub maintenance: Arc<Maintenance>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Writes out the metrics, for the operator's monitoring.
    pub monitor: Arc<Monitor>,
    /// Records objections, and enforces them.
    pub objections: Arc<Objections>,
    /// Queues deliveries to homeservers and people.
    pub outbox: Arc<Outbox>,
    /// This node among the others.
    pub node: Arc<Node>,
    /// The operator's view of all nodes.
    pub overview: Arc<Overview>,
    /// Charges rate limits.
    pub rate_limits: Arc<RateLimits>,
    /// Shows, exports and erases the data stored about a user or an address.
    pub self_service: Arc<SelfService>,
    /// Proves addresses.
    pub validation: Arc<Validation>,
    /// Begins, finds and ends web sessions.
    pub web_sessions: Arc<WebSessions>,
}

impl Services {
    /// Puts the components together, each after those it needs.
    #[expect(clippy::too_many_lines, reason = "it lists each component with what it needs, and has no logic")]
    pub(super) fn new(config: Config, clock: Clock, documents: Documents, opened: Opened) -> Self {
        let Documents { content, federation, mailer, sms_sender } = documents;
        let Opened { store, vault, audit, signing, made, clock_guard, metrics } = opened;
        let clock_guard = Arc::new(clock_guard);
        let (signing, federation) = (Arc::new(signing), Arc::new(federation));
        let (server, retention) = (&config.server, &config.retention);
        let content = Arc::new(Published::from_pointee(content));
        let audit = Audit::new(store.clone(), clock.clone(), audit, signing.clone(), server.name.clone());
        let audit = Arc::new(audit);
        let links = Arc::new(PublicLinks::new(server.public_url.clone(), vault.clone()));
        let messenger = Arc::new(Messenger {
            content: content.clone(),
            sms_sender,
            mailer,
            links: links.clone(),
            clock: clock.clone(),
            server_name: server.name.clone(),
        });
        let keys = vault.clone();
        let peppers =
            Peppers::of_keys(move |begins, period| keys.pepper_key(begins, period), config.lookup.pepper_period);
        let sealer = Sealer::new(vault.clone());
        // Each of two nodes may differ from the database by this much.
        let skew = in_millis(server.max_clock_skew).saturating_mul(2);
        let directory = Arc::new(Directory::new(store.clone(), sealer.clone(), clock.clone(), peppers, skew, &metrics));
        let outbox = Arc::new(Outbox::new(store.clone(), sealer.clone(), clock.clone(), audit.clone()));
        let rate_limits =
            RateLimits::new(store.clone(), sealer.clone(), clock.clone(), config.budgets.clone(), &metrics);
        let rate_limits = Arc::new(rate_limits);
        let notices = Arc::new(Notices {
            sealer: sealer.clone(),
            clock: clock.clone(),
            links: links.clone(),
            messenger: messenger.clone(),
            rate_limits: rate_limits.clone(),
            outbox: outbox.clone(),
            enabled: config.notices.enabled,
            lifetime: retention.notice(),
        });
        let objections = Arc::new(Objections {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            directory: directory.clone(),
            notices: notices.clone(),
            audit: audit.clone(),
            key_retention: retention.ephemeral_key,
        });
        let web_sessions = Arc::new(WebSessions {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            lifetime: retention.visit,
        });
        let accounts = Arc::new(Accounts {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            federation: federation.clone(),
            rate_limits: rate_limits.clone(),
            content: content.clone(),
            audit: audit.clone(),
            public_url: server.public_url.clone(),
            token_lifetime: retention.access_token,
            tokens: TokenCache::default(),
        });
        let settings = config.lookup.clone();
        let lookups = Arc::new(Lookups::new(
            store.clone(),
            sealer.clone(),
            clock.clone(),
            directory.clone(),
            rate_limits.clone(),
            settings,
            &metrics,
        ));
        let validation = Arc::new(Validation {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            links: links.clone(),
            messenger: messenger.clone(),
            rate_limits: rate_limits.clone(),
            objections: objections.clone(),
            waiting: Mutex::default(),
            lifetime: retention.validation_session,
            code_lifetime: retention.sms_code,
            mail_timeout: mail_timeout(&config.mail.transport),
            text_timeout: in_millis(messenger.sms_sender.patience()),
            next_link_hosts: config.validation.next_link_hosts.clone(),
            has_button: config.validation.button,
            web_otp_domain: web_otp_domain(&config),
        });
        let invitations = Arc::new(Invitations {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            settings: config.invites.clone(),
            retention: retention.clone(),
            server_name: server.name.clone(),
            signing: signing.clone(),
            links: links.clone(),
            messenger: messenger.clone(),
            rate_limits: rate_limits.clone(),
            lookups: lookups.clone(),
            objections: objections.clone(),
            outbox: outbox.clone(),
        });
        let importer = Arc::new(Importer {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            invitations: invitations.clone(),
            outbox: outbox.clone(),
            audit: audit.clone(),
            key_lifetime: retention.ephemeral_key,
        });
        let bindings = Arc::new(Bindings {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            server: server.clone(),
            signing: signing.clone(),
            federation: federation.clone(),
            rate_limits: rate_limits.clone(),
            directory: directory.clone(),
            validation: validation.clone(),
            invitations: invitations.clone(),
            notices: notices.clone(),
            outbox: outbox.clone(),
            audit: audit.clone(),
        });
        let deliverer = Arc::new(Deliverer {
            store: store.clone(),
            clock: clock.clone(),
            signing: signing.clone(),
            federation,
            outbox: outbox.clone(),
            notices: notices.clone(),
            over: Over::default(),
            lifetime: retention.onbind_delivery,
        });
        let self_service = Arc::new(SelfService {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            signing: signing.clone(),
            server_name: server.name.clone(),
            retention: retention.clone(),
            accounts: accounts.clone(),
            web_sessions: web_sessions.clone(),
            objections: objections.clone(),
            outbox: outbox.clone(),
            directory: directory.clone(),
            rate_limits: rate_limits.clone(),
            notices: notices.clone(),
            links: links.clone(),
            audit: audit.clone(),
        });
        let confirmations = Arc::new(Confirmations {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            links: links.clone(),
            messenger: messenger.clone(),
            rate_limits: rate_limits.clone(),
            notices: notices.clone(),
            outbox: outbox.clone(),
            self_service: self_service.clone(),
        });
        let maintenance = Arc::new(Maintenance {
            store: store.clone(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            retention: retention.clone(),
            rate_limits: rate_limits.clone(),
            lookups: lookups.clone(),
            clock_guard: clock_guard.clone(),
            self_service: self_service.clone(),
            audit: audit.clone(),
        });
        let monitor = Arc::new(Monitor::new(
            store.clone(),
            clock.clone(),
            retention.clone(),
            directory.clone(),
            rate_limits.clone(),
            clock_guard.clone(),
            metrics.clone(),
        ));
        let node = Arc::new(Node::new(store.clone(), clock.clone(), signing.clone()));
        let key_exchange = Arc::new(KeyExchange {
            store: store.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            keys: config.keys.clone(),
            retention: retention.clone(),
            audit: audit.clone(),
            accounts: accounts.clone(),
            rate_limits: rate_limits.clone(),
            node: node.clone(),
        });
        let overview = Arc::new(Overview {
            store: store.clone(),
            clock: clock.clone(),
            retention: retention.clone(),
            rate_limits: rate_limits.clone(),
            directory: directory.clone(),
            clock_guard: clock_guard.clone(),
            audit: audit.clone(),
            vault,
        });
        let address_proofs = Arc::new(AddressProofs {
            clock: clock.clone(),
            links: links.clone(),
            messenger,
            rate_limits: rate_limits.clone(),
        });
        let disputes = Arc::new(Disputes {
            store,
            sealer,
            clock: clock.clone(),
            links: links.clone(),
            directory: directory.clone(),
            accounts: accounts.clone(),
            notices,
            outbox: outbox.clone(),
            audit: audit.clone(),
        });
        Self {
            made,
            clock,
            signing,
            content,
            links,
            accounts,
            audit,
            address_proofs,
            bindings,
            clock_guard,
            confirmations,
            deliverer,
            directory,
            disputes,
            importer,
            invitations,
            key_exchange,
            lookups,
            maintenance,
            metrics,
            monitor,
            objections,
            outbox,
            node,
            overview,
            rate_limits,
            self_service,
            validation,
            web_sessions,
            config: Arc::new(config),
        }
    }

    /// Returns the language for readers whose language is not known.
    #[must_use]
    pub fn default_language(&self) -> Language {
        self.content.load().texts.default_language()
    }

    /// Shares each component that handlers use.
    pub fn share(&self, app: &mut ServiceConfig) {
        app.app_data(Data::from(self.config.clone()))
            .app_data(Data::from(self.signing.clone()))
            .app_data(Data::from(self.content.clone()))
            .app_data(Data::from(self.links.clone()))
            .app_data(Data::from(self.accounts.clone()))
            .app_data(Data::from(self.address_proofs.clone()))
            .app_data(Data::from(self.bindings.clone()))
            .app_data(Data::new(self.clock.clone()))
            .app_data(Data::from(self.clock_guard.clone()))
            .app_data(Data::from(self.confirmations.clone()))
            .app_data(Data::from(self.directory.clone()))
            .app_data(Data::from(self.disputes.clone()))
            .app_data(Data::from(self.invitations.clone()))
            .app_data(Data::from(self.lookups.clone()))
            .app_data(Data::from(self.maintenance.clone()))
            .app_data(Data::from(self.objections.clone()))
            .app_data(Data::from(self.self_service.clone()))
            .app_data(Data::from(self.validation.clone()))
            .app_data(Data::from(self.web_sessions.clone()));
    }
}

/// Returns how long sending an email may take.
fn mail_timeout(transport: &MailTransport) -> Millis {
    match transport {
        MailTransport::Smtp(smtp) => in_millis(smtp.timeout),
        MailTransport::Directory(_) => SECOND,
    }
}

/// Returns the host of the web page where people enter codes.
fn web_otp_domain(config: &Config) -> String {
    let ours = config.server.public_url.host_str().unwrap_or_default();
    config.validation.web_otp_domain.clone().unwrap_or_else(|| ours.to_owned())
}
