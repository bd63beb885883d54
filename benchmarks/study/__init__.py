"""The study: every comparison of docs/study.md as pieces that run unattended, and the page made of their records."""
