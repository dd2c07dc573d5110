//! Rollouts, decided from small estates.
