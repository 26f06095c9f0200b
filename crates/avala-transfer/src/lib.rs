//! Reliable uploads and downloads for Avala: resumable, bounded in memory, verified.
