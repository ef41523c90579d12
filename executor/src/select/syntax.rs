//! The macro as users call it.

/// Waits for several operations of channels, and futures, of which one happens: Go's `select`.
///
/// ```
/// use gort::{Chan, select};
/// use gort::time::{Duration, sleep};
///
/// # #[gort::main]
/// # async fn main() {
/// let (jobs, quit) = (Chan::new(0), Chan::<()>::new(0));
/// gort::go!(clone(jobs, quit), {
///     for n in 1..=3 {
///         jobs.send(n).await;
///     }
///     quit.close();
/// });
/// let mut sum = 0;
/// loop {
///     select! {
///         job = jobs.recv() => sum += job.unwrap(),
///         quit.recv() => break,
///         sleep(Duration::from_secs(10)) => panic!("nothing happens"),
///     }
/// }
/// assert_eq!(sum, 6);
/// # }
/// ```
///
/// # Grammar
///
/// ```text
/// select! { CASE, CASE, .. }                select! { biased; CASE, CASE, .. }
///
/// CASE    pattern = OPERATION => body       OPERATION => body       default => body
///         pattern = OPERATION, if guard => body
/// ```
///
/// An `OPERATION` is one of:
///
/// | operation | the case wins when | what the pattern gets |
/// |---|---|---|
/// | `rx.recv()` | there is something to receive, or the channel is closed | `Some(value)`, or `None` |
/// | `tx.send(value)` | the value was sent, or cannot be | what the send gives; a losing case drops the value |
/// | `tx.send_from(&mut slot)` | the value in `slot` was sent, or cannot be | likewise; a losing case leaves the value in `slot` |
/// | any other future | it is ready | its output; a losing case drops it, unless it is a `&mut future` |
///
/// `tx` and `rx` are the ends of [`chan`](fn@crate::chan) or a [`Chan`](crate::Chan); the
/// operations of a nil channel, and the send from an empty slot, never win.
///
/// A body is an expression, with a comma behind it if it is no block. It is code of the function
/// around: `?`, `return`, `break` and `continue` leave that. The value of the macro is that of the
/// body that ran. There are at most 64 cases.
///
/// # What happens
///
/// As in Go (`select` of the language specification):
///
/// 1. The guards and operations of all cases are evaluated once, in source order; values to be sent
///    and the futures too. A case whose guard is false takes no part, and its operation is not
///    evaluated.
/// 2. If one or more can go on, one of them is chosen at random, each as likely as the others. With
///    `biased;` it is the first.
/// 3. If none can, `default` is chosen. Without it the goroutine waits, and the first that can go
///    on
///    is chosen. `select! {}`, and one in which no case takes part, waits for ever.
/// 4. All operations end, then the body of the chosen case runs: it may use the channels again.
///
/// Exactly one operation happens. The others have not: nothing was received and nothing sent by
/// them. With `default` nothing is awaited, so such a `select!` may stand in any function.
///
/// # Cancel safety
///
/// If the future around is dropped while it waits here, no operation has happened, or it is as with
/// [`recv`](crate::Receiver::recv) and [`send`](crate::Sender::send): a value that had just been
/// handed over goes to another receiver.
///
/// # Examples
///
/// A value is received only when there is room for it, and sent only when there is one:
///
/// ```
/// use gort::select;
///
/// # #[gort::main]
/// # async fn main() {
/// let (source, input) = gort::chan(4);
/// let (output, sink) = gort::chan(4);
/// for n in 0..4 {
///     source.send(n).await.unwrap();
/// }
/// drop(source);
///
/// let mut held = None;
/// let mut open = true;
/// while open || held.is_some() {
///     let empty = held.is_none();
///     select! {
///         next = input.recv(), if empty => match next {
///             Some(n) => held = Some(n * 10),
///             None => open = false,
///         },
///         sent = output.send_from(&mut held) => sent.unwrap(),
///     }
/// }
/// drop(output);
/// assert_eq!(futures::StreamExt::collect::<Vec<i32>>(sink).await, [0, 10, 20, 30]);
/// # }
/// ```
///
/// Without waiting:
///
/// ```
/// let (tx, rx) = gort::chan(1);
/// let look = || gort::select! {
///     n = rx.recv() => n,
///     default => Some(0),
/// };
/// assert_eq!(look(), Some(0));
/// tx.try_send(7).unwrap();
/// assert_eq!(look(), Some(7));
/// ```
#[cfg(feature = "rt")]
#[macro_export]
macro_rules! select {
    ($($input:tt)*) => { $crate::__macros::__select! { [$crate] $($input)* } };
}
