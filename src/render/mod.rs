//! Plan → bytes, for people and for programs. Every renderer reads the same [`Plan`](crate::plan::Plan) and writes to
//! the writer it is given; none decides anything.

#[cfg(test)]
pub(crate) mod testing;
