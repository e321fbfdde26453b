//! What the store knows of the exchange of the master key.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::crypto::vault::Vault;
use crate::store::Store;

/// How long a commit may still take that began before the master key was exchanged.
const SETTLING: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// The number of the master key with which the current work began.
    static GENERATION: u8;
}

/// Which master key is current.
#[derive(Default)]
pub struct Exchange {
    vault: OnceLock<Arc<Vault>>,
    /// Whether each transaction checks the key, since nobody waits for this process.
    is_outside: AtomicBool,
    /// Whether the key was exchanged without this node.
    is_retired: AtomicBool,
    /// Held while touched rows are renewed.
    pub turn: tokio::sync::Mutex<()>,
}

impl Exchange {
    pub fn follow(&self, vault: &Arc<Vault>, is_outside: bool) {
        let _ = self.vault.set(Arc::clone(vault));
        self.is_outside.store(is_outside, Ordering::Relaxed);
    }

    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.get()
    }

    pub fn generation(&self) -> u8 {
        self.vault().map_or(0, |vault| vault.generation())
    }

    pub fn is_outside(&self) -> bool {
        self.is_outside.load(Ordering::Relaxed)
    }

    pub fn retire(&self) {
        self.is_retired.store(true, Ordering::SeqCst);
    }

    pub fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::SeqCst)
    }

    pub fn steadily<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        GENERATION.scope(self.generation(), work)
    }

    /// Returns what a connection needs to follow, for the current work.
    pub fn renewal(self: &Arc<Self>) -> Option<Renewal> {
        let vault = Arc::clone(self.vault()?);
        Some(Renewal { vault, began_with: GENERATION.try_get().ok(), exchange: Arc::clone(self) })
    }
}

/// What a connection needs to follow the exchange of the master key.
#[derive(Clone)]
pub struct Renewal {
    pub vault: Arc<Vault>,
    /// The number of the master key with which the work began, if it says so.
    began_with: Option<u8>,
    exchange: Arc<Exchange>,
}

impl Renewal {
    /// Whether the work may go on.
    pub fn is_current(&self) -> bool {
        !self.exchange.is_retired() && self.began_with.is_none_or(|began_with| began_with == self.vault.generation())
    }

    pub fn is_outside(&self) -> bool {
        self.exchange.is_outside()
    }
}

impl Store {
    /// Follows the exchanges of the master key with this vault. With `from_outside`, this is not a
    /// node but a command, which the nodes do not wait for: each transaction checks the key.
    pub fn follow_keys(&self, vault: &Arc<Vault>, from_outside: bool) {
        self.exchange.follow(vault, from_outside);
    }

    /// Runs `work` with one master key: it fails if that is exchanged meanwhile, since it may have
    /// computed an index with the former one.
    pub fn steadily<'a, F: Future + 'a>(&self, work: F) -> Pin<Box<dyn Future<Output = F::Output> + 'a>> {
        Box::pin(self.exchange.steadily(work))
    }

    /// As [`Self::steadily`], and again if the master key was exchanged meanwhile.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn again_if_exchanged<T, E>(&self, work: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
        loop {
            let before = self.exchange.generation();
            let result = self.steadily(work()).await;
            if result.is_ok() || self.exchange.generation() == before {
                return result;
            }
        }
    }

    /// Goes on with the keys of another vault. What has begun before does not commit any more.
    pub async fn exchange_key(&self, next: &Vault) {
        let _turn = self.exchange.turn.lock().await;
        if let Some(vault) = self.exchange.vault() {
            vault.adopt(next);
        }
        // What was about to commit has committed before a row is sought by its new index.
        tokio::time::sleep(SETTLING).await;
    }

    /// Stops using the database: the master key was exchanged without this node.
    pub fn retire(&self) {
        self.exchange.retire();
    }

    /// Whether this node has stopped using the database.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.exchange.is_retired()
    }
}
