//! Pages of BigQuery's `jobs.getQueryResults` straight to Harper's JSON records, row by row as the bytes arrive.
//!
//! No tree is built in between and nothing is allocated per row: values are copied from the answer into the batch,
//! converted on the way where their forms differ, while their canonical form is gathered for the row's hash.
//!
//! | file | subject |
//! |---|---|
//! | `scan` | JSON text that may not have arrived completely |
//! | `layout` | what to do with each column; made once per schema |
//! | `scalar` | values of one type each |
//! | `json` | the contents of strings, and of JSON columns |
//! | `append` | texts that are put together, most of them short |
//! | `canonical` | what a row's hash is taken of |
//! | `row` | one row |
//! | `page` | one answer |
//! | `batch` | decoded rows on their way to storage |

mod append;
mod batch;
mod canonical;
mod json;
mod layout;
mod page;
mod row;
mod scalar;
mod scan;

pub use batch::{Batch, RowMeta, Slices};
pub use layout::{LayoutError, LayoutSettings, RowLayout};
pub use page::{DecodeError, ErrorProto, Page, PageDecoder, UndecodableRow};

#[cfg(test)]
mod tests;
