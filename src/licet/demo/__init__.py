"""The demonstration: June 2026 through a running gateway, judged by what did not decide it."""
