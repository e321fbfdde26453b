//! Mails and text messages.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use super::{Context, Finding};
use crate::config::{Config, MailTransport, Route, without_brackets};
use crate::crypto::trust::{self, TlsFault};
use crate::metrics::Metrics;
use crate::notify::mail::{Email, Mailer, SendError};
use crate::notify::sms::{self, SmsSender};

/// The content of the test messages.
const TEST: &str =
    "This is a test by `vouch doctor`. If you can read it, this server can reach you. Nobody needs to reply.";

/// Checks the mail server, and sends a test mail if there is a recipient.
pub(super) async fn mail(context: &Context) -> Finding {
    let config = &context.config;
    let mailer = match Mailer::new(&config.mail, context.clock.clone(), &Metrics::default()) {
        Ok(mailer) => mailer,
        Err(problem) => return Finding::problem(problem, "correct this setting of [mail]"),
    };
    let is_smtp = matches!(config.mail.transport, MailTransport::Smtp(_));
    let (verdict, found) = match &context.options.mail_to {
        Some(to) => (mailer.send(to, test_mail(config)).await, "the test mail was accepted"),
        None if is_smtp => {
            (mailer.probe().await, "the mail server accepts the login and the sender; --mail-to sends a mail")
        }
        None => return Finding::skipped("[mail] host is not set, so mails are written to files"),
    };
    match verdict {
        Ok(()) if is_smtp => Finding::ok(found),
        Ok(()) => Finding::warning("the test mail was written to a file", "set [mail] host to reach people"),
        Err(error) => Finding::problem(error.to_string(), mail_remedy(&error)),
    }
}

fn test_mail(config: &Config) -> Email {
    Email {
        subject: format!("Test mail from {}", config.server.name),
        text: format!("{TEST}\n"),
        html: format!("<p>{}</p>", TEST.replace('`', "")),
        brand: config.brand.clone(),
        headers: None,
    }
}

fn mail_remedy(error: &SendError) -> &'static str {
    match error {
        SendError::UnknownHost | SendError::Connect(_) => "check mail.host, mail.port and the firewalls in between",
        SendError::Lost | SendError::TimedOut | SendError::OutOfStep => {
            "check that mail.port and mail.security match (465 and tls, 587 and starttls), then the mail server's log"
        }
        SendError::NoStarttls => "set mail.security to tls, or ask the mail server's operator for STARTTLS",
        SendError::Tls(_) => "set mail.host to a name in its certificate, or mail.ca_file to its authority",
        SendError::NoLogin | SendError::NoMechanism => "check mail.security, or remove mail.user and mail.password",
        SendError::NoSmtpUtf8 | SendError::NoMailbox | SendError::Unwanted => "try another recipient",
        SendError::Refused(..) => "check the settings named above, then the mail server's log",
        SendError::File(_) => "make mail.directory writable for the server",
    }
}

/// Checks the gateways, and sends a test text if there is a recipient.
pub(super) async fn texts(context: &Context) -> Finding {
    let config = &context.config.sms;
    if let Some(to) = &context.options.text_to {
        let sender = match SmsSender::new(config, context.clock.clone(), &Metrics::default()) {
            Ok(sender) => sender,
            Err(problem) => return Finding::problem(problem, "correct this setting of [sms]"),
        };
        return match sender.send(to, &TEST.replace('`', "")).await {
            Ok(()) if config.gateways.is_empty() => {
                Finding::warning("the test text was written to a file", "set up a gateway to reach people")
            }
            Ok(()) => Finding::ok("the test text was accepted"),
            Err(error) => Finding::problem(error.to_string(), text_remedy(error)),
        };
    }
    if config.gateways.is_empty() {
        let is_written = config.routes().contains(&Route::Directory);
        return Finding::skipped(if is_written {
            "[sms] has no gateway, so texts are written to files"
        } else {
            "texts are rejected"
        });
    }
    let tls = match trust::client_config(config.ca_file.as_deref()) {
        Ok(tls) => Arc::new(tls),
        Err(problem) => return Finding::problem(format!("sms.ca_file: {problem}"), "correct sms.ca_file"),
    };
    let mut reached = Vec::new();
    for gateway in &config.gateways {
        let Some(url) = gateway.endpoint() else { continue };
        let verdict =
            timeout(config.timeout.max(config.connect_timeout), reach(&url, &tls, config.connect_timeout)).await;
        if let Err(fault) = verdict.unwrap_or_else(|_| Err("it took too long".to_owned())) {
            let remedy = "check the URL and the firewalls in between; for a certificate, sms.ca_file";
            return Finding::problem(format!("the gateway {} cannot be reached: {fault}", gateway.kind()), remedy);
        }
        reached.push(gateway.kind().to_string());
    }
    Finding::ok(format!("{} can be reached; --text-to sends a text", reached.join(" and ")))
}

fn text_remedy(error: sms::SendError) -> &'static str {
    match error {
        sms::SendError::Rejected => "check [sms] rules, and at the gateway which countries are served",
        sms::SendError::Unreachable | sms::SendError::TimedOut => {
            "check the gateway's URL and the firewalls in between"
        }
        sms::SendError::Tls(_) => "check the gateway's URL, or set sms.ca_file to its authority",
        sms::SendError::Login => "check the gateway's account and password",
        sms::SendError::Refused => {
            "look at the gateway's log: often the sender is not registered, or the account is empty"
        }
        sms::SendError::File(_) => "make sms.directory writable for the server",
    }
}

/// Connects to the host of a URL, with TLS for https, without sending a request.
async fn reach(url: &Url, tls: &Arc<ClientConfig>, patience: Duration) -> Result<(), String> {
    let host = without_brackets(url.host_str().unwrap_or_default()).to_owned();
    let connect = TcpStream::connect((host.as_str(), url.port_or_known_default().unwrap_or(443)));
    let stream = timeout(patience, connect).await.map_err(|_| "it took too long".to_owned())?;
    let stream = stream.map_err(|error| error.to_string())?;
    if url.scheme() == "https" {
        let name = ServerName::try_from(host).map_err(|_| "its host is not a name".to_owned())?;
        let secured = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        secured.map_err(|error| TlsFault::of(&error).map_or_else(|| error.to_string(), |fault| fault.to_string()))?;
    }
    Ok(())
}
