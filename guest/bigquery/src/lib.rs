//! bigquery
