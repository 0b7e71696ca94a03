//! How many requests are under way at once: as many as the API server bears.
//!
//! There is no fixed rate. The limit grows while the server answers, is halved when it says that it has too
//! much to do, and everybody waits as long as it asks for (additive increase, multiplicative decrease, as TCP
//! has it). Watches are not counted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How many requests are under way at once at most. Whoever has many to send may begin with all of these.
pub(crate) const MOST: usize = 128;
/// The limit at the start, and the highest.
const LIMITS: (f64, f64) = (32.0, 128.0);

/// Lets requests begin.
#[derive(Default)]
pub(crate) struct Flow {
    state: Mutex<State>,
    /// Tells one who waits that there may be room.
    room: Notify,
}

/// The right to have one request under way. It ends when this is dropped.
pub(crate) struct Turn<'f> {
    flow: &'f Flow,
    begun: Instant,
}

/// What an answer says of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// It keeps up.
    Light,
    /// It has too much to do, and wants to be left alone for this long.
    Heavy(Duration),
}

struct State {
    limit: f64,
    under_way: usize,
    /// When the limit was lowered last.
    lowered: Option<Instant>,
    /// Nothing begins before this.
    resumes: Option<Instant>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            limit: LIMITS.0,
            under_way: 0,
            lowered: None,
            resumes: None,
        }
    }
}

impl Flow {
    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        loop {
            let room = self.room.notified();
            let resumes = match self.state().begin(Instant::now()) {
                Ok(begun) => return Turn { flow: self, begun },
                Err(resumes) => resumes,
            };
            match resumes {
                Some(resumes) => sleep_until(resumes).await,
                None => room.await,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a few assignments, so what a panic leaves is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Takes what the answer says of the server, and ends the turn.
    pub(crate) fn end(self, load: Load) {
        let grew = self.flow.state().learn(load, self.begun, Instant::now());
        if grew {
            self.flow.room.notify_one();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.flow.state().under_way -= 1;
        self.flow.room.notify_one();
    }
}

impl State {
    /// Begins a request, or returns until when nothing begins; `None` means until another one ends.
    fn begin(&mut self, now: Instant) -> Result<Instant, Option<Instant>> {
        if let Some(resumes) = self.resumes.filter(|resumes| *resumes > now) {
            return Err(Some(resumes));
        }
        if self.under_way >= self.room() {
            return Err(None);
        }
        self.under_way += 1;
        Ok(now)
    }

    /// Returns whether there is room for one more than before.
    fn learn(&mut self, load: Load, begun: Instant, now: Instant) -> bool {
        let before = self.room();
        match load {
            // A limit that is not reached says nothing about what the server bears.
            Load::Light if self.under_way >= before => {
                self.limit = (self.limit + 1.0 / self.limit).min(LIMITS.1);
            }
            Load::Light => {}
            Load::Heavy(pause) => {
                self.resumes = self.resumes.max(Some(now + pause));
                // Requests that were under way together are refused together; that is one sign, not many.
                if self.lowered.is_none_or(|lowered| lowered < begun) {
                    self.limit = (self.limit / 2.0).max(1.0);
                    self.lowered = Some(now);
                }
            }
        }
        self.room() > before
    }

    #[expect(clippy::cast_sign_loss, reason = "the limit is between 1 and 128")]
    fn room(&self) -> usize {
        self.limit as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    /// Returns a state in which as many requests are under way as may be.
    fn busy(now: Instant) -> State {
        let mut state = State::default();
        while state.begin(now).is_ok() {}
        state
    }

    #[test]
    fn requests_that_are_refused_together_halve_the_limit_once() {
        let begun = Instant::now();
        let mut state = busy(begun);
        for _ in 0..10 {
            state.learn(Load::Heavy(PAUSE), begun, begun + PAUSE);
        }
        assert_eq!(state.room(), 16);
        state.learn(Load::Heavy(PAUSE), begun + PAUSE * 2, begun + PAUSE * 3);
        assert_eq!(state.room(), 8);
    }

    #[test]
    fn at_least_one_request_may_always_begin() {
        let mut now = Instant::now();
        let mut state = State::default();
        for _ in 0..20 {
            now += PAUSE;
            state.learn(Load::Heavy(Duration::ZERO), now, now);
        }
        assert!(state.begin(now + PAUSE).is_ok());
    }

    #[test]
    fn nothing_begins_while_the_server_wants_to_be_left_alone() {
        let now = Instant::now();
        let mut state = State::default();
        state.learn(Load::Heavy(PAUSE), now, now);
        assert_eq!(state.begin(now), Err(Some(now + PAUSE)));
        assert!(state.begin(now + PAUSE).is_ok());
    }

    #[test]
    fn the_limit_grows_by_one_for_each_round_of_answers_and_not_without_end() {
        let now = Instant::now();
        let mut state = busy(now);
        for _ in 0..33 {
            state.learn(Load::Light, now, now);
        }
        assert_eq!(state.room(), 33);
        for _ in 0..100_000 {
            state.under_way = state.room();
            state.learn(Load::Light, now, now);
        }
        assert_eq!(state.room(), 128);
    }

    #[test]
    fn the_limit_settles_at_what_the_server_bears() {
        const BORNE: usize = 10;
        let mut now = Instant::now();
        let (mut state, mut refused) = (State::default(), 0);
        for _ in 0..500 {
            now += PAUSE;
            let begun = now;
            while state.begin(begun).is_ok() {}
            let under_way = state.under_way;
            for number in 0..under_way {
                let is_borne = number < BORNE;
                refused += usize::from(!is_borne);
                let load = if is_borne {
                    Load::Light
                } else {
                    Load::Heavy(Duration::ZERO)
                };
                state.learn(load, begun, now);
                state.under_way -= 1;
            }
        }
        assert!(
            (BORNE / 2..=BORNE + 1).contains(&state.room()),
            "{}",
            state.room()
        );
        assert!(refused < 150, "{refused} of some 4000 were refused");
    }

    #[test]
    fn a_limit_that_is_not_reached_does_not_grow() {
        let now = Instant::now();
        let mut state = State::default();
        for _ in 0..1000 {
            state.learn(Load::Light, now, now);
        }
        assert_eq!(state.room(), 32);
    }
}
