//! Showing quantities as text.
