//! A check that the event loops that answer requests are turning.

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot, watch};

type Question = oneshot::Sender<()>;

/// The event loops of the workers, each of which answers in turn.
pub struct Pulse {
    loops: watch::Sender<Vec<mpsc::UnboundedSender<Question>>>,
    /// The number of event loops once all have started.
    expected: usize,
}

impl Pulse {
    /// Expects `expected` event loops.
    pub(super) fn of(expected: usize) -> Self {
        Self { loops: watch::Sender::default(), expected }
    }

    /// Lets the event loop of this thread answer from now on.
    pub(super) fn join(&self) {
        let (ask, mut asked) = mpsc::unbounded_channel::<Question>();
        self.loops.send_modify(|loops| {
            // A worker that has panicked is replaced.
            loops.retain(|ask| !ask.is_closed());
            loops.push(ask);
        });
        actix_web::rt::spawn(async move {
            while let Some(answer) = asked.recv().await {
                // The task that asked may have stopped waiting.
                let _ = answer.send(());
            }
        });
    }

    /// Returns when every event loop has answered; never, if one of them hangs.
    pub async fn beat(&self) {
        let mut loops = self.loops.subscribe();
        loop {
            let is_complete = |loops: &Vec<mpsc::UnboundedSender<Question>>| {
                loops.iter().filter(|ask| !ask.is_closed()).count() >= self.expected
            };
            // This fails only if `self` is dropped.
            let Ok(loops) = loops.wait_for(is_complete).await.map(|loops| loops.clone()) else { return };
            let answers = loops.iter().filter_map(|ask| {
                let (answer, answered) = oneshot::channel();
                ask.send(answer).ok().map(|()| answered)
            });
            let answers = join_all(answers).await;
            if answers.iter().filter(|answer| answer.is_ok()).count() >= self.expected {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc as blocking};
    use std::thread;

    use actix_web::rt::System;
    use actix_web::rt::task::yield_now;
    use futures_util::{FutureExt as _, poll};

    use super::*;

    /// Starts an event loop, which hangs while it waits for the sender, and ends with it.
    fn event_loop(pulse: &Arc<Pulse>) -> (blocking::Sender<()>, thread::JoinHandle<()>) {
        let ((go, wait), pulse) = (blocking::channel(), Arc::clone(pulse));
        let (tell, joined) = blocking::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                pulse.join();
                tell.send(()).unwrap();
                while wait.recv().is_ok() {
                    yield_now().await;
                }
            });
        });
        joined.recv().unwrap();
        (go, thread)
    }

    #[actix_web::test]
    async fn it_beats_only_while_every_event_loop_turns() {
        let pulse = Arc::new(Pulse::of(2));
        pulse.join();
        let mut beat = Box::pin(pulse.beat());
        assert!(poll!(&mut beat).is_pending(), "it beats before the second has started");
        let (go, thread) = event_loop(&pulse);
        for _ in 0..3 {
            assert!(poll!(&mut beat).is_pending(), "it beats while the second hangs");
            yield_now().await;
        }
        // A turn takes the question, and another one answers it.
        (0..3).for_each(|_| go.send(()).unwrap());
        beat.await;

        drop(go);
        thread.join().unwrap();
        let mut beat = Box::pin(pulse.beat());
        assert!((&mut beat).now_or_never().is_none(), "it beats although the second has ended");
        let (go, thread) = event_loop(&pulse);
        (0..3).for_each(|_| go.send(()).unwrap());
        beat.await;
        drop(go);
        thread.join().unwrap();
    }
}
