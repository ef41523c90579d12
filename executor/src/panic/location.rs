//! [`Location`]: where a panic happened.

use std::fmt;

/// The place of a panic in the source code, as [`std::panic::Location`] has it; owned, since the
/// panic hook only lends that one.
///
/// # Examples
/// ```
/// let panic = gort::recover!({ panic!("here") }).unwrap_err();
/// let location = panic.location().expect("the hook saw it");
/// assert_eq!(location.file(), file!());
/// assert!(location.to_string().starts_with(file!()));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Location {
    file: Box<str>,
    line: u32,
    column: u32,
}

impl Location {
    pub(super) fn of(location: &std::panic::Location<'_>) -> Self {
        Self {
            file: location.file().into(),
            line: location.line(),
            column: location.column(),
        }
    }

    /// The source file, as the compiler was given it.
    ///
    /// # Examples
    /// See [`Location`].
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, counted from 1.
    ///
    /// # Examples
    /// ```
    /// let panic = gort::recover!({ panic!("here") }).unwrap_err();
    /// assert!(panic.location().unwrap().line() >= 1);
    /// ```
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, counted from 1.
    ///
    /// # Examples
    /// ```
    /// let panic = gort::recover!({ panic!("here") }).unwrap_err();
    /// assert!(panic.location().unwrap().column() >= 1);
    /// ```
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}
