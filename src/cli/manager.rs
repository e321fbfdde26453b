//! Notifications to a service manager such as systemd, if there is one: see `sd_notify(3)`.

use std::sync::{Arc, mpsc};
use std::thread;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

use crate::server::Pulse;

/// Reports the server's state to the service manager. This has its own thread, since nothing else
/// may wait for a manager that does not listen.
#[derive(Clone)]
pub(super) struct Manager(mpsc::Sender<String>);

impl Manager {
    pub fn new() -> Self {
        let (sender, messages) = mpsc::channel::<String>();
        thread::spawn(move || {
            for message in messages {
                if let Err(error) = sd_notify::notify(&[NotifyState::Custom(&message)]) {
                    log::warn!("the server's state could not be reported to the service manager: {error}");
                }
            }
        });
        Self(sender)
    }

    /// Reports that the server answers requests.
    pub fn ready(&self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(&in_one_line(status))]);
    }

    /// Reports that a reload has begun. It ends when the server is [`ready`](Self::ready) again.
    pub fn reloading(&self) {
        let now = NotifyState::monotonic_usec_now().ok();
        self.tell(&[NotifyState::Reloading].into_iter().chain(now).collect::<Vec<_>>());
    }

    /// Reports that the server lets requests in flight finish, and then ends.
    pub fn stopping(&self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    /// Reports, twice within the watchdog's interval, that all event loops are turning: this one,
    /// since it runs here, and those that answer requests.
    pub async fn keep_alive(self, pulse: Arc<Pulse>) {
        let Some(patience) = sd_notify::watchdog_enabled().filter(|patience| !patience.is_zero()) else { return };
        let mut ticks = interval(patience / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            pulse.beat().await;
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        // The thread ends with the process.
        let _ = self.0.send(states.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
}

/// Escapes line breaks: each line of a message would be a separate field.
fn in_one_line(status: &str) -> String {
    status.replace(char::is_control, " ")
}
