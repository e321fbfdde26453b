//! Mails for tasks that wait for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::{Message, Options};

/// The tasks that wait for a mail, by its recipient.
#[derive(Clone, Default)]
pub struct Awaited(Arc<Mutex<HashMap<String, oneshot::Sender<Message>>>>);

impl Awaited {
    /// Returns the next mail to an address. Must be called before the mail is requested.
    pub fn mail_to(&self, address: &str) -> oneshot::Receiver<Message> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(address.to_owned(), sender);
        receiver
    }

    /// Returns the options of a server that keeps no mail, and passes each one that fits to the
    /// task that waits for it. Must be called in a runtime.
    pub fn options(&self, fits: impl Fn(&Message) -> bool + Send + 'static) -> Options {
        let (sender, mut received) = mpsc::unbounded_channel::<Message>();
        let awaited = self.clone();
        tokio::spawn(async move {
            while let Some(message) = received.recv().await {
                if !fits(&message) {
                    continue;
                }
                let waiting = awaited.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&message.to[0]);
                if let Some(waiting) = waiting {
                    // Fails if the task is no longer waiting.
                    let _ = waiting.send(message);
                }
            }
        });
        Options { keep: false, received: Some(sender), ..Options::default() }
    }
}
