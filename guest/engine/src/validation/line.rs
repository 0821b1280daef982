//! How a validation asks BigQuery and leaves the syncs their turns: it is a future that the engine's loop polls, and its
//! questions are requests beside theirs.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use ingestor_bigquery::{Answer, Call, Client};
use ingestor_core::cost::Scan;
use ingestor_core::failure::Failure;

/// Makes the request that a question is.
type Question = Box<dyn FnOnce(&Client) -> Call>;

/// Between a validation and the loop. Both ends are on one thread.
#[derive(Clone, Default)]
pub struct Line(Rc<RefCell<Slot>>);

#[derive(Default)]
struct Slot {
    question: Option<Question>,
    answer: Option<Result<Answer, Failure>>,
    scans: Vec<Scan>,
}

impl Line {
    /// Asks, and waits for the answer.
    pub async fn ask(&self, question: impl FnOnce(&Client) -> Call + 'static) -> Result<Answer, Failure> {
        self.0.borrow_mut().question = Some(Box::new(question));
        poll_fn(|_| self.0.borrow_mut().answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Notes what a query has read.
    pub fn note(&self, scan: Scan) {
        self.0.borrow_mut().scans.push(scan);
    }

    /// Lets the others have their turn.
    pub async fn pause(&self) {
        let mut has_paused = false;
        poll_fn(|_| if std::mem::replace(&mut has_paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// The loop's end: what is to be asked.
    pub fn take_question(&self) -> Option<Question> {
        self.0.borrow_mut().question.take()
    }

    /// The loop's end: what queries have read since.
    pub fn take_scans(&self) -> Vec<Scan> {
        std::mem::take(&mut self.0.borrow_mut().scans)
    }

    /// The loop's end: what was answered.
    pub fn answer(&self, answer: Result<Answer, Failure>) {
        self.0.borrow_mut().answer = Some(answer);
    }
}
